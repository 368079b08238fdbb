"""Members that crash, hang or fail among many: found by evidence, the others untouched."""

import json
import math
import signal

import farming
import numpy as np
import pytest
import xarray as xr
from misbehaving.scenario import write

import scenarios
from ensemble.farming import suspects
from ensemble.farming.children import Death
from ensemble.members.parts import Part
from ensemble.members.quarantined import CONTROL
from ensemble.members.reopening import open_work
from ensemble.store.reading import read
from kernels import CRASHED, OK, TIMED_OUT
from kernels.contract.status import NOT_FINITE

N = 100_000
BAD = {31_234: CRASHED, 77_777: TIMED_OUT, 5: NOT_FINITE}
MISBEHAVE = "segfault=31234,hang=77777,nan=5"


def check(store):
    """Compare every member with arithmetic; three have their status and NaN."""
    with xr.open_zarr(store) as run:
        status = run["status"].values[0, 0]
        expected = np.full(N, OK)
        for member, code in BAD.items():
            expected[member] = code
        np.testing.assert_array_equal(status, expected)
        y = np.arange(N)[None, :] + np.array([1.0, 2.0])[:, None]
        y[:, list(BAD)] = np.nan
        np.testing.assert_array_equal(run["y"].values[0, 0], y.astype(np.float32))
    good = np.setdiff1d(np.arange(N), list(BAD))
    with xr.open_datatree(store, engine="zarr") as tree:
        assert tree["statistics/count"].item() == N - len(BAD)
        found = tree["statistics/y_mean"].values.ravel()
        np.testing.assert_allclose(found, good.mean() + np.array([1, 2]), rtol=1e-12)
        # Scores are of whole members; one that lacks its only location says so.
        scored = np.arange(N) + 1.5 - 2.0
        scored[list(BAD)] = np.nan
        np.testing.assert_array_equal(tree["evaluation/level_bias"].values[0], scored)
        np.testing.assert_array_equal(tree["evaluation/failed_cells"].values[0], expected != OK)
        assert tree["evaluation/statistics/level_bias_count"].item() == N - len(BAD)
    cases = [json.loads(f.read_text()) for f in sorted((store / "quarantine").iterdir())]
    assert [case["member"] for case in cases] == [[0, 0, 31_234], [0, 0, 77_777]]
    assert cases[0]["cause"] == "killed by SIGSEGV"
    assert cases[1]["cause"].startswith("no end within ")
    assert cases[0]["replay"] == f"soilsweep replay {store} 0/0/31234"


BACKENDS = {
    "local": "{backend: local, workers: 2, hang_seconds: 2}",
    "processes": "{workers: 2, workers_are: processes, hang_seconds: 2}",
    "dask": "{backend: dask, workers: 2, hang_seconds: 2}",
}


@pytest.mark.chaos
@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("local", marks=pytest.mark.acceptance),
        pytest.param("processes", marks=pytest.mark.slow),
        pytest.param("dask", marks=pytest.mark.slow),
    ],
)
def test_one_crashes_one_hangs_one_is_nan_among_many(tmp_path, backend):
    scenario = write(tmp_path, n=N, block=1000, execution=BACKENDS[backend])
    store = tmp_path / "run.zarr"
    code, _, err = farming.call("run", scenario, "--store", store, MISBEHAVE=MISBEHAVE, seconds=300)
    assert code == 0, err
    check(store)


@pytest.mark.acceptance
@pytest.mark.chaos
def test_so_do_independent_workers(tmp_path):
    scenario = write(tmp_path, n=N, block=1000, execution=BACKENDS["local"])
    store = tmp_path / "run.zarr"
    farming.create_of(scenarios.load(scenario), store)
    code, _, err = farming.call("worker", store, "--workers", 2, MISBEHAVE=MISBEHAVE, seconds=300)
    assert code == 0, err
    assert "killed by SIGSEGV" in err
    assert "killed by SIGALRM" in err
    check(store)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_one_of_few_crashes_and_one_hangs(tmp_path, kind):
    execution = f"{{workers: 2, workers_are: {kind}, hang_seconds: 1}}"
    scenario = write(tmp_path, n=128, block=32, execution=execution)
    store = tmp_path / "run.zarr"
    bad = {"MISBEHAVE": "segfault=3,hang=50,nan=30"}
    code, _, err = farming.call("run", scenario, "--store", store, **bad)
    assert code == 0, err
    with xr.open_zarr(store) as run:
        found = run["status"].values[0, 0]
        expected = {3: CRASHED, 50: TIMED_OUT, 30: NOT_FINITE}
        assert {int(k): int(found[k]) for k in np.flatnonzero(found)} == expected
        good = np.setdiff1d(np.arange(128), list(expected))
        np.testing.assert_array_equal(run["y"].values[0, 0, :, good], good[:, None] + [1.0, 2.0])
    # The reproducer reproduces.
    code, _, err = farming.call("replay", store, "0/0/3", **bad)
    assert code == -signal.SIGSEGV
    assert "in quarantine" in err
    code, out, err = farming.call("status", store, "--json")
    crashed, hung = json.loads(out)["quarantine"]
    assert crashed.startswith("member 0/0/3 crashed: killed by SIGSEGV; soilsweep replay")
    assert hung.startswith("member 0/0/50 hung: no end within ")


def dying(culprits, log):
    """Return a verdict as a child process would give it, on members that are not run here."""

    def verdict(part):
        log.append(part)
        rows = range(part.locations.start, part.locations.stop)
        controls = [CONTROL] if part.samples is None else []
        columns = controls or range(part.samples.start, part.samples.stop)
        for member in ((place, sample) for place in rows for sample in columns):
            if member in culprits:
                return Death(culprits[member], "evidence")
        return None

    return verdict


@pytest.mark.parametrize(
    "culprits",
    [
        {},
        {(0, 0): CRASHED},
        {(2, 999): CRASHED},
        {(1, 7): TIMED_OUT},
        {(0, CONTROL): CRASHED},
        {(0, 3): CRASHED, (2, 500): TIMED_OUT, (1, CONTROL): CRASHED},
    ],
)
@pytest.mark.parametrize("guided", [True, False])
def test_halving_finds_all_and_tries_few(culprits, guided):
    log = []
    verdict = dying(culprits, log)
    parts = [Part(0, slice(0, 3), slice(0, 1000)), Part(0, slice(0, 3), None)]
    guide = (lambda part: verdict(part) is not None) if guided else None
    found = {
        (p.locations.start, CONTROL if p.samples is None else p.samples.start): death.status
        for p, death in suspects._culprits(parts, guide, verdict)
    }
    assert found == culprits
    assert len(log) <= 2 + 3 * max(1, len(culprits)) * (1 + math.ceil(math.log2(3000)))


def test_a_guide_that_is_wrong_ends_the_search_early():
    log = []
    parts = [Part(0, slice(0, 1), slice(0, 1000))]
    assert suspects._culprits(parts, lambda part: True, dying({}, log)) == []
    assert len(log) == 1


def test_a_suspect_that_is_innocent_is_committed_with_one_child(tmp_path):
    store = farming.create(tmp_path / "run.zarr")
    work = open_work(store)
    assert suspects.settle(store, work, (1, 0, 2), sync=False, seconds=60) == 1
    assert set(store.committed()) == {(1, 0, 2)}
    assert not (store.path / "quarantine").exists()


@pytest.mark.slow
def test_a_fatal_control_member_costs_itself_alone(tmp_path):
    scenario = write(tmp_path, n=40, block=20, execution="{backend: local, hang_seconds: 2}")
    store = tmp_path / "run.zarr"
    code, _, err = farming.call(
        "run", scenario, "--store", store, MISBEHAVE="segfault=0.1", seconds=120
    )
    assert code == 0, err
    with xr.open_datatree(store, engine="zarr") as tree:
        assert (tree["status"].values == OK).all()
        assert tree["control/status"].item() == CRASHED
        assert np.isnan(tree["control/y"].values).all()
        assert np.isfinite(tree["y"].values).all()
    assert len(read(store).committed()) == 2
