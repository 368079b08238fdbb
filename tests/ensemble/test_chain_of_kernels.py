"""A chain of kernels with models side by side, from the scenario to the report."""

from dataclasses import replace

import chained
import numpy as np
import pytest
import xarray as xr
from chained import DAYS
from chained import forcing as data
from chained._soil import step
from layered import model as layered
from support import give, plan

import ensemble
from ensemble.errors import PlanError
from ensemble.members import tile_sizes
from ensemble.members import tiles as tiles_module
from ensemble.members.experiment import Experiment, identity
from ensemble.members.reopening import open_experiment, open_work
from ensemble.members.tiles import Tiler
from ensemble.planning.identity import digest
from ensemble.report.data.series import all_series
from ensemble.report.figures.parts.panels import Ruler, panels
from ensemble.report.figures.parts.style import finish
from ensemble.report.page import render
from ensemble.runs.verify import replay, verify
from ensemble.store.reading import read as read_store
from ensemble.tables.results import Results
from kernels import STATUSES
from scenarios.response_sections import Response
from scenarios.responses import problems

TEXT = """
version: 1
name: chained
kernel:
  chain:
    - chained.leaves
    - models: [chained.slow, {name: chained.quick, faster: 1.5}]
  start: steady
forcing: {reader: synthetic_models, n: 1}
design:
  cross:
    - {method: monte_carlo, n: 6, parameters: {share: {uniform: [0.2, 0.9]}}}
    - method: monte_carlo
      n: 4
      parameters:
        slow_rate: {uniform: [0.001, 0.015]}
        quick_rate: {uniform: [0.01, 0.05]}
        efficiency: {uniform: [0.2, 0.6]}
seed: 5
precision: float64
outputs: {rh: {all: year}, stock: {last: year}, slow_carbon: {at: [2002]}, litter: all}
responses:
  rh_slow: {output: rh, model: slow, mean: [2001, 2003]}
  rh_quick: {output: rh, where: {model: quick}, at: 2002}
  stock_slow: {output: stock, model: slow, value: true}
  more: {combine: {rh_slow: 1, rh_quick: -1}}
statistics: {rh: [mean, std, q50], stock: [mean], rh_slow: [mean, std], litter: [mean]}
block: {location: 2, sample: 12}
"""
STATUS = {status.name: status.code for status in STATUSES}


@pytest.fixture(autouse=True, scope="module")
def _forcings():
    with pytest.MonkeyPatch.context() as patched:
        give(patched, data.both())
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory, _forcings):
    planned = plan(tmp_path_factory.mktemp("finished"), text=TEXT)
    assert ensemble.run(planned, workers=1).complete
    return planned


def plainly(gpp, temperature, rate, share, efficiency, start):
    """Return carbon at the end and respiration of every year of one member, day by day."""
    carbon, lost = start, [0.0] * (len(gpp) // DAYS)
    for day in range(len(gpp)):
        litter = float(gpp[day]) * share
        carbon, gone = step(carbon, litter, float(temperature[day]), rate, efficiency)
        lost[day // DAYS] += gone
    return carbon, lost


def test_numbers_are_those_of_a_plain_loop(finished):
    found = xr.open_zarr(finished.path)
    assert found.rh.dims == ("forcing", "location", "model", "time", "sample")
    assert found.model.values.tolist() == ["slow", "quick"]
    assert found.stock.dims == ("forcing", "location", "model", "sample")
    assert (found.status == 0).all()
    for f, place, s in [(0, 0, 0), (1, 3, 23), (0, 4, 11), (1, 2, 12)]:
        drivers = data.both()[f].drivers
        gpp, temperature, clay = (drivers[n][place] for n in ("gpp", "soil_temperature", "clay"))
        row = {n: float(found[n][s]) for n in ("share", "slow_rate", "quick_rate", "efficiency")}
        rates = (row["slow_rate"] * (1 - 0.5 * clay), 1.5 * row["quick_rate"] * (1 - clay))
        for k, (rate, start) in enumerate(zip(rates, (100.0, 10.0), strict=True)):
            carbon, lost = plainly(gpp, temperature, rate, row["share"], row["efficiency"], start)
            np.testing.assert_allclose(found.rh[f, place, k, :, s], lost, rtol=1e-12)
            np.testing.assert_allclose(found.stock[f, place, k, s], carbon, rtol=1e-12)


def test_responses_choose_a_model(finished):
    found = xr.open_zarr(finished.path)
    slow, quick = found.rh.sel(model="slow"), found.rh.sel(model="quick")
    np.testing.assert_allclose(found.rh_slow, slow.mean("time"), rtol=1e-14)
    np.testing.assert_array_equal(found.rh_quick, quick[:, :, 1])
    np.testing.assert_array_equal(found.stock_slow, found.stock.sel(model="slow"))
    np.testing.assert_allclose(found.more, found.rh_slow - found.rh_quick, rtol=1e-12)
    assert found.rh_slow.attrs["long_name"] == "mean of respiration of a year, 2001-2003, slow"


def test_statistics_and_control_have_the_dimension(finished):
    tree = xr.open_datatree(finished.path, engine="zarr")
    found = tree.to_dataset()
    mean = tree["statistics/rh_mean"]
    assert mean.dims == ("forcing", "location", "model", "time")
    np.testing.assert_allclose(mean, found.rh.mean("sample"), rtol=1e-12)
    np.testing.assert_allclose(tree["statistics/rh_std"], found.rh.std("sample"), rtol=1e-9)
    control = tree["control/rh"].sel(model="slow")
    drivers = data.both()[1].drivers
    rate = 0.01 * (1 - 0.5 * drivers["clay"][2])
    _, lost = plainly(drivers["gpp"][2], drivers["soil_temperature"][2], rate, 0.5, 0.4, 100.0)
    np.testing.assert_allclose(control[1, 2], lost, rtol=1e-12)
    np.testing.assert_array_equal(found.date, np.arange(data.N))


def test_vegetation_runs_once_where_no_parameter_of_it_varies(tmp_path):
    design = "{method: monte_carlo, n: 20, parameters: {slow_rate: {uniform: [0.001, 0.01]}}}"
    text = TEXT[: TEXT.index("design:")] + f"design: {design}\nstatistics: {{rh: [mean]}}\n"
    planned = plan(tmp_path, text=text)
    chained.CALLS.made.clear()
    assert ensemble.run(planned, workers=1).complete
    members = {
        name: sum(places * samples for who, places, samples in chained.CALLS.made if who == name)
        for name in ("leaves", "slow", "quick.rates", "quick.pools")
    }
    # Two forcings of five locations, and their control members.
    assert members == {"leaves": 20, "slow": 210, "quick.rates": 20, "quick.pools": 20}
    # What runs once is given all locations of its block, to be as wide as it likes.
    assert {places for who, places, n in chained.CALLS.made if who == "leaves" and n} == {5}


def test_bits_depend_on_no_block_no_tile_and_no_worker(finished, tmp_path):
    expected = xr.open_zarr(finished.path)
    for k, setting in enumerate((("block.sample=7",), ("block.location=5", "block.sample=24"))):
        planned = plan(tmp_path, *setting, text=TEXT, store=f"{k}.zarr")
        assert ensemble.run(planned, workers=2).complete
        found = xr.open_zarr(planned.path)
        for name in ("rh", "stock", "slow_carbon", "litter", "rh_slow", "status"):
            np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def everything(experiment: Experiment, rows, levels, samples):
    wanted = ("rh", "stock", "slow_carbon", "litter")
    tiler = Tiler(experiment.kernel, experiment.options, wanted, experiment.sizes)
    found = {n: np.full((5, *tiler._dims[n], samples), np.inf) for n in wanted}
    for tile in tiler.tiles(experiment.drivers[0], experiment.coords, rows, levels, samples):
        for name, values in found.items():
            values[tile.locations, ..., tile.samples] = tile.full(name)
    return found


@pytest.mark.parametrize(
    "limits",
    [
        {"MOST_TILE_BYTES": 3000},
        {"MOST_SHARED_BYTES": 100},
        {"MOST_SHARED_BYTES": 100, "MOST_TILE_BYTES": 3000},
        {"SHARE_BELOW": 0.0},
        {"TILE_BYTES": 1},
        {"TILE_SAMPLES": 5},
    ],
    ids=str,
)
def test_bits_depend_on_no_memory_and_no_sharing(tmp_path, monkeypatch, limits):
    planned = plan(tmp_path, text=TEXT)
    rows = planned.layout.sampler.rows(0, slice(0, 5), slice(0, 24))
    expected = everything(planned.experiment, rows.values, identity, 24)
    np.testing.assert_equal(everything(planned.experiment, rows.values, rows.levels, 24), expected)
    for name, value in limits.items():
        where = tiles_module if hasattr(tiles_module, name) else tile_sizes
        monkeypatch.setattr(where, name, value)
    found = everything(planned.experiment, rows.values, rows.levels, 24)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_memory_of_a_tile_is_bounded(tmp_path, monkeypatch):
    planned = plan(tmp_path, text=TEXT)
    monkeypatch.setattr(tile_sizes, "MOST_TILE_BYTES", 8 * 40 * 3)
    tiler = Tiler(
        planned.experiment.kernel, planned.experiment.options, ("litter",), planned.experiment.sizes
    )
    rows = planned.layout.sampler.rows(0, slice(0, 5), slice(0, 24)).values
    tiles = list(
        tiler.tiles(planned.experiment.drivers[0], planned.experiment.coords, rows, identity, 24)
    )
    assert {tile.samples.stop - tile.samples.start for tile in tiles} == {4}


FAILING = (
    ("slow_rate: {uniform: [0.001, 0.015]}", "slow_rate: {uniform: [0.017, 0.02]}"),
    ("share: {uniform: [0.2, 0.9]}", "share: {uniform: [0.2, 1.0]}"),
    ("seed: 5", "seed: 11\nfailed_limit: 1"),
    ("n: 6", "n: 12"),
)


def test_a_member_fails_if_one_of_its_models_does(tmp_path):
    text = TEXT
    for old, new in FAILING:
        text = text.replace(old, new)
    planned = plan(tmp_path, text=text)
    assert ensemble.run(planned, workers=1).complete
    found = xr.open_zarr(planned.path)
    leaves, slow = found.share.values > 0.95, found.slow_rate.values > 0.019
    assert leaves.any()
    assert (slow & ~leaves).any()
    expected = np.where(leaves, STATUS["not_finite"], np.where(slow, STATUS["not_converged"], 0))
    np.testing.assert_array_equal(found.status, np.broadcast_to(expected, found.status.shape))
    failed = expected > 0
    # All of the member is left out: half a member beside whole ones would bias what is compared.
    assert np.isnan(found.rh.values[..., failed]).all()
    assert np.isfinite(found.rh.values[..., ~failed]).all()
    notes = {n for e in read_store(planned.path).committed().values() for n in e.notes}
    assert notes == {"leaves: not_finite", "slow: not_converged"}
    store = read_store(planned.path)
    again = replay(store, (1, 2, int(np.flatnonzero(slow & ~leaves)[0])))
    assert again.notes == ("slow: not_converged",)
    assert again.status.startswith("not_converged")
    assert not again.differences


def test_a_model_that_is_not_wanted_does_not_fail_the_member(tmp_path):
    text = TEXT[: TEXT.index("outputs:")].replace("[0.001, 0.015]", "[0.0195, 0.02]")
    planned = plan(tmp_path, text=text + "outputs: {c_leaf: all}\n")
    chained.CALLS.made.clear()
    assert ensemble.run(planned, workers=1).complete
    assert (xr.open_zarr(planned.path).status == 0).all()
    assert {who for who, _, _ in chained.CALLS.made} == {"leaves"}


def test_replay_verify_and_resume(finished):
    store = read_store(finished.path)
    assert not replay(store, (1, 3, 17)).differences
    found = verify(store, rerun=5)
    assert found.members == 5
    assert not found.damage
    before = store.digest()
    outcome = ensemble.run(again(finished), workers=1)
    assert outcome.complete
    assert outcome.ran == 0
    assert read_store(finished.path).digest() == before


def again(finished, *edits):
    text = TEXT
    for old, new in edits:
        text = text.replace(old, new)
    return plan(finished.path.parent, text=text)


def test_a_changed_option_of_a_link_stops_a_resumed_run(finished):
    other = again(finished, ("faster: 1.5", "faster: 1.6"))
    with pytest.raises(PlanError, match=r"kernel.chain\[1\].models\[1\].faster was 1.5 and is now"):
        ensemble.run(other, workers=1)


def test_drivers_stay_as_narrow_as_they_come(finished):
    store = read_store(finished.path)
    assert store.specs["drivers/gpp"].dtype == "float32"
    assert store.specs["drivers/gpp"].dims == ("forcing", "location", "date")
    assert store.specs["drivers/clay"].dtype == "float64"
    again = open_experiment(store)
    assert isinstance(again.drivers[1]["gpp"], np.memmap)
    assert again.drivers[1]["gpp"].dtype == np.float32
    for f, given in enumerate(data.both()):
        for name, values in given.drivers.items():
            np.testing.assert_array_equal(again.drivers[f][name], values)
    assert again.sizes == {"model": 2, "time": 3, "date": data.N}
    assert list(again.own_coords) == ["date"]
    assert digest("there", again) == digest("there", finished.experiment)


def test_the_digest_of_a_forcing_is_that_of_its_values(finished):
    apart = [
        {n: np.asfortranarray(v) if v.ndim > 1 else v for n, v in drivers.items()}
        for drivers in finished.experiment.drivers
    ]
    assert digest("here", replace(finished.experiment, drivers=apart)) == digest(
        "here", finished.experiment
    )


def test_workers_compile_a_chain_without_a_member(finished):
    chained.CALLS.made.clear()
    open_work(read_store(finished.path)).compile()
    assert {who for who, _, _ in chained.CALLS.made} == {
        "leaves",
        "slow",
        "quick.rates",
        "quick.pools",
    }
    assert all(samples == 0 for _, _, samples in chained.CALLS.made)


def test_series_have_a_line_for_every_model(finished):
    series = {(s.name, s.line): s for s in all_series(Results(read_store(finished.path)), 1)}
    rh = xr.open_zarr(finished.path).rh[:, 1]
    for model in ("slow", "quick"):
        found = series["rh", model]
        np.testing.assert_allclose(found.mean, rh.sel(model=model).mean("sample"), rtol=1e-12)
        assert found.control.shape == (2, 3)
    # A year alone is no line, and days are no years.
    assert {name for name, _ in series} == {"rh"}
    drawn = finish(
        panels(list(series.values()), ["here", "there"], "", Ruler("year")), "respiration"
    )
    assert b"slow" in drawn.svg


@pytest.mark.slow
def test_the_report_has_a_line_for_every_model(finished):
    page = render(read_store(finished.path))
    assert "Respiration of a year at a, by forcing, one line each of slow, quick" in page


def test_indices_have_the_dimension(tmp_path):
    ranges = "{share: {uniform: [0.2, 0.9]}, slow_rate: {uniform: [0.001, 0.01]}}"
    design = f"{{method: sobol, n: 4, second_order: false, parameters: {ranges}}}"
    text = TEXT[: TEXT.index("design:")] + f"design: {design}\noutputs: {{rh: all}}\n"
    text += "responses: {rh_slow: {output: rh, model: slow, mean: [2001, 2003]}}\n"
    text += "statistics: {rh: [S1, ST], rh_slow: [S1]}\n"
    planned = plan(tmp_path, text=text)
    assert ensemble.run(planned, workers=1).complete
    tree = xr.open_datatree(planned.path, engine="zarr")
    assert tree["statistics/rh_ST"].dims == ("forcing", "location", "model", "time", "effect")


def test_a_place_without_a_name_is_not_chosen_by_name():
    kernel = layered.make(layered.Options(), None)
    asked = Response(output="soc", where={"layer": "top"}, value=True)
    (problem,) = problems({"r": asked}, kernel, ())
    assert problem.where == "responses.r.where.layer"
    assert problem.text.startswith("the places of 'layer' have no names")
