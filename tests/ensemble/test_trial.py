"""Members that are tried before a run: which, when, and what is said where most fail."""

import json
from dataclasses import replace

import pytest
from chained import quick
from commandline import refused, soilsweep, tree
from misbehaving.scenario import write
from small_sites import SITES, mostly_kelvin, sites
from support import plan

import ensemble
import scenarios
from ensemble.errors import PlanError
from ensemble.members import experiment
from ensemble.planning import trial


def test_controls_and_corners_are_tried_in_a_few_cells(tmp_path):
    planned = plan(tmp_path)
    tried = trial.attempt(planned)
    assert (tried.cells, tried.rows) == (4, trial.ROWS)
    assert tried.members == 4 * (1 + trial.ROWS)
    assert tried.share == 0.0
    assert not planned.path.exists()
    numbers = trial._corners(planned, (0, 0), trial.ROWS)
    assert len(set(numbers)) == len(numbers) == trial.ROWS
    sampler, here = planned.layout.sampler, slice(0, 1)
    every = sampler.rows(0, here, slice(0, sampler.size)).values
    for name in sampler.parameters:
        # 200 rows are all looked at, so the ends of the design are those of the trial.
        some = every[name][0, numbers]
        assert (some.min(), some.max()) == (every[name].min(), every[name].max())


def test_cells_are_spread_over_forcings_and_locations(tmp_path):
    planned = ensemble.plan(scenarios.load("jian2021-parameters"), store=tmp_path / "x.zarr")
    cells = list(trial._cells(planned, 8))
    assert len(set(cells)) == 8
    assert cells[0] == (0, 0)
    assert cells[-1] == (1, 99)
    assert {f for f, _ in cells} == {0, 1}
    assert len(list(trial._cells(planned, 10_000))) == 200


@pytest.mark.parametrize("few", [0, 1 << 17], ids=["large design", "small design"])
@pytest.mark.parametrize("independent", ["[]", "[forcing]"])
def test_cells_of_one_design_draw_its_rows_once_and_have_them_all(
    tmp_path, monkeypatch, independent, few
):
    monkeypatch.setattr(experiment, "FEW_VALUES", few)
    planned = plan(tmp_path, f"independent={independent}")
    numbers, drawn = [3, 150, 7], {}
    for forcing in (0, 2):
        rows_are_the_design_s(planned, (forcing, 0), numbers, drawn)
    assert len(drawn) == (1 if independent == "[]" else 2)


def rows_are_the_design_s(planned, cell, numbers, drawn):
    """Compare the rows of a trial with the design's, all parameters, row by row."""
    sampler, here = planned.layout.sampler, slice(cell[1], cell[1] + 1)
    found = trial._rows(planned, cell, numbers, drawn)
    control = planned.experiment.control_rows(cell[0], here).values
    assert found.keys() == control.keys()
    every = sampler.rows(cell[0], here, slice(0, sampler.size)).values
    for name, values in found.items():
        assert values.shape == (1, 1 + len(numbers))
        assert values[0, 0] == control[name][0, 0]
        assert (values[0, 1:] == every[name][0, numbers]).all()


def test_what_is_dear_is_tried_less(tmp_path, monkeypatch):
    planned = plan(tmp_path)
    monkeypatch.setattr(trial, "SECONDS", 3.5 * planned.layout.seconds_per_member)
    assert trial.attempt(planned).members == 3
    monkeypatch.setattr(trial, "SECONDS", 0.0)
    tried = trial.attempt(planned)
    assert (tried.cells, tried.rows, tried.members) == (1, 0, 1)


def test_a_run_of_which_most_fail_is_not_begun(tmp_path):
    planned = mostly_kelvin(tmp_path)
    assert planned.outlook.certain == 0.75
    with pytest.raises(PlanError, match="most members would fail: of 84 members tried"):
        ensemble.run(planned)
    before = tree(tmp_path)
    words = (
        "75% failed", "63 out_of_range: ", "kelvin given as Celsius?", "nothing was written",
        "--no-try",
    )  # fmt: skip
    file, store = tmp_path / "small.yaml", tmp_path / "sites.zarr"
    refused(soilsweep("run", file, "--store", store), *words, lines=None)
    refused(soilsweep("plan", file, "--store", store, "--try"), *words, lines=None)
    said = soilsweep("plan", file, "--store", store, "--try", "--json")
    assert json.loads(said.out)["tried"] == {
        "members": 84, "cells": 4, "rows": 20, "ok": 21, "out_of_range": 63,
    }  # fmt: skip
    assert tree(tmp_path) == before


def test_no_try_goes_on_and_a_begun_run_is_not_tried_again(tmp_path, monkeypatch):
    mostly_kelvin(tmp_path)
    file, store = tmp_path / "small.yaml", tmp_path / "sites.zarr"
    said = soilsweep("run", file, "--store", store, "--no-try")
    assert said.code == 3
    assert "60 members failed" in said.err

    def never(planned):
        raise AssertionError("tried again")

    monkeypatch.setattr("ensemble.runs.run.attempt", never)
    assert soilsweep("run", file, "--store", store).code == 3


def test_a_scenario_that_allows_failures_is_begun(tmp_path):
    outcome = ensemble.run(mostly_kelvin(tmp_path, SITES + "failed_limit: 0.8\n"))
    assert outcome.failed == 60


def test_what_no_range_knows_is_told_by_its_status(tmp_path):
    """Litter of zero is within every range, and no equilibrium has microbes without it."""
    text, none = SITES, ("g C m-2 yr-1", (0.0, 0.0, 0.0, 5.0))
    planned = sites(tmp_path, text, litter_input=none)
    assert planned.outlook.certain == 0.0
    with pytest.raises(PlanError, match=r"63 out_of_range: a driver or a parameter leaves"):
        ensemble.run(planned)


def test_a_thin_tail_that_fails_does_not_stop_a_run(tmp_path):
    text = SITES.replace("beta: {uniform: [1.1, 2.0]}", "e1: {normal: [0.55, 0.3]}")
    planned = sites(tmp_path, text.replace("n: 20", "n: 200"))
    outcome = ensemble.run(planned)
    assert 0.05 < outcome.failed_share < 0.2


def test_kernels_of_others_are_never_tried(tmp_path):
    """One that ends its process would do so before there is a store to note it in."""
    file = write(tmp_path, n=4, block=1)
    planned = ensemble.plan(scenarios.load(file), store=tmp_path / "x.zarr")
    assert not trial.may_be_tried(planned)
    said = soilsweep("plan", file, "--store", tmp_path / "x.zarr", "--try")
    assert "programs and kernels of other packages are not tried" in said.out


def test_chains_are_tried_where_every_link_is_ours(tmp_path):
    planned = ensemble.plan(scenarios.load("jian2021-parameters"), store=tmp_path / "x.zarr")
    assert trial.may_be_tried(planned)
    *others, models = planned.experiment.options.links
    # Others' kernel may have the name of one of ours.
    for name in ("quick", "corpse"):
        foreign = replace(models[-1], kernel=replace(quick.KERNEL, name=name))
        options = replace(planned.experiment.options, links=(*others, (*models[:-1], foreign)))
        experiment = replace(planned.experiment, options=options)
        assert not trial.may_be_tried(replace(planned, experiment=experiment))


def test_a_trial_changes_no_byte_of_the_run(tmp_path):
    kinds = []
    for k, first in enumerate((True, False)):
        again = plan(tmp_path, store=f"{k}.zarr")
        ensemble.run(again, try_first=first, workers=1)
        kinds.append({n: d for n, d in tree(again.path).items() if "c.0" in n})
    assert kinds[0].keys() == kinds[1].keys()
    assert kinds[0] == kinds[1]
