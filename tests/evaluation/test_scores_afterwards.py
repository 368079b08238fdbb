"""Benchmarks of stored members: the scores that the run would have had, and what is missing."""

import json

import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep
from gridded import forcing as data
from support import give, plan

import ensemble
from ensemble.errors import PlanError
from ensemble.report import Run
from ensemble.runs.evaluate import evaluate_store
from ensemble.runs.extend import extend
from ensemble.runs.verify import verify
from ensemble.store.reading import read
from scenarios import ScenarioError

RUN = """
version: 1
name: kept
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 20
  parameters: {level: {uniform: [1, 10]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
OUTPUTS
block: {location: 7, sample: 8}
"""
SECTION = """
evaluation:
  benchmarks:
    globe: {compare: total, output: rh, value: 0.004 Pg C yr-1, period: [2000, 2001]}
"""


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, data.both())


def finished(tmp_path, outputs, store="run.zarr"):
    planned = plan(tmp_path, text=RUN.replace("OUTPUTS", outputs.strip()), store=store)
    assert ensemble.run(planned).complete
    return planned.path


def written(tmp_path, text=SECTION):
    file = tmp_path / "with.yaml"
    file.write_text(text)
    return file


def test_scores_of_stored_members_are_those_of_a_run(tmp_path):
    path = finished(tmp_path, "outputs: {rh: all}")
    before = verify(read(path)).digest
    (table,) = evaluate_store(path, written(tmp_path))
    assert table.title == "against globe"
    inside = finished(tmp_path, SECTION, "inside.zarr")
    for group in ("", "/control"):
        now = xr.open_zarr(path, group=f"evaluated{group}").load()
        then = xr.open_zarr(inside, group=f"evaluation{group}").load()
        np.testing.assert_array_equal(now.globe_bias, then.globe_bias)
        assert now.globe_bias.attrs == then.globe_bias.attrs
    assert np.isnan(now.globe_bias).sum() == 0
    assert 0 < np.isnan(xr.open_zarr(path, group="evaluated").globe_bias).sum()
    assert verify(read(path)).digest == before
    # What control members have of each pair is kept for the page, as inside a run.
    for pairs in ("weight", "modelled"):
        now, then = (xr.open_zarr(s, group=f"{g}/globe/pairs").load()[pairs]
                     for s, g in ((path, "evaluated"), (inside, "evaluation")))  # fmt: skip
        np.testing.assert_array_equal(now, then)
    (held,) = Run(read(path)).against("total")
    control = xr.open_zarr(path, group="evaluated/control").globe_bias.values
    np.testing.assert_array_equal(held.score("bias")[:, 0], control.reshape(-1))
    # It goes in the place of what was there.
    evaluate_store(path, written(tmp_path, SECTION.replace("globe", "world")))
    assert "globe_bias" not in xr.open_zarr(path, group="evaluated")


def test_the_command_prints_them(tmp_path):
    path, file = finished(tmp_path, "outputs: {rh: all}"), written(tmp_path)
    said = soilsweep("evaluate", path, "--with", file)
    assert said.code == 0, said.err
    assert "against globe" in said.out
    records = json.loads(soilsweep("evaluate", path, "--with", file, "--json").out)["scores"]
    assert {record["score"] for record in records} == {"globe_bias", "globe_total"}
    said = soilsweep("evaluate", path, "--with", file, "--store", tmp_path / "other.zarr")
    assert said.code == 2
    assert "takes no --set, --data or --store" in said.err


@pytest.mark.parametrize(
    ("outputs", "text", "error", "says"),
    [
        ("outputs: {litter: all}", SECTION, PlanError, "needed outputs: {rh: all}"),
        ("outputs: {rh: last}", SECTION, PlanError, "does not hold rh at every step"),
        ("outputs: {rh: all}", SECTION.replace("rh", "rhh"), ScenarioError, "no output 'rhh'"),
        ("outputs: {rh: all}", SECTION.replace("total", "totl"), ScenarioError, "unknown compare"),
        ("outputs: {rh: all}", "version: 1\n", ScenarioError, "evaluation"),
    ],
)
def test_what_cannot_be_scored_is_said_and_nothing_written(tmp_path, outputs, text, error, says):
    path = finished(tmp_path, outputs)
    with pytest.raises(error, match=says):
        evaluate_store(path, written(tmp_path, text))
    assert not any(p.startswith("evaluated/") for p in read(path).specs)


def test_verify_recounts_scores_of_the_sums_of_blocks(tmp_path):
    path = finished(tmp_path, SECTION)
    assert not verify(read(path)).damage
    store = read(path)
    spec = store.specs["evaluation/globe_bias"]
    chunk = store.read_chunk(spec.path, (0, 0, 0)) + 1.0
    store.make_folders("scratch")
    store.write_chunk(spec.path, (0, 0, 0), chunk)
    (damage,) = verify(store).damage
    assert "evaluation/globe_bias, forcing 0" in damage
    assert verify(store, repair=True).repaired
    assert not verify(read(path)).damage


def test_a_longer_design_says_that_scores_of_the_shorter_one_are_gone(tmp_path):
    design = "{method: morris, trajectories: 6, parameters: {level: {uniform: [1, 8]}}}"
    head, _, rest = RUN.partition("design:")
    text = f"{head}design: {design}\nseed: 3{rest.partition('seed: 3')[2]}"
    text = text.replace("OUTPUTS", "outputs: {litter: all, stock: all}")
    planned = plan(tmp_path, text=text.replace("sample: 8", "sample: 4"))
    assert ensemble.run(planned).complete
    file = written(tmp_path, SECTION.replace("output: rh", "output: litter"))
    evaluate_store(planned.path, file)
    made = extend(planned.path, until=1e-9, of=["stock"], most=12)
    (said,) = (one for one in made.warnings if "evaluated/" in one)
    assert "scores of globe were of the shorter design's members" in said
    assert "evaluated" not in read(planned.path).attrs
    evaluate_store(planned.path, file)
    assert xr.open_zarr(planned.path, group="evaluated").globe_bias.shape[-1] == 24
    assert not extend(planned.path, until=1e9, of=["stock"]).warnings
