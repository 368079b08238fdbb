"""Parameters that follow another that is searched: what they are, and when they are refused."""

import calibrated
import numpy as np
import pytest
import xarray as xr

import ensemble
from scenarios import ScenarioError


def tied(words):
    """Return twins with a section of ties."""
    return calibrated.changed("  restarts: 2", f"  restarts: 2\n  tied: {words}")


@pytest.fixture(scope="module")
def found(sites):
    """Return what is found of efficiencies of which three follow the first."""
    text = tied("{e3: e1, e2: {to: e1, ratio: 0.5}, e4: e1}").replace(
        "    tau_extra: {loguniform: [0.3, 3]}", "    e1: {loguniform: [0.3, 0.7]}"
    )
    return calibrated.run(sites, text=text, workers=1, store="tied.zarr")[1]


def test_what_is_tied_keeps_its_ratio_and_is_kept_with_the_others(found):
    assert [str(n) for n in found.parameter.values] == ["e1", "D1", "e3", "e2", "e4"]
    assert found.lower.attrs["tied_to"].split("; ") == ["", "", "e1", "e1", "e1"]
    # Of the defaults in the set wieder2015, 0.55, 0.75 and 0.35; and as it is said.
    ratios = {"e3": 0.75 / 0.55, "e2": 0.5, "e4": 0.35 / 0.55}
    for name in ("parameters", "population", "equifinal_low", "equifinal_high", "lower", "upper"):
        first = found[name].sel(parameter="e1").values
        for other, ratio in ratios.items():
            values = found[name].sel(parameter=other).values
            np.testing.assert_allclose(values, ratio * first, rtol=1e-15)
    for other in ratios:
        bound = found.at_bound.sel(parameter=other).values
        np.testing.assert_array_equal(bound, found.at_bound.sel(parameter="e1").values)
    assert np.isfinite(found.jacobian_sv.values[:, :2]).all()
    assert np.isnan(found.jacobian_sv.values[:, 2:]).all()


def test_costs_are_those_of_members_with_the_same_values_in_a_table(sites, found):
    names = [str(name) for name in found.parameter.values]
    group, count = 1, 10
    rows = found.population.values[group, 0, :count]
    lines = [",".join(map(repr, row)) for row in rows.tolist()]
    (sites / "candidates.csv").write_text("\n".join([",".join(names), *lines]))
    text = calibrated.TWINS[: calibrated.TWINS.index("calibration:")]
    text += "design: {method: table, path: candidates.csv}\noutputs: {soc_stock: last}\n"
    text += "precision: float64\n"
    planned = ensemble.plan(calibrated.load(sites, text=text, name="table"), store=sites / "t.zarr")
    assert ensemble.run(planned, workers=1).complete
    costs = xr.open_datatree(planned.path, engine="zarr")["j"].values[0]
    mine = found.group_of.values[0] == group
    np.testing.assert_allclose(
        costs[mine].sum(axis=0), found.population_cost.values[group, 0, :count], rtol=1e-12
    )


TIES = {
    "unknown": ("{e33: e1}", "has no parameter 'e33'; did you mean 'e3'?"),
    "searched itself": ("{D1: tau_extra}", "is searched itself; leave it out"),
    "to nothing": ("{e3: e1}", "found to: e1, which is not searched"),
    "to a slip": ("{e3: tau_extr}", "did you mean 'tau_extra'?"),
    "to what is tied": ("{e3: {to: D1, ratio: 1000}, e1: e3}", "which is tied itself"),
    "to a ratio": (
        "{fP_r: tau_extra}\n  search_ratio: {tau_extra: D1}", "searched as its ratio to D1"),
    "no ratio of defaults": ("{Kslope_m: D1, D2: D1}", "have no ratio above 0; say {to: D1"),
    "a ratio of nothing": ("{e3: {to: D1, ratio: 0}}", "needed more than 0"),
    "beyond the kernel": (
        "{e3: {to: tau_extra, ratio: 0.5}}", "0.15 to 1.5, 0.5 x the range of tau_extra"),
    "twice": ("{e3: {to: D1, ratio: 2}, e3: {to: D1, ratio: 1}}", "e3"),
    "a list": ("{e3: [D1]}", "needed a parameter that is searched, or {to: NAME, ratio: 2}"),
}  # fmt: skip


@pytest.mark.parametrize("case", TIES)
def test_ties_are_refused_with_their_line(sites, case):
    words, said = TIES[case]
    text = tied(words)
    with pytest.raises(ScenarioError) as caught:
        calibrated.load(sites, text=text)
    (problem,) = [p for p in caught.value.problems if said in str(p)]
    assert problem.line == 1 + next(k for k, x in enumerate(text.split("\n")) if "tied:" in x)


def test_a_value_of_what_is_tied_is_refused(sites):
    text = tied("{e3: {to: D1, ratio: 2}}") + "parameters: {e3: 0.5}\n"
    with pytest.raises(ScenarioError, match="is tied, and parameters: has a value of it"):
        calibrated.load(sites, text=text)
