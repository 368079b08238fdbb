"""Expressions and transforms of responses, from the scenario to the store and its indices."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import rankdata
from support import SMALL, load, plan, run

import ensemble
import scenarios
from ensemble.members import undefined
from ensemble.members.undefined import lines
from ensemble.planning.feasibility import summary
from ensemble.runs.analyze import analyze_store
from ensemble.runs.verify import replay, verify
from ensemble.store.reading import read

RESPONSES = """responses:
  late: log10(early)
  early: max(net, 0)
  net: d_soil - 60 [Pg C]
  d_total: {output: c_total, change: [1901, 2018]}
  d_soil: {output: c_soil, change: [1901, 2018]}
  net_flux: {expression: litter - rh_box, mean: [1990, 2000]}
  turnover: {expression: c_soil / rh_box, at: 2000}
  root: {expression: d_soil * d_total, transform: sqrt}
  logged: {output: c_soil, at: 2018, transform: log10}
  both: {combine: {late: 2, spare: -1}}
  spare: log10(d_total * 1e3)
statistics:
  late: [mean, std, min, max, q50, {above: 0.5}]
  both: [mean]
  c_soil: [mean]
"""
TEXT = SMALL[: SMALL.index("responses:")] + RESPONSES + "histograms: {bins: 200}\n"
NAMES = ("late", "early", "net", "net_flux", "turnover", "root", "logged", "both", "spare")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    planned = plan(tmp_path_factory.mktemp("done"), text=TEXT)
    return planned, ensemble.run(planned, workers=1)


@pytest.fixture(scope="module")
def found(done):
    return xr.open_datatree(done[0].path, engine="zarr")


def by_hand(found):
    """Return the responses from what is stored; outputs are float32 there."""
    soil, total = found["d_soil"].values, found["d_total"].values
    with np.errstate(all="ignore"):
        late = np.log10(np.maximum(soil - 60.0, 0.0))
        late[~np.isfinite(late)] = np.nan
        spare = np.log10(total * 1e3)
        root = np.sqrt(soil * total)
    root[~np.isfinite(root)] = np.nan
    spare[~np.isfinite(spare)] = np.nan
    return {
        "late": late, "early": np.maximum(soil - 60.0, 0.0), "net": soil - 60.0,
        "root": root, "spare": spare, "both": 2 * late - spare,
    }  # fmt: skip


def test_responses_are_those_by_hand(found):
    for name, values in by_hand(found).items():
        np.testing.assert_array_equal(found[name].values, values, err_msg=name)
    soil = found["c_soil"].isel(time=-1).values.astype(np.float64)
    np.testing.assert_allclose(found["logged"].values, np.log10(soil), rtol=1e-7)


def test_what_is_asked_of_an_expression_is_asked_of_its_values(tmp_path):
    text = TEXT.replace("outputs:", "precision: float64\noutputs: {litter: all, rh_box: all,")
    text = text.replace("rh_box: all, {", "rh_box: all, ")
    planned = plan(tmp_path, text=text)
    ensemble.run(planned, workers=1)
    found = xr.open_zarr(planned.path)
    years = found.year.values
    flux = (found.litter - found.rh_box)[:, :, (years >= 1990) & (years <= 2000)].mean("time")
    np.testing.assert_allclose(found.net_flux, flux, rtol=1e-12, atol=1e-13)
    age = (found.c_soil / found.rh_box)[:, :, years == 2000]
    np.testing.assert_array_equal(found.turnover, age.squeeze("time"))


def test_units_and_words_are_in_the_store(found):
    units = {name: found[name].attrs["units"] for name in NAMES}
    assert units == {
        "late": "log10(Pg C)", "early": "Pg C", "net": "Pg C", "net_flux": "Pg C yr-1",
        "turnover": "yr", "root": "Pg C", "logged": "log10(Pg C)", "both": "log10(Pg C)",
        "spare": "log10(Pg C)",
    }  # fmt: skip
    assert found["turnover"].attrs["long_name"] == "at of c_soil / rh_box, 2000"
    assert found["late"].attrs["long_name"] == "log10(early)"


def test_a_plan_tells_units(done):
    said = summary(done[0], 1)["responses"]
    assert said["late"] == "[log10(Pg C)]"
    assert said["turnover"] == "[yr]"


def test_what_is_no_number_is_counted_told_and_in_no_statistic(done, found):
    _, outcome = done
    late = found["late"].values
    missing = np.isnan(late).sum(axis=-1)
    assert missing.any()
    assert (missing < 200).all()
    np.testing.assert_array_equal(found["undefined/late"].values, missing)
    np.testing.assert_array_equal(found["undefined/both"].values, missing)
    assert (found["status"].values == 0).all()
    for word in ("mean", "std", "min", "max"):
        values = getattr(np, f"nan{word}")(late, axis=-1)
        np.testing.assert_allclose(found[f"statistics/late_{word}"].values, values, rtol=1e-11)
    above = (late > 0.5).sum(axis=-1) / np.isfinite(late).sum(axis=-1)
    np.testing.assert_allclose(found["statistics/late_above_0.5"].values, above, rtol=1e-12)
    (both, said) = (next(t for t in outcome.warnings if f".{n}:" in t) for n in ("both", "late"))
    f, place = np.unravel_index(missing.argmax(), missing.shape)
    forcing = found["forcing"].values[f]
    assert f"{missing.sum()} members that ran have no finite number" in said
    assert f"at worst {missing[f, place]} of 200 at {forcing}" in said
    assert "missing in its statistics" in both


def test_a_member_alone_and_other_blocks_have_the_same_bits(done, tmp_path):
    planned, _ = done
    store = read(planned.path)
    for member in [(0, 0, 0), (3, 0, 199), (2, 0, 77)]:
        assert replay(store, member).differences == []
    assert verify(store, rerun=8).damage == []
    other = plan(tmp_path, "block={sample: 25}", text=TEXT)
    ensemble.run(other, workers=2)
    one, two = xr.open_datatree(planned.path), xr.open_datatree(other.path)
    for name in (*NAMES, "undefined/late", "statistics/late_q50"):
        np.testing.assert_array_equal(one[name].values, two[name].values, err_msg=name)


def test_an_expression_can_be_added_when_blocks_are_done(tmp_path):
    first = TEXT.replace("  late: log10(early)\n", "").replace(
        "  both: {combine: {late: 2, spare: -1}}\n", ""
    )
    first = first[: first.index("statistics:")] + "statistics: {d_soil: [mean]}\n"
    planned, _ = run(tmp_path, text=first, workers=1)
    again, _ = run(tmp_path, text=TEXT.replace("\n  c_soil: [mean]", "\n  d_soil: [mean]"),
                   workers=1, accept_changes="asked more")  # fmt: skip
    assert again.path == planned.path
    late = xr.open_datatree(planned.path, engine="zarr")
    np.testing.assert_array_equal(late["late"].values, by_hand(late)["late"])
    np.testing.assert_array_equal(
        late["undefined/late"].values, np.isnan(late["late"].values).sum(axis=-1)
    )


REFUSED = {
    "late: log10(erly)": ("no output or response 'erly'; did you mean 'early'?", "log10(erly)", 6),
    "late: log10(early) +": ("found the end; needed a number", "log10(early) +", 14),
    "late: d_soil + litter * 2": None,
    "late: c_soil * 2": "yaml:14: responses.late: the expression has dimensions (time); say what",
    "late: {expression: d_soil, at: 2000}": None,
    "late: early + both": "responses.late: goes round in a circle: late of both of late",
    "late: {expression: early, output: c_soil}": "found output: and expression:; needed one of",
    "late: {expression: c_soil, layer: 5}": "has dimensions (time); needed an expression with",
    "late: {expression: early, transform: log}": "needed 'log10', 'log1p', 'sqrt' or 'rank'",
    "late: 3": "found 3; needed an expression, such as rh - npp, or {output:",
    "late: {expression: c_soil, at: 2050}": "year 2050 is not in the run",
    "late: {expression: log10(c_soil), sum: [1990, 2000]}": "found sum of 'log10(Pg C)'",
    "late: {expression: early, transform: rank}": "'late' has no rank before all members ran",
}


@pytest.mark.parametrize(("line", "told"), REFUSED.items())
def test_what_does_not_fit_is_refused_at_its_line(tmp_path, line, told):
    text = TEXT.replace("late: log10(early)", line)
    try:
        plan(tmp_path, text=text)
        said = ""
    except scenarios.ScenarioError as error:
        said = str(error)
    if isinstance(told, tuple):
        words, shown, at = told
        assert words in said
        assert f"\n    {shown}\n    {' ' * at}^" in said
    elif told is None:
        assert "small.yaml:" in said
    else:
        assert told in said
    assert not (tmp_path / "run.zarr").exists()


def test_all_problems_of_all_expressions_are_told_at_once(tmp_path):
    text = TEXT.replace("late: log10(early)", "late: log10(early")
    text = text.replace("net: d_soil - 60 [Pg C]", "net: d_soil - 60 [kg m-2]")
    text = text.replace("spare: log10(d_total * 1e3)", "spare: log(d_totl)")
    with pytest.raises(scenarios.ScenarioError) as caught:
        load(tmp_path, text)
    where = [problem.where for problem in caught.value.problems]
    assert where == [f"responses.{name}.expression" for name in ("late", "net", "spare")]


MORRIS = """
version: 1
name: ranked
kernel: two_box
forcing: {reader: synthetic_models, n: 2}
design: {method: morris, trajectories: 20, parameters: {tau_veg_obs: {uniform: [5, 15]},
         tau_soil_obs: {uniform: [20, 80]}}}
seed: 3
responses:
  plain: {output: c_soil, at: 2018}
  place: {output: c_soil, at: 2018, transform: rank}
"""


def test_ranks_are_made_when_indices_are(tmp_path):
    planned, _ = run(tmp_path, text=MORRIS, workers=1)
    analyze_store(planned.path)
    found = xr.open_datatree(planned.path, engine="zarr")
    np.testing.assert_array_equal(found["place"].values, found["plain"].values)
    assert found["place"].attrs["units"] == "Pg C"
    index = found["sensitivity/place_mu_star"]
    assert index.attrs["units"] == "1"
    design = planned.experiment.design()
    values = found["plain"].values
    ranks = np.array([[(rankdata(row) - 0.5) / len(row) for row in f] for f in values])
    expected = np.stack([design.analyze(each)["mu_star"] for each in ranks])
    np.testing.assert_array_equal(index.values, expected)


def test_ranks_stand_where_indices_are_alone(tmp_path):
    for section in ("statistics: {place: [mean]}", "aggregates: {place: [global_mean]}"):
        with pytest.raises(scenarios.ScenarioError, match="'place' has no rank before all"):
            load(tmp_path, f"{MORRIS}{section}\n")
    text = MORRIS.replace("trajectories: 20", "trajectories: 400_000")
    with pytest.raises(scenarios.ScenarioError, match="too many to keep responses, which ranks"):
        plan(tmp_path, text=text)


def test_older_responses_are_not_looked_at(tmp_path):
    planned = plan(tmp_path)
    assert undefined.watched(planned.layout) == ()
    ensemble.run(planned, workers=1)
    assert lines(read(planned.path)) == []
