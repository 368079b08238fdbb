"""Whatever a changed scenario says, a store is consistent after the command, or untouched.

Every key of a scenario is changed alone, on a finished and on a half-done store. The keys are
those of the models themselves: one without another value in `OTHER` fails.
"""

import errno
import json
import os
import re
import shutil
import tempfile
from dataclasses import fields
from functools import cache
from pathlib import Path

import frozen
import pytest
from commandline import members, refused, soilsweep, tree
from pydantic import BaseModel

import ensemble
import kernels
import scenarios
from ensemble.store import exchange
from ensemble.store.reading import read
from scenarios.outputs import InTime
from scenarios.response_sections import Response
from scenarios.sections import Output

TAKEN, ACCEPTED, REFUSED = "taken as it is", "taken where it is accepted", "refused"

CROSSED = """\
version: 1
name: changing
title: Two boxes
description: of a test
kernel: {name: two_box}
forcing: {reader: synthetic_models, n: 2}
design:
  cross:
    - {method: monte_carlo, n: 4, parameters: {tau_veg_obs: {normal: [10.3, 1.4], lower: 2}}}
    - {method: latin_hypercube, n: 6, parameters: {tau_soil_obs: {uniform: [20, 60]}}}
seed: 7
outputs: {c_soil: all, c_veg: last}
responses:
  d_total: {output: c_total, change: [1901, 2018]}
  d_soil: {output: c_soil, change: [1901, 2018]}
statistics:
  d_total: [mean, q05, {above: 200}]
  c_veg: [mean]
histograms: {bins: 50, edges: {d_total: [0, 500]}, pilot: 8}
block: {sample: 6}
reference:
  citation: A paper
  label: its models
  responses: {d_total: {unconstrained: 1.0, constrained: 2.0}}
execution: {backend: local}
"""
MORRIS = """\
version: 1
name: changing
title: Effects
kernel: two_box
forcing: {reader: synthetic_models, n: 1}
design:
  method: morris
  trajectories: 6
  levels: 8
  parameters: {tau_veg_obs: {uniform: [6, 15]}, tau_soil_obs: {uniform: [20, 60]}}
seed: 5
precision: float64
outputs: {c_soil: all, c_total: all, c_veg: [{year: max}, {over_years: mean}]}
responses: {d_soil: {output: c_soil, change: [1901, 2018]}}
statistics: {d_soil: [mean, mu_star]}
block: {sample: 9}
"""
TABLES = """\
version: 1
name: changing
kernel: misbehaving.model
forcing: {reader: annual_table, path: drivers.csv, units: {driver: "1"}}
locations: {table: places.csv}
design: {method: grid, parameters: {x: {linspace: [0, 39, 40]}}}
outputs: {y: all}
responses: {y_end: {output: y, at: 2001}}
statistics: {y: [mean, max]}
block: {sample: 10}
"""
TESTBED = frozen.SCENARIOS["testbed"] + "block: {location: 3}\n"
KINDS = {"crossed": CROSSED, "morris": MORRIS, "tables": TABLES, "testbed": TESTBED}

# key: another value as --set takes it, and what becomes of it, in this kind or in all
OTHER = {
    "version": ("2", REFUSED),
    "name": ("another", ACCEPTED),
    "title": ("Another title", TAKEN),
    "description": ("another", TAKEN),
    "kernel.name": ("mimics", REFUSED),
    "kernel.scheme": ("explicit", REFUSED),
    "kernel.diagnosis": ("equilibrium", REFUSED),
    "kernel.reference": ("recycled", REFUSED),
    "kernel.bend": ("0.5", REFUSED),
    "kernel.links": ("[{models: [casa_cnp, corpse]}]", REFUSED),
    "evaluation": (
        "{benchmarks: {it: {output: c_soil, compare: total, value: 1 Pg C}}}",
        REFUSED,
    ),
    "forcing.reader": ("synthetic_profiles", REFUSED),
    "forcing.n": ("3", REFUSED),
    "forcing.steady_year": ("1899", REFUSED),
    "forcing.observed": ("true", REFUSED),
    "forcing.invented": ("made up", ACCEPTED),
    "forcing.path": ("same.csv", ACCEPTED),
    "forcing.columns": ("{driver: other}", REFUSED),
    "forcing.units": ("{driver: percent}", REFUSED),
    "forcing.year": ("model", REFUSED),
    "forcing.model": ("year", REFUSED),
    "forcing.location": ("year", REFUSED),
    "forcing.members": ("[m]", ACCEPTED),
    "forcing.years": ("[2000, 2000]", REFUSED),
    "forcing.forcings": ("[perturbed]", REFUSED),
    "forcing.cells": ("9", REFUSED),
    "forcing.variation": ("2.0", ACCEPTED),
    "forcing.trend": ("{gpp: 0.2}", ACCEPTED),
    "forcing.roots": ("0.5", REFUSED),
    "forcing.depth": ("50", ACCEPTED),
    "locations": ("{table: places.csv}", REFUSED),
    "locations.table": ("wider.csv", REFUSED),
    "locations.key": ("area", REFUSED),
    "design.method": ("sobol", REFUSED),
    "design.cross.0.method": ("latin_hypercube", REFUSED),
    "design.cross.0.n": ("5", REFUSED),
    "design.cross.0.parameters": ("{tau_veg_obs: {normal: [11, 1.4], lower: 2}}", REFUSED),
    "design.cross.0.rank_correlation": ("[[tau_veg_obs, tau_veg_obs, 0.5]]", REFUSED),
    "design.cross.1.method": ("monte_carlo", REFUSED),
    "design.cross.1.n": ("7", REFUSED),
    "design.cross.1.parameters": ("{tau_soil_obs: {uniform: [20, 50]}}", REFUSED),
    "design.cross.1.scramble": ("false", REFUSED),
    "design.cross.1.optimization": ("random-cd", REFUSED),
    "design.n": ("7", REFUSED),
    "design.parameters": ("{x: {values: [1, 2]}}", REFUSED),
    "design.scramble": ("false", REFUSED),
    "design.optimization": ("random-cd", REFUSED),
    "design.trajectories": ("7", REFUSED),
    "design.levels": ("4", REFUSED),
    "design.groups": ("{both: [tau_veg_obs, tau_soil_obs]}", REFUSED),
    "design.optimal": ("4", REFUSED),
    "design.resamples": ("10", REFUSED),
    "design.confidence": ("0.9", REFUSED),
    "design.theta_ddof": ("0", REFUSED),
    "parameters": ("{tau_soil_obs: 40}", REFUSED),
    "independent": ("[forcing]", REFUSED),
    "seed": ("8", REFUSED),
    "out_of_range": ("flag", REFUSED),
    "derived": ("{total: c_veg + c_soil}", REFUSED),
    "calibration": ("{minimise: d_soil, parameters: {tau_soil_obs: {uniform: [9, 60]}}}", REFUSED),
    "outputs": ("{}", REFUSED),
    "outputs.c_soil.all": ("null", REFUSED),
    "outputs.c_soil.last": ("year", REFUSED),
    "outputs.c_soil.at": ("[1901]", REFUSED),
    "outputs.c_veg.all": ("year", REFUSED),
    "outputs.c_veg": ("all", REFUSED),
    "outputs.c_total": ("all", REFUSED),
    "outputs.c_veg.0.year": ("mean", REFUSED),
    "outputs.c_veg.0.month": ("mean", REFUSED),
    "outputs.c_veg.0.season": ("mean", REFUSED),
    "outputs.c_veg.0.doy": ("mean", REFUSED),
    "outputs.c_veg.0.over_years": ("mean", REFUSED),
    "outputs.c_veg.0.years": ("[1950, 2018]", REFUSED),
    "responses": ("{}", REFUSED),
    "responses.d_soil.output": ("c_veg", REFUSED),
    "responses.d_soil.change": ("[1950, 2018]", {"morris": ACCEPTED, "crossed": REFUSED}),
    "responses.d_soil.model": ("corpse", REFUSED),
    "responses.d_soil.where": ("{model: corpse}", REFUSED),
    "responses.d_soil.mean": ("[1950, 1960]", REFUSED),
    "responses.d_soil.sum": ("[1950, 1960]", REFUSED),
    "responses.d_soil.trend": ("[1950, 1960]", REFUSED),
    "responses.d_soil.at": ("1950", REFUSED),
    "responses.d_soil.value": ("true", REFUSED),
    "responses.d_soil.layer": ("5", REFUSED),
    "responses.d_soil.cost": ("{observed: soc}", REFUSED),
    "responses.d_soil.combine": ("{d_total: 1}", REFUSED),
    "responses.d_soil.metric": ("{rmse: soc}", REFUSED),
    "responses.d_soil.expression": ("d_total * 2", REFUSED),
    "responses.d_soil.transform": ("sqrt", REFUSED),
    "responses.late": (
        "{output: c_soil, at: 2018}",
        {"morris": ACCEPTED, "crossed": REFUSED},
    ),
    "responses.both": ("{combine: {d_total: 1, d_soil: 2}}", {"crossed": ACCEPTED}),
    "statistics": ("{}", REFUSED),
    "statistics.d_total": ("[mean, q05, q95, std, {above: 200}, {below: 9}]", ACCEPTED),
    "statistics.c_veg": ("[mean, std, max]", {"crossed": ACCEPTED}),
    "statistics.c_veg+": ("[mean, q95]", {"crossed": REFUSED}),
    "statistics.c_soil": ("[mean, q95]", {"crossed": ACCEPTED, "morris": ACCEPTED}),
    "statistics.d_soil": ("[mean, mu_star, mu_star_conf, theta, q50]", {"morris": ACCEPTED}),
    "statistics.d_soil+": ("[mu_star]", {"morris": REFUSED}),
    "statistics.y": ("[mean, max, std, q50]", ACCEPTED),
    "statistics.soil_litter_carbon": ("[mean, q50, std]", ACCEPTED),
    "aggregates": ("{}", {"testbed": REFUSED}),
    "aggregates.soil_litter_carbon.over": ("[global, zonal, zonal_mean]", ACCEPTED),
    "aggregates.soil_litter_carbon.statistics": ("[mean, std, q95]", ACCEPTED),
    "aggregates.rh.over": ("[global, global_mean]", ACCEPTED),
    "aggregates.rh.over+": ("[global, zonal]", REFUSED),
    "aggregates.rh.statistics": ("[mean, max]", ACCEPTED),
    "histograms.bins": ("60", ACCEPTED),
    "histograms.edges": ("{d_total: [0, 400]}", {"crossed": ACCEPTED}),
    "histograms.pilot": ("16", ACCEPTED),
    "precision": ("float64", {"crossed": REFUSED}),
    "failed_limit": ("0.5", TAKEN),
    "limits": ("{c_soil: {above: 2000 Pg C, then: exclude}}", {"crossed": REFUSED}),
    "block.location": ("1", {"crossed": ACCEPTED, "testbed": REFUSED}),
    "block.sample": ("3", REFUSED),
    "reference": ("{citation: Another, label: others, responses: {}}", TAKEN),
    "reference.citation": ("Another", TAKEN),
    "reference.label": ("others", TAKEN),
    "reference.responses": ("{d_total: {constrained: 3.0}}", TAKEN),
    "store": ("runs/other.zarr", TAKEN),
    "execution.sync": ("false", TAKEN),
    "execution.hang_seconds": ("90", TAKEN),
    "execution.backend": ("elsewhere", REFUSED),
    "execution.workers": ("1", TAKEN),
    "execution.workers_are": ("threads", TAKEN),
}
OPAQUE = ("parameters", "units", "members", "links", "responses")
"""Keys below which a scenario has names of its own; each is changed as a whole."""
# The last three are of the face on real data, which `test_real_data.py` runs.
WITHOUT = ("text", "source", "base", "data", "replaced", "with_data")
"""What a loaded scenario has beside its keys."""


def keys(value, path=()):
    """Yield every key of a model's fields and of what is below it."""
    several = isinstance(value, list | tuple) and value and isinstance(value[0], BaseModel)
    if isinstance(value, BaseModel) and path[-1:] not in [(word,) for word in OPAQUE]:
        for name in type(value).model_fields:
            yield from keys(getattr(value, name), (*path, name))
    elif several:
        for k, one in enumerate(value):
            # Of a list of one, as it may be written without brackets.
            yield from keys(one, (*path, str(k)) if len(value) > 1 else path)
    elif isinstance(value, dict) and value and (len(path) == 1 or path[-1] not in OPAQUE):
        yield path
        if path[-1] not in OPAQUE or len(path) == 1:
            for name, one in value.items():
                yield from keys(one, (*path, name))
    else:
        yield path


def keys_of(kind, folder):
    """Return the keys of a kind's scenario, options of its kernel among them."""
    (folder / "s.yaml").write_text(KINDS[kind])
    scenario = scenarios.load(folder / "s.yaml")
    options = kernels.get(scenario.kernel.name).options
    found = [".".join(path) for path in keys(scenario)] + [
        f"kernel.{field.name}" for field in fields(options)
    ]
    return [key for key in found if key not in WITHOUT]


def cases():
    """Yield kind, key, value and outcome: a key in the first kind that has it, or as it says."""
    seen = set()
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            own = keys_of(kind, Path(folder))
            for key, (value, outcome) in OTHER.items():
                if isinstance(outcome, dict):
                    if kind in outcome:
                        yield kind, key, value, outcome[kind]
                elif key.removesuffix("+") in own and key not in seen:
                    seen.add(key)
                    yield kind, key, value, outcome


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_a_scenario_has_another_value_here(kind, tmp_path):
    known = {key.removesuffix("+") for key in OTHER}
    # Of a response and an output, one of each stands for all.
    alike = re.compile(r"^(responses|outputs|statistics|histograms\.edges)\.\w+")
    missing = [key for key in keys_of(kind, tmp_path) if key not in known and not alike.match(key)]
    assert not missing, f"say another value in OTHER, and what becomes of it: {missing}"
    for model, section in (
        (Response, "responses.d_soil"),
        (Output, "outputs.c_soil"),
        (InTime, "outputs.c_veg.0"),
    ):
        assert {f"{section}.{name}" for name in model.model_fields} <= known


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Return a folder with a store of a kind, finished or half done; each is made once."""

    @cache
    def make(kind, state):
        folder = tmp_path_factory.mktemp(f"{kind}-{state}".replace(" ", "-"))
        rows = "model,year,driver\nm,2000,1.0\nm,2001,2.0\n"
        for name in ("drivers.csv", "same.csv"):
            (folder / name).write_text(rows)
        (folder / "places.csv").write_text("location,area\nglobal,5.1e14\n")
        (folder / "wider.csv").write_text("location,area\nglobal,5.2e14\n")
        (folder / "s.yaml").write_text(KINDS[kind])
        planned = ensemble.plan(scenarios.load(folder / "s.yaml"), store=folder / "s.zarr")
        stops = iter([False, *[True] * 1000])
        stop = (lambda: next(stops)) if state == "half done" else (lambda: False)
        outcome = ensemble.run(planned, workers=1, stop=stop)
        assert outcome.complete == (state == "finished")
        assert outcome.committed
        return folder

    return make


AT_ONCE = ("name", "block.location", "statistics.c_soil", "execution.workers")
"""Of what is taken, these are tried by a plain pytest; the others by CI."""


def on_both():
    """Yield every case on a finished store, and in the longer tiers on a half-done one."""
    for kind, key, value, outcome in cases():
        # What is taken is looked at by every command, which takes seconds.
        at_once = kind == "crossed" and (outcome == REFUSED or key in AT_ONCE)
        others = [] if at_once else [pytest.mark.slow]
        yield pytest.param(kind, key, value, outcome, "finished", marks=others)
        long = pytest.mark.acceptance if outcome == REFUSED else pytest.mark.slow
        yield pytest.param(kind, key, value, outcome, "half done", marks=long)


@pytest.mark.parametrize(("kind", "key", "value", "outcome", "state"), list(on_both()))
def test_a_key_that_changed(kind, key, value, outcome, state, begun, tmp_path, monkeypatch):
    shutil.copytree(begun(kind, state), tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    setting = f"{key.removesuffix('+')}={value}"
    store, before = tmp_path / "s.zarr", tree(tmp_path)
    command = ("run", "s.yaml", "--store", "s.zarr", "-q", "--set", setting)
    said = soilsweep(*command)
    if outcome == TAKEN:
        assert said.code == 0, said.err
        consistent(store, command)
        return
    refused(said, lines=None)
    said = soilsweep(*command, "--accept-changes", "a test")
    if outcome == REFUSED:
        refused(said, lines=None)
        assert tree(tmp_path) == before
        return
    assert said.code == 0, said.err
    assert read(store).attrs["accepted_changes"][0]["reason"] == "a test"
    assert not list(tmp_path.glob(".s.zarr*"))
    consistent(store, command)
    straight = ("run", "s.yaml", "--store", "straight.zarr", "-q", "--set", setting)
    assert soilsweep(*straight).code == 0
    same_numbers(store, tmp_path / "straight.zarr")


ADDED = ("--set", "statistics.c_veg=[mean, max]", "--accept-changes", "a test")


class Killed(BaseException):
    """Goes where a signal would end the process."""


@pytest.mark.parametrize("rename", ["first", "second", "removal"])
@pytest.mark.parametrize("linked", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_killed_between_two_names_the_same_command_goes_on(
    rename, linked, begun, tmp_path, monkeypatch
):
    """Where names cannot be exchanged; killed after the first, the second, within the removal."""
    shutil.copytree(begun("crossed", "half done"), tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    store = tmp_path / "s.zarr"
    name = store
    if linked:
        name = tmp_path / "link.zarr"
        name.symlink_to(store)
    command = ("run", "s.yaml", "--store", name, "-q", *ADDED)
    real = os.rename

    def rename_or_die(source, target, **ends):
        source, target = Path(source), Path(target)
        if rename == "first" and target == store:
            raise Killed
        if rename == "second" and target.name.endswith(".gone"):
            raise Killed
        real(source, target, **ends)
        if rename == "removal" and target.name.endswith(".gone"):
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(exchange, "_renameat2", lambda one, other: errno.EINVAL)
        patch.setattr(os, "rename", rename_or_die)
        with pytest.raises(Killed):
            soilsweep(*command)
    assert soilsweep(*command).code == 0
    assert "statistics/c_veg_max" in read(store).specs
    assert soilsweep("verify", store).code == 0
    left = {file.name for file in tmp_path.glob(".s.zarr*")}
    assert left <= {".s.zarr.gone"}, "what has gone is removed with the next"


def test_another_store_at_the_name_is_not_taken_for_the_changed_one(begun, tmp_path, monkeypatch):
    shutil.copytree(begun("crossed", "half done"), tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    before = tmp_path / ".s.zarr.before"
    shutil.copytree(tmp_path / "s.zarr", before)
    kept = tree(before)
    refused(
        soilsweep("run", "s.yaml", "--store", "s.zarr", "-q"), f"{before.name}: found a run that"
    )
    assert tree(before) == kept


def consistent(store, command):
    """Check that every command works on a store, and that running again changes nothing."""
    before = members(store)
    again = soilsweep(*command)
    assert again.code == 0, again.err
    assert members(store) == before
    assert json.loads(soilsweep("status", store, "--json").out)["complete"]
    assert soilsweep("verify", store, "--rerun", 3).code == 0
    analysis = soilsweep("analyze", store)
    assert analysis.code == 0 or "no indices" in analysis.err, analysis.err
    assert soilsweep("report", store, "-o", store.with_suffix(".html")).code == 0
    for node in ensemble.open_run(store).subtree:
        node.to_dataset().load()


def same_numbers(store, straight):
    """Compare two stores, whose statistics may be of members as stored or as computed."""
    found, known = frozen.numbers_of(store), frozen.numbers_of(straight)
    near = 1e-5 if read(store).attrs["identity"]["scenario"]["precision"] == "float32" else 1e-10
    for path, about in known.items():
        mine = found[path]
        assert mine.keys() == about.keys(), path
        for word, value in about.items():
            if isinstance(value, float):
                scale = about["known"] * max(abs(about["min"]), abs(about["max"]))
                assert mine[word] == pytest.approx(value, rel=near, abs=near * scale), (path, word)
            else:
                assert mine[word] == value, (path, word)


def test_a_store_begun_with_settings_says_which_to_give_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(CROSSED)
    settings = ("--set", "design.cross.0.n=3", "--set", "seed=9")
    run = ("s.yaml", "--store", "s.zarr")
    assert soilsweep("run", *run, "-q", *settings).code == 0
    said = soilsweep("submit", *run, "--emit-script")
    refused(said, "(--set design.cross.0.n=3 --set seed=9)", lines=None)
    # As on a host without SLURM: one that has its commands may have no controller.
    monkeypatch.setenv("PATH", str(tmp_path))
    assert soilsweep("submit", *run, "--emit-script", *settings).code == 0
