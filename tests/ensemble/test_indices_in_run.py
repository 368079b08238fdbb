"""Sensitivity indices found inside a run, with no member stored."""

import json

import numpy as np
import pytest
import xarray as xr
from commandline import members, refused, soilsweep
from steep import write_steep
from support import plan, run

import ensemble
from ensemble.farming.finishing import finalise
from ensemble.members import work as members_module
from ensemble.members.reopening import open_work
from ensemble.planning import requests
from ensemble.runs.analyze import analyze_store
from ensemble.runs.verify import verify
from ensemble.store.reading import read as read_store
from scenarios import ScenarioError

TEXT = """
version: 1
name: inside
kernel: two_box
forcing: {{reader: synthetic_models, n: 2}}
design: {design}
seed: 5
precision: float64
{more}
{keep}
statistics:
  c_soil: {requests}
  late: {requests}
{responses}
"""
RESPONSES = "responses: {late: {output: c_total, at: 2018}}"
SPAN = "{tau_veg_obs: {uniform: [6, 15]}, tau_soil_obs: {uniform: [%s, 60]}}"
MORRIS = "{method: morris, trajectories: 24, levels: 20, resamples: 50, parameters: %s}"
SOBOL = "{method: sobol, n: 16, second_order: true, resamples: 40, parameters: %s}"
DESIGNS = {
    "morris": (MORRIS, ["mu", "mu_star", "sigma", "theta", "mu_star_conf"]),
    "sobol": (SOBOL, ["S1", "ST", "S2", "S1_conf", "ST_conf", "S2_conf"]),
}


def text(method, *, lowest=20, keep="", more=""):
    design, requests = DESIGNS[method]
    return TEXT.format(
        design=design % (SPAN % lowest),
        requests=json.dumps(requests),
        responses=RESPONSES,
        keep=keep,
        more=more,
    )


def compare(path, method, *, rtol=1e-12):
    """Compare what is in the store with the design's analysis of its own members."""
    tree = ensemble.open_run(path)
    layout = open_work(read_store(path)).layout
    requests = DESIGNS[method][1]
    for target in ("c_soil", "late"):
        values = np.asarray(tree[target].values, dtype=float)
        # The width of effects that are all the same is rounding of the values.
        atol = 1e-12 * max(1.0, np.nanmax(np.abs(values)))
        for f in range(len(values)):
            expected = layout.sampler.design(f, 0).analyze(values[f])
            lost = expected["effective"][..., 0] < 0.8 * (24 if method == "morris" else 16)
            for name in requests:
                want = expected[name].copy()
                want[lost] = np.nan
                found = tree[f"statistics/{target}_{name}"].values[f]
                np.testing.assert_allclose(found, want, rtol=rtol, atol=atol, err_msg=name)
            np.testing.assert_array_equal(
                tree[f"statistics/{target}_effective"].values[f], expected["effective"][..., 0]
            )
    return tree


@pytest.mark.parametrize("method", DESIGNS)
def test_indices_of_every_year_are_those_of_the_stored_members(tmp_path, method):
    _, outcome = run(tmp_path, text=text(method, keep="outputs: {c_soil: all}"))
    tree = compare(outcome.path, method)
    name = DESIGNS[method][1][0]
    assert tree[f"statistics/c_soil_{name}"].dims == ("forcing", "location", "time", "effect")
    assert list(tree["statistics/effect"].values) == ["tau_veg_obs", "tau_soil_obs"]
    assert not outcome.warnings
    assert "effect" in xr.open_datatree(outcome.path, engine="zarr")["statistics"].coords
    if method == "sobol":
        pair = tree["statistics/late_S2"].sel(effect="tau_veg_obs", effect_2="tau_soil_obs")
        assert np.isfinite(pair).all()
    analyze_store(outcome.path)
    both = ensemble.open_run(outcome.path)
    for name in DESIGNS[method][1]:
        np.testing.assert_allclose(
            both[f"statistics/late_{name}"],
            both[f"sensitivity/late_{name}"],
            rtol=1e-12,
            atol=1e-12,
        )


@pytest.mark.parametrize("method", DESIGNS)
def test_blocks_of_any_length_give_the_same_and_no_member_is_needed(tmp_path, method):
    whole = run(tmp_path, text=text(method), store="whole.zarr")[1]
    small = run(tmp_path, "block.sample=20", text=text(method), store="small.zarr")[1]
    assert small.blocks > whole.blocks
    trees = [ensemble.open_run(o.path) for o in (whole, small)]
    assert "c_soil" not in trees[0]
    for target in ("c_soil", "late"):
        for name in DESIGNS[method][1]:
            one, other = (t[f"statistics/{target}_{name}"].values for t in trees)
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("method", DESIGNS)
def test_a_run_stopped_and_continued_has_the_same_bytes(tmp_path, method):
    settings = ("block.sample=18",)
    straight = run(tmp_path, *settings, text=text(method), store="a.zarr", workers=1)[1]
    asked = iter([False, False, True])
    cut = {"workers": 1, "stop": lambda: next(asked, True)}
    planned, half = run(tmp_path, *settings, text=text(method), store="b.zarr", **cut)
    assert not half.complete
    again = ensemble.run(planned, workers=2)
    assert members(straight.path) == members(again.path)
    assert not verify(read_store(again.path), rerun=2).damage


@pytest.mark.parametrize("most", [60, 12])
@pytest.mark.parametrize("method", DESIGNS)
def test_failed_members_take_their_units_with_them(tmp_path, method, most):
    write_steep(tmp_path)
    more = "out_of_range: flag\nfailed_limit: 1\nblock: {sample: 30}"
    words = text(method, lowest=2, keep="outputs: {c_soil: all}", more=more)
    words = words.replace("synthetic_models, n: 2", "annual_table, path: steep.csv")
    words = words.replace("[2, 60]", f"[2, {most}]")
    _, outcome = run(tmp_path, text=words)
    assert outcome.failed
    tree = compare(outcome.path, method)
    whole = 24 if method == "morris" else 16
    left = tree["statistics/late_effective"].values
    assert (left < whole).any()
    lost = left < 0.8 * whole
    index = tree[f"statistics/late_{DESIGNS[method][1][0]}"].values
    assert (np.isnan(index).all(axis=-1) == lost).all()
    assert lost.all() == (most == 12)
    said = [text for text in outcome.warnings if "late: 3 of 3 rows have no indices" in text]
    assert len(said) == (most == 12)


def test_rows_of_their_own_for_each_location_and_forcing(tmp_path):
    more = "independent: [forcing, location]"
    words = text("morris", keep="outputs: {c_soil: all}", more=more)
    _, outcome = run(tmp_path, text=words)
    compare(outcome.path, "morris")


def test_a_part_of_a_block_that_parts_units_can_be_probed(tmp_path):
    """What is halved to find a fatal member is cut anywhere."""
    planned = plan(tmp_path, text=text("morris"))
    work = members_module.EnsembleWork(planned.experiment, planned.layout)
    work.probe((0, 0, 0), (0, 1, 1, 5))
    work.probe((0, 0, 0), (0, 1, 3, 6))
    work.compile()


def test_finishing_again_changes_nothing(tmp_path):
    _, outcome = run(tmp_path, text=text("sobol"))
    before = members(outcome.path)
    store = read_store(outcome.path)
    finalise(store, open_work(store), store.committed())
    assert members(outcome.path) == before


# --- refusals ---

CROSS = "{cross: [{method: sobol, n: 4, parameters: {tau_veg_obs: {uniform: [6, 15]}}}, "
CROSS += "{method: sobol, n: 4, parameters: {tau_soil_obs: {uniform: [20, 60]}}}]}"
LATIN = "{method: latin_hypercube, n: 12, parameters: %s}"


@pytest.mark.parametrize(
    ("design", "request_", "fragments"),
    [
        (LATIN % (SPAN % 20), "mu_star", ["found a latin_hypercube design", "method: morris"]),
        (SOBOL % (SPAN % 20), "theta", ["found a sobol design", "trajectories"]),
        (MORRIS % (SPAN % 20), "S1", ["found a morris design", "method: sobol"]),
        (CROSS, "ST", ["found a cross design", "no cross around it"]),
        (
            (SOBOL % (SPAN % 20)).replace("second_order: true, ", ""),
            "S2",
            ["second_order: false", "second_order: true"],
        ),
        (
            (MORRIS % (SPAN % 20)).replace("resamples: 50", "resamples: 0"),
            "mu_star_conf",
            ["resamples: 0", "2 or more"],
        ),
    ],
)
def test_a_statistic_of_another_design_is_refused_with_its_place(
    tmp_path, design, request_, fragments
):
    file = tmp_path / "s.yaml"
    words = TEXT.format(
        design=design,
        requests=json.dumps(["mean", request_]),
        responses=RESPONSES,
        keep="",
        more="",
    )
    file.write_text(words)
    for command in ("validate", "plan"):
        said = soilsweep(command, file)
        refused(said, "statistics.c_soil[1]", "statistics.late[1]", *fragments, lines=None)


def test_a_typo_names_the_nearest(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text(text("morris").replace("mu_star", "mu_stra"))
    refused(
        soilsweep("validate", file),
        "unknown statistic 'mu_stra'; did you mean 'mu_star'?",
        lines=None,
    )


def test_sums_that_fill_the_memory_are_refused_with_advice(tmp_path, monkeypatch):
    monkeypatch.setattr(requests, "MOST_SUMS_BYTES", 10_000)
    with pytest.raises(ScenarioError, match=r"found sums of .* MiB at each.*fewer resamples") as e:
        plan(tmp_path, text=text("morris"))
    assert "statistics.c_soil" in str(e.value)
    assert "statistics.late" not in str(e.value)
