"""Options of a kernel, and kernels, side by side: from the scenario to shares of variance."""

import numpy as np
import pytest
import xarray as xr
from anova import shares_of
from chained import forcing as data
from support import give, plan

import ensemble
from ensemble.errors import PlanError
from ensemble.planning.feasibility import summary
from ensemble.report.data.fields import all_fields
from ensemble.report.data.series import all_series
from ensemble.report.page import render
from ensemble.runs.analyze import analyze_store
from ensemble.runs.failing import failures, lines
from ensemble.runs.verify import replay, verify
from ensemble.store.reading import read as read_store
from ensemble.tables.results import Results
from scenarios import ScenarioError
from scenarios.forcing import Locations

PLACES = Locations(tuple("abcde"), {"lat": np.arange(5.0), "area": np.full(5, 2e9)})

TEXT = """
version: 1
name: variants
kernel: {name: chained.slow, start: [steady, cold], cycle: [5, 20]}
forcing: {reader: synthetic_models, n: 1}
design:
  cross:
    - {method: grid, parameters: {rate: [0.001, 0.004, 0.009, 0.015]}}
    - {method: monte_carlo, n: 3, parameters: {efficiency: {uniform: [0.2, 0.6]}}}
seed: 5
precision: float64
outputs: {rh: {all: year}, stock: {last: year}, slow_carbon: {at: [2002]}}
responses:
  rh_cold: {output: rh, start: cold, cycle: "20", mean: [2001, 2003]}
  rh_steady: {output: rh, where: {start: steady}, cycle: "5", at: 2002}
  more: rh_cold - rh_steady
statistics: {rh: [mean, std, q50], stock: [mean], rh_cold: [mean, std]}
aggregates: {stock: {over: [global], statistics: [mean]}}
block: {location: 2, sample: 6}
"""
KERNELS = TEXT[TEXT.index("forcing:") :]
for old, new in (
    ("rate: [0.001", "slow_rate: [0.001"),
    ('start: cold, cycle: "20", mean', "kernel: slow, mean"),
    ('where: {start: steady}, cycle: "5", at', "kernel: quick, at"),
):
    KERNELS = KERNELS.replace(old, new)
KERNELS = (
    """
version: 1
name: kernels
kernel: [{name: chained.slow, start: cold}, {name: chained.quick, faster: 1.5}]
"""
    + KERNELS
)


def forcings():
    given = []
    for one in (data.forcing(locations=PLACES), data.forcing("there", 5.0, locations=PLACES)):
        drivers = {"litter" if n == "gpp" else n: v for n, v in one.drivers.items()}
        given.append(data.forcing(one.name, locations=PLACES, drivers=drivers))
    return given


@pytest.fixture(autouse=True, scope="module")
def _forcings():
    with pytest.MonkeyPatch.context() as patched:
        give(patched, forcings())
        yield


def run(folder, text=TEXT, **kwargs):
    planned = plan(folder, text=text, **kwargs)
    assert ensemble.run(planned, workers=1).complete
    return planned


@pytest.fixture(scope="module")
def finished(tmp_path_factory, _forcings):
    return run(tmp_path_factory.mktemp("finished"))


@pytest.fixture(scope="module")
def several(tmp_path_factory, _forcings):
    return run(tmp_path_factory.mktemp("several"), KERNELS)


def without_responses(text):
    """Return a scenario without what names a place along an option."""
    kept = text[: text.index("responses:")] + text[text.index("statistics:") :]
    return kept.replace(", rh_cold: [mean, std]", "")


@pytest.mark.parametrize("start", ["steady", "cold"])
def test_bits_of_a_variant_are_those_of_its_option_alone(finished, tmp_path, start):
    both = xr.open_datatree(finished.path, engine="zarr")
    assert both["rh"].dims == ("forcing", "location", "start", "cycle", "time", "sample")
    assert both["start"].values.tolist() == ["steady", "cold"]
    assert both["cycle"].values.tolist() == ["5", "20"]
    alone = without_responses(TEXT).replace("[steady, cold]", start).replace("[5, 20]", "20")
    of_one = xr.open_datatree(run(tmp_path, alone).path, engine="zarr")
    for name in ("rh", "stock", "slow_carbon", "control/rh", "control/stock", "statistics/rh_mean",
                 "statistics/rh_std", "aggregates/stock_global"):  # fmt: skip
        chosen = both[name].sel(start=start, cycle="20")
        np.testing.assert_array_equal(chosen, of_one[name], err_msg=name)
    np.testing.assert_array_equal(both["status"], of_one["status"])


def test_kernels_of_a_list_have_the_bits_of_each_alone(several, tmp_path):
    both = xr.open_datatree(several.path, engine="zarr")
    assert both["rh"].dims == ("forcing", "location", "kernel", "time", "sample")
    assert both["kernel"].values.tolist() == ["slow", "quick"]
    assert "kernel" not in both["slow_carbon"].dims
    alone = without_responses(KERNELS).replace("slow_rate", "rate")
    line = next(line for line in alone.splitlines() if line.startswith("kernel:"))
    alone = alone.replace(line, "kernel: {name: chained.slow, start: cold}")
    of_one = xr.open_zarr(run(tmp_path, alone).path)
    np.testing.assert_array_equal(both["rh"].sel(kernel="slow"), of_one["rh"])
    np.testing.assert_array_equal(both["slow_carbon"], of_one["slow_carbon"])
    values = both["efficiency"].values
    assert len(values) == 12
    # What the quick kernel lacks is not varied in it: rows that differ in it alone are equal.
    rows = both["rh"].sel(kernel="quick")
    for k, row in enumerate(values):
        first = int(np.flatnonzero(values == row)[0])
        np.testing.assert_array_equal(rows[..., k], rows[..., first])
    assert len(np.unique(rows[0, 0, 0])) == 3
    assert len(np.unique(both["rh"].sel(kernel="slow")[0, 0, 0])) == 12


def test_responses_choose_a_place(finished, several):
    found = xr.open_zarr(finished.path)
    chosen = found.rh.sel(start="cold", cycle="20").mean("time")
    np.testing.assert_allclose(found.rh_cold, chosen, rtol=1e-14)
    np.testing.assert_array_equal(found.rh_steady, found.rh.sel(start="steady", cycle="5")[:, :, 1])
    np.testing.assert_array_equal(found.more, found.rh_cold - found.rh_steady)
    found = xr.open_zarr(several.path)
    np.testing.assert_array_equal(found.rh_steady, found.rh.sel(kernel="quick")[:, :, 1])


def test_a_plan_prints_what_stands_side_by_side_and_what_each_costs(finished, several):
    said = summary(finished, 1)
    assert said["kernel"] == "chained.slow"
    assert said["variants"] == dict.fromkeys(
        ("steady_5", "steady_20", "cold_5", "cold_20"), "2e-05 s a member"
    )
    assert summary(several, 1)["variants"] == {
        "slow": "2e-05 s a member", "quick": "3e-05 s a member"
    }  # fmt: skip
    assert finished.seconds == pytest.approx(8e-5 * 2 * 5 * 12)


def test_shares_know_options_and_forcings_and_parameters(finished):
    analyze_store(finished.path)
    found = xr.open_datatree(finished.path, engine="zarr")
    share = found["variance/stock_share"]
    assert share.dims == ("location", "term_start_cycle")
    terms = [str(t) for t in share["term_start_cycle"].values]
    assert {"start", "cycle", "forcing", "rate", "efficiency", "start x rate"} <= set(terms)
    values = found["stock"].values
    for place in range(5):
        # (forcing, start, cycle, rate, efficiency) to the order of the terms.
        cube = values[:, place].reshape(2, 2, 2, 4, 3).transpose(1, 2, 0, 3, 4)
        expected = shares_of(np.ascontiguousarray(cube))
        labels = ("start", "cycle", "forcing", "rate", "efficiency")
        by_name = {" x ".join(labels[k] for k in subset): v for subset, v in expected.items()}
        for term, value in zip(terms, share[place].values, strict=True):
            assert value == pytest.approx(by_name[term], abs=1e-12)
        assert share[place].sum() == pytest.approx(1.0, abs=1e-12)
    assert float(share.sel(term_start_cycle="start").min()) > 0
    # Nothing comes of the cycle here.
    assert float(share.sel(term_start_cycle="cycle").max()) == pytest.approx(0, abs=1e-12)
    whole = found["variance/aggregates/stock_global_share"]
    assert whole.sum() == pytest.approx(1.0, abs=1e-12)


def test_shares_of_kernels(several):
    analyze_store(several.path)
    share = xr.open_datatree(several.path, engine="zarr")["variance/stock_share"]
    assert share.dims == ("location", "term_kernel")
    assert float(share.sel(term_kernel="kernel").min()) > 0.1
    np.testing.assert_allclose(share.sum("term_kernel"), 1.0, atol=1e-12)


def test_replay_verify_and_resume(finished):
    store = read_store(finished.path)
    assert not replay(store, (1, 3, 7)).differences
    found = verify(store, rerun=4)
    assert found.members == 4
    assert not found.damage
    outcome = ensemble.run(plan(finished.path.parent, text=TEXT), workers=1)
    assert outcome.complete
    assert outcome.ran == 0


def test_other_values_of_an_option_stop_a_resumed_run(finished):
    other = plan(finished.path.parent, text=TEXT.replace("cycle: [5, 20]", "cycle: [5, 20, 30]"))
    with pytest.raises(PlanError, match=r"kernel.cycle.* was .* is now"):
        ensemble.run(other, workers=1)


def test_a_stopped_run_goes_on(tmp_path, finished):
    planned = plan(tmp_path, text=TEXT)
    calls = []

    def stop():
        calls.append(1)
        return len(calls) > 3

    outcome = ensemble.run(planned, workers=1, stop=stop)
    assert not outcome.complete
    assert ensemble.run(plan(tmp_path, text=TEXT), workers=1).complete
    assert read_store(planned.path).digest() == read_store(finished.path).digest()


def test_outputs_by_expression_have_the_dimension(tmp_path):
    text = TEXT.replace(
        "outputs: {", "derived: {turnover: slow_carbon / rh}\noutputs: {turnover: all, "
    )
    planned = run(tmp_path, text)
    assert list(summary(planned, 1)["variants"]) == ["steady_5", "steady_20", "cold_5", "cold_20"]
    found = xr.open_zarr(planned.path)
    assert found.turnover.dims == ("forcing", "location", "start", "cycle", "time", "sample")
    expected = found.slow_carbon[..., 0, :] / found.rh[..., 1, :]
    np.testing.assert_allclose(found.turnover[..., 1, :], expected, rtol=1e-14)


def test_a_status_says_which_of_them_fails(tmp_path):
    text = KERNELS.replace("0.009, 0.015]", "0.0195, 0.02]").replace("seed: 5", "failed_limit: 1")
    planned = run(tmp_path, text)
    found = xr.open_zarr(planned.path)
    failed = found.slow_rate.values > 0.019
    assert failed.sum() == 6
    assert ((found.status != 0) == failed).all()
    # All of a member is left out: what is compared has the same rows.
    assert np.isnan(found.rh.values[..., failed]).all()
    results = Results(read_store(planned.path))
    (told,) = failures(results, planned.layout)
    assert told["of"] == ["slow"]
    assert "  in slow" in lines([told])


MISUSE = {
    "no place": (
        'start: cold, cycle: "20", mean', "mean",
        "responses.rh_cold: output 'rh' is along start (steady, cold); say start: steady",
    ),
    "no such place": (
        "start: cold", "start: stedy",
        "responses.rh_cold.start: no start 'stedy'; did you mean 'steady'?",
    ),
    "no such dimension": (
        "start: cold", "start: cold, begin: cold", "responses.rh_cold.begin: unknown key 'begin'",
    ),
    "a misspelt key": (
        "start: cold", "start: cold, outptu: rh",
        "responses.rh_cold.outptu: unknown key 'outptu'; did you mean 'output'?",
    ),
    "a number": (
        'cycle: "20"', "cycle: 30", "responses.rh_cold.cycle: no cycle '30'; available: 20, 5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_of_places_is_told_with_its_line(tmp_path, case):
    old, new, text = MISUSE[case]
    assert old in TEXT
    with pytest.raises(ScenarioError) as caught:
        plan(tmp_path, text=TEXT.replace(old, new))
    assert text in str(caught.value)
    assert "small.yaml:14:" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ("[steady, cold]", "[steady, cold, steady]", 4, "kernel.start[2]: found steady a second"),
        ("[steady, cold]", "[]", 4, "kernel.start: found an empty list; needed one value"),
        ("[steady, cold]", "[cold]", 4, "kernel.start: found a list of cold alone"),
        ("[steady, cold]", "[cold, war]", 4, "kernel.start[1]: found 'war'; needed 'steady'"),
        ("rate: [0", "rat: [0", 8, "kernel 'chained.slow' has no parameter 'rat'"),
    ],
)
def test_misuse_of_options_is_told_with_its_line(tmp_path, old, new, line, text):
    with pytest.raises(ScenarioError) as caught:
        plan(tmp_path, text=TEXT.replace(old, new))
    assert f"small.yaml:{line}: {text}" in str(caught.value) or (
        f"small.yaml:{line}:" in str(caught.value) and text in str(caught.value)
    )


def test_places_of_faults_of_a_list_are_its_entries(tmp_path):
    text = KERNELS.replace("faster: 1.5", "fast: 1.5")
    with pytest.raises(ScenarioError, match=r"small.yaml:4: kernel\[1\].fast: kernel"):
        plan(tmp_path, text=text)


@pytest.fixture(scope="module")
def results(finished):
    return Results(read_store(finished.path))


def test_figures_have_each_place_side_by_side(finished, results):
    members = xr.open_zarr(finished.path)
    series = {s.line: s for s in all_series(results, 1) if s.name == "rh"}
    assert list(series) == [
        f"start {start}, cycle {cycle}" for start in ("steady", "cold") for cycle in (5, 20)
    ]
    chosen = members.rh.sel(start="cold", cycle="5")[:, 1].mean("sample")
    np.testing.assert_allclose(series["start cold, cycle 5"].mean, chosen, rtol=1e-12)
    fields = {field.name: field for field in all_fields(results)}
    stock = fields["stock"]
    assert stock.models == tuple(series)
    assert stock.along == "start, cycle"
    mean = members.stock.mean("sample").values.reshape(2, 5, 4)
    np.testing.assert_allclose(stock.values, mean.transpose(2, 0, 1), rtol=1e-12)


@pytest.mark.slow
def test_the_page_has_each_of_them(finished):
    analyze_store(finished.path)
    page = render(read_store(finished.path))
    assert "one line each of start steady, cycle 5, start steady, cycle 20" in page
    assert "stock: location" in page
