"""Calibrations of twins: what they find; company, blocks, kills and backends change no bit."""

import json
import os
import random
import subprocess
import time

import calibrated
import farming
import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep

import ensemble
from ensemble.calibration import checkpoints, work
from ensemble.calibration.layout import Layout
from ensemble.calibration.searching import Searching
from ensemble.errors import PlanError
from ensemble.farming.farm import run_work
from ensemble.farming.opening import join, open_work
from ensemble.planning.calibration_store import create_store
from ensemble.runs.status import summary
from ensemble.runs.verify import verify
from ensemble.store.reading import read
from scenarios.execution import of_section


@pytest.fixture(scope="module")
def found(sites):
    outcome, results = calibrated.run(sites, workers=1)
    assert outcome.complete
    assert outcome.members == {0: 6}
    return results


def test_twins_come_back(found):
    truth = np.array([calibrated.TRUTH[str(name)] for name in found.group.values])
    for restart in range(2):
        np.testing.assert_allclose(found.parameters.values[:, restart], truth, rtol=1e-4)
    assert (found.cost.values < 1e-8).all()
    assert (found.evaluations.values <= 400).all()


def test_what_is_kept_agrees_with_itself(found):
    np.testing.assert_allclose(found.cost_terms.values.sum(axis=-1), found.cost.values, rtol=1e-12)
    low, high = found.equifinal_low.values, found.equifinal_high.values
    best = found.parameters.values[np.arange(3), np.argmin(found.cost.values, axis=1)]
    assert (low <= best * (1 + 1e-12)).all()
    assert (best <= high * (1 + 1e-12)).all()
    assert (found.equifinal_count.values >= 1).all()
    first = found.trace_cost.values[:, :, 0]
    assert (found.cost.values <= first).all()
    last = np.take_along_axis(
        found.trace_cost.values, found.generations.values[..., None], axis=-1
    )[..., 0]
    np.testing.assert_array_equal(last, found.cost.values)
    there = np.isfinite(found.observed_j.values)
    residuals = (found.observed_j.values - found.modelled_j.values)[there]
    total = (residuals**2 * found.weight_j.values[there]).sum()
    np.testing.assert_allclose(total, found.cost.values.min(axis=1).sum(), rtol=1e-9)


def test_what_data_determine_is_told_always(found):
    values = found.jacobian_sv.values
    assert (np.diff(values, axis=1) <= 0).all()
    assert (values > 1).all(), "both parameters move stocks by more than their errors"
    np.testing.assert_allclose((found.weakest.values**2).sum(axis=1), 1.0)
    np.testing.assert_allclose(np.diagonal(found.correlation.values, axis1=1, axis2=2), 1.0)
    assert not found.at_bound.values.any()


def by_site(folder, *settings, **words):
    """Return results of a search at each site."""
    text = calibrated.TWINS.replace("groups: {column: biome}", "groups: location")
    text = text.replace("    D1: {loguniform: [3.0e-6, 6.0e-5]}\n", "")
    return calibrated.run(folder, *settings, text=text, workers=1, **words)[1]


OF_A_GROUP = ("parameters", "cost", "evaluations", "trace_cost", "population", "jacobian_sv",
              "equifinal_low", "metrics", "tallies")  # fmt: skip


@pytest.mark.parametrize("algorithm", ["{name: sceua, complexes: 2}", "levenberg_marquardt"])
def test_alone_is_as_among_others(tmp_path, sites, algorithm):
    words = algorithm if "{" in algorithm else f"{{name: {algorithm}, starts: 4}}"
    setting = f"calibration.algorithm={words}"
    together = by_site(sites, setting, store=f"all-{algorithm[:8]}.zarr")
    few = tmp_path / "few"
    few.mkdir()
    for name in ("sites.csv", "types.csv", "observed.csv"):
        lines = (sites / name).read_text().splitlines()
        (few / name).write_text("\n".join([lines[0], lines[8], lines[3]]))
    alone = by_site(few, setting)
    for name in OF_A_GROUP:
        for group in alone.group.values:
            one, other = alone[name].sel(group=group), together[name].sel(group=group)
            np.testing.assert_array_equal(one.values, other.values, err_msg=name)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_blocks_change_no_bit(monkeypatch, sites, length):
    expected = by_site(sites, store="blocks.zarr")
    monkeypatch.setattr(Layout, "_length", lambda self: length)
    others = by_site(sites, store=f"blocks-{length}.zarr")
    for name in expected.data_vars:
        np.testing.assert_array_equal(expected[name].values, others[name].values, err_msg=name)


def test_a_round_is_one_call_of_the_kernel(monkeypatch, sites):
    from ensemble.members import tiles

    calls, rounds = [], []
    run, told = tiles.guarded, Searching.told
    monkeypatch.setattr(tiles, "guarded", lambda *given: calls.append(1) or run(*given))

    def counted(self, asked):
        before = len(calls)
        found = told(self, asked)
        rounds.append((len(asked), len(calls) - before))
        return found

    monkeypatch.setattr(Searching, "told", counted)
    monkeypatch.setattr(Layout, "_length", lambda self: 12)
    by_site(sites, store="counted.zarr")
    assert len(rounds) > 20
    assert {n for _, n in rounds} == {1}
    assert max(n for n, _ in rounds) > 100, "all searches of the block together"


class Killed(BaseException):
    """As a kill, nothing catches it."""


def at_every_round(monkeypatch):
    monkeypatch.setattr(checkpoints.Clock, "due", True)
    # A busy disk takes a tenth of a second for each, and power cuts are not what is tried here.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.mark.parametrize(
    ("algorithm", "rounds"),
    [("{name: sceua, complexes: 2}", (16, 40)), ("{name: levenberg_marquardt, starts: 4}", (3, 9))],
)
def test_resumed_is_as_undisturbed(monkeypatch, sites, algorithm, rounds):
    setting = f"calibration.algorithm={algorithm}"
    name = algorithm[7:12]
    undisturbed = calibrated.run(sites, setting, store=f"whole-{name}.zarr", workers=1)[0]
    at_every_round(monkeypatch)
    asked, told, left = [], Searching.told, [0]

    def killed(self, candidates):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        asked.append(len(candidates))
        return told(self, candidates)

    monkeypatch.setattr(Searching, "told", killed)
    draw, kills = np.random.default_rng(4), 0
    planned = calibrated.plan(sites, setting, store=f"killed-{name}.zarr")
    while True:
        # More than a generation has: killed in each, no search would come further.
        left[0] = int(draw.integers(*rounds))
        try:
            outcome = ensemble.run_calibration(planned, workers=1)
        except Killed:
            kills += 1
            continue
        break
    assert kills > 3
    assert read(outcome.path).digest() == read(undisturbed.path).digest()
    assert not (outcome.path / checkpoints.FOLDER).exists(), "a finished run needs none"
    spent = calibrated.opened(outcome.path).evaluations.values.sum()
    # SCE-UA with 2 complexes of 5 points evolves by 3 evaluations a step at most, 5 steps.
    generation = 3 * 2 * 5 + 20
    assert sum(asked) <= spent + kills * 6 * generation


def test_a_checkpoint_of_other_data_is_none(sites, monkeypatch):
    at_every_round(monkeypatch)
    planned = calibrated.plan(sites, store="other.zarr")
    store = create_store(planned)
    own = open_work(store)
    assert isinstance(own, work.CalibrationWork)
    Searching(own.layout, slice(0, 3)).run(
        None, lambda batch, asked: own.checkpoints.save((0, 0), batch.state())
    )
    assert own.checkpoints.load((0, 0)) is not None
    changed = {**store.attrs["identity"], "locations": "another"}
    other = read(store.path)
    other.attrs["identity"].update(changed)
    assert checkpoints.Checkpoints(other).load((0, 0)) is None
    (store.path / checkpoints.FOLDER / "0-0.npz").write_bytes(b"PK torn")
    assert own.checkpoints.load((0, 0)) is None


def test_checkpoints_are_at_most_a_twentieth_of_the_time():
    now = [0.0]
    clock = checkpoints.Clock(lambda: now[0])
    assert not clock.due
    now[0] = 1.0
    assert clock.due

    def write():
        now[0] += 2.0

    clock.run(write)
    now[0] += 39.0
    assert not clock.due
    now[0] += 1.0
    assert clock.due
    clock.run(lambda: now.__setitem__(0, now[0] + 600.0))
    now[0] += 60.0
    assert clock.due, "at least every minute, whatever it takes"


WORDS = [
    {"workers": 2},
    {"workers": 2, "workers_are": "processes"},
    pytest.param({"backend": "dask", "workers": 2}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("words", WORDS, ids=str)
def test_backends_come_to_the_same_bytes(monkeypatch, sites, words):
    monkeypatch.setattr(Layout, "_length", lambda self: 1)
    for name, value in farming.environment().items():
        monkeypatch.setenv(name, value)
    alone = sites / "alone.zarr"
    if not alone.exists():
        assert calibrated.run(sites, store="alone.zarr", workers=1)[0].complete
    name = "-".join(map(str, words.values()))
    store = create_store(calibrated.plan(sites, store=f"{name}.zarr"))
    committed, _ = run_work(store, join(store), of_section(words), workers=2)
    assert len(committed) == 3
    assert read(store.path).digest() == read(alone).digest()
    expected, found = calibrated.opened(alone), calibrated.opened(store.path)
    xr.testing.assert_identical(expected, found)


def test_independent_workers_and_the_commands_of_a_store(sites):
    store = create_store(calibrated.plan(sites, store="workers.zarr"))
    code, _, said = farming.call("worker", store.path, "--workers", 2)
    assert code == 0, said
    calibrated.run(sites, store="for-workers.zarr", workers=1)
    assert read(store.path).digest() == read(sites / "for-workers.zarr").digest()
    standing = summary(store.path)
    assert standing["complete"]
    assert standing["members"] == {"ok": 6}
    assert not verify(read(store.path)).damage
    damaged = next((store.path / "calibration" / "cost").glob("c.*"))
    damaged.write_bytes(b"other bytes")
    assert verify(read(store.path)).damage
    assert verify(read(store.path), repair=True).repaired == 1
    assert not verify(read(store.path)).damage


def test_another_scenario_does_not_go_on(sites):
    calibrated.run(sites, store="begun.zarr", workers=1)
    with pytest.raises(PlanError, match=r"(?s)seed was 5 and is now 6.*choose another place"):
        calibrated.run(sites, "seed=6", store="begun.zarr", workers=1)
    outcome, _ = calibrated.run(sites, store="begun.zarr", workers=1)
    assert outcome.ran == 0


def test_another_code_of_the_search_does_not_go_on(sites):
    settings = ["calibration.restarts=1", "calibration.budget=100"]
    planned = calibrated.plan(sites, *settings, store="edited.zarr")
    store = create_store(planned)
    own = store.attrs["identity"]["search"]
    parts = {name.rpartition(".")[2] for name in own}
    assert {"begin", "propose", "accept", "Evolution", "words", "REFLECTION"} <= parts
    assert own != plan_of_descents(sites, *settings).identity["search"]
    file = store.path / "zarr.json"
    step = next(name for name in own if name.endswith("sceua_steps.accept"))
    file.write_text(file.read_text().replace(own[step], "0" * 64))
    said = f"search: {step} has changed"
    with pytest.raises(PlanError, match=f"{said}.*choose another place"):
        join(read(store.path))
    with pytest.raises(PlanError, match=f"(?s){said}.*choose another place"):
        ensemble.run_calibration(planned, workers=1)
    # A store of before that was kept goes on.
    text = json.loads(file.read_text())
    identity = json.loads(text["attributes"]["identity"])
    identity.pop("search")
    text["attributes"]["identity"] = json.dumps(identity)
    file.write_text(json.dumps(text))
    assert ensemble.run_calibration(planned, workers=1).complete


def plan_of_descents(folder, *settings):
    """Return the plan of another search."""
    words = "calibration.algorithm={name: levenberg_marquardt, starts: 2}"
    return calibrated.plan(folder, *settings, words, store="none.zarr")


def test_data_are_called_what_they_are(sites):
    calibrated.run(sites, "calibration.budget=100", store="kind.zarr", workers=1)
    for command in ("status", "verify"):
        said = json.loads(soilsweep(command, sites / "kind.zarr", "--json").out)
        assert (said["data"], said["synthetic"]) == ("real", "")


KILLS = 4


@pytest.mark.slow
@pytest.mark.chaos
def test_killed_at_random_moments_and_run_again_gives_the_same_bytes(sites):
    settings = ["calibration.groups=location", "calibration.budget=1500", "calibration.restarts=2"]
    settings += ["calibration.algorithm={name: sceua, complexes: 10, peps: 1.0e-9, pcento: 0}"]
    calibrated.load(sites, name="killed")
    words = [word for setting in settings for word in ("--set", setting)]

    def start(store):
        command = farming.command("run", sites / "killed.yaml", "--store", store, "--quiet", *words)
        return farming.start(command)

    begun = time.monotonic()
    whole = start(sites / "undisturbed.zarr")
    _, said = whole.communicate()
    assert whole.returncode == 0, said
    longest, expected = time.monotonic() - begun, read(sites / "undisturbed.zarr").digest()
    draw, kills, store = random.Random(20211101), 0, sites / "often-killed.zarr"
    while True:
        process = start(store)
        patience = draw.uniform(0.2, 0.9) * longest if kills < KILLS else None
        try:
            _, said = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            continue
        assert process.returncode == 0, said
        assert read(store).digest() == expected
        if kills >= KILLS:
            break
        store = sites / f"often-killed-{kills}.zarr"
