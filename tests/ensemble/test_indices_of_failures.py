"""Indices of runs whose members die, hang in quarantine or fail; and on other backends."""

from dataclasses import replace

import farming
import numpy as np
import pytest
from commandline import members, soilsweep
from waiting import wait_for

import ensemble
import scenarios
from ensemble.members.reopening import open_work
from ensemble.runs.verify import verify
from ensemble.store.reading import read as read_store

TEXT = """
version: 1
name: misbehaving
kernel: misbehaving.model
forcing: {reader: annual_table, path: drivers.csv, units: {driver: "1"}}
design: %s
outputs: {y: all}
precision: float64
responses: {y_end: {output: y, at: 2001}}
statistics: {y: [mean, %s], y_end: [%s]}
block: {sample: 30}
failed_limit: 1
execution: %s
"""
MORRIS = "{method: morris, trajectories: 64, levels: 2000, parameters: {x: {uniform: [0, 39]}}}"
SOBOL = "{method: sobol, n: 64, parameters: {x: {uniform: [0, 39]}}}"
REQUESTS = {
    MORRIS: ("mu", "mu_star", "sigma", "mu_star_conf"),
    SOBOL: ("S1", "ST", "S1_conf", "ST_conf"),
}


def write(folder, design=MORRIS, execution="{backend: local}"):
    (folder / "drivers.csv").write_text("model,year,driver\nm,2000,1.0\nm,2001,2.0\n")
    file = folder / "misbehaving.yaml"
    requests = ", ".join(REQUESTS[design])
    file.write_text(TEXT % (design, requests, requests, execution))
    return file


def planned(tmp_path, store="run.zarr", **kwargs):
    return ensemble.plan(scenarios.load(write(tmp_path, **kwargs)), store=tmp_path / store)


def values_of(design, *rows):
    """Return the values of x in some rows, as `MISBEHAVE` takes them."""
    return "+".join(repr(float(design.rows(k, k + 1)["x"][0, 0])) for k in rows)


def compare(path, requests=REQUESTS[MORRIS]):
    """Compare indices in the store with the design's analysis of the stored members."""
    tree = ensemble.open_run(path)
    design = open_work(read_store(path)).layout.sampler.design(0, 0)
    for target in ("y", "y_end"):
        expected = design.analyze(tree[target].values[0].astype(float))
        for name in requests:
            found = tree[f"statistics/{target}_{name}"].values[0]
            np.testing.assert_allclose(found, expected[name], rtol=1e-12, atol=1e-11)
        left = tree[f"statistics/{target}_effective"].values[0]
        np.testing.assert_array_equal(left, expected["effective"][..., 0])
    return left.min()


def test_failed_members_take_their_trajectories_out(tmp_path, monkeypatch):
    plan = planned(tmp_path)
    monkeypatch.setenv("MISBEHAVE", f"nan={values_of(plan.layout.sampler.first, 7, 60, 61)}")
    outcome = ensemble.run(plan)
    assert outcome.failed
    assert compare(outcome.path) == 62


@pytest.mark.slow
def test_a_member_that_kills_its_process_costs_its_trajectory(tmp_path):
    design = planned(tmp_path).layout.sampler.first
    bad = {"MISBEHAVE": f"segfault={values_of(design, 67)}"}
    store = tmp_path / "run.zarr"
    command = ("run", write(tmp_path), "--store", store, "-q")
    code, _, err = farming.call(*command, **bad)
    assert code == 0, err
    assert '"crashed"' in soilsweep("status", store, "--json").out
    assert compare(store) == 63


@pytest.mark.slow
def test_a_member_that_kills_an_extension_costs_its_row(tmp_path):
    plan = planned(tmp_path, design=SOBOL)
    outcome = ensemble.run(plan)
    words = ("extend", outcome.path, "--until", "1e-12", "--most", 128, "-q")
    longer = plan.scenario.design.model_copy(update={"n": 128})
    opened = replace(plan.experiment, scenario=plan.scenario.model_copy(update={"design": longer}))
    bad = {"MISBEHAVE": f"segfault={values_of(opened.design(), 300)}"}
    code, _, err = farming.call(*words, **bad)
    assert code == 3, err
    assert '"crashed"' in soilsweep("status", outcome.path, "--json").out
    assert compare(outcome.path, REQUESTS[SOBOL]) == 127


@pytest.mark.slow
def test_every_backend_finds_the_same_bytes(tmp_path):
    one = ensemble.run(planned(tmp_path, "a.zarr"), workers=1)
    dask = "{backend: dask, workers: 2}"
    other = ensemble.run(planned(tmp_path, "b.zarr", execution=dask))
    a, b = (read_store(o.path) for o in (one, other))
    assert a.digest() == b.digest()
    same = {n: v for n, v in members(one.path).items() if n.startswith("statistics")}
    assert same == {n: v for n, v in members(other.path).items() if n.startswith("statistics")}


@pytest.mark.slow
def test_an_extension_killed_by_the_system_goes_on(tmp_path):
    outcome = ensemble.run(planned(tmp_path, design=SOBOL))
    command = ["extend", outcome.path, "--until", "1e-12", "--most", "128", "-q"]
    program = farming.start(farming.command(*command), MISBEHAVE_SECONDS="0.05")
    longer = tmp_path / ".run.zarr.longer" / "journal"
    wait_for(lambda: len(list(longer.glob("*.jsonl"))) > 1, "members of the extension", every=0.02)
    program.kill()
    program.communicate()
    assert longer.exists()
    code, _, err = farming.call(*command)
    assert code == 3, err
    store = read_store(outcome.path)
    assert store.attrs["identity"]["scenario"]["design"]["n"] == 128
    assert not verify(store).damage
    file = tmp_path / "straight.yaml"
    file.write_text(store.attrs["scenario"])
    straight = ensemble.run(ensemble.plan(scenarios.load(file), store=tmp_path / "straight.zarr"))
    assert members(straight.path) == members(store.path)
