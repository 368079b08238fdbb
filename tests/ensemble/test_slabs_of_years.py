"""Days of the testbed's kernels, reduced in slabs of years: beside every day stored, to the bit."""

import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep

import ensemble
import scenarios
from ensemble.members import slabs
from ensemble.members.reopening import open_experiment
from ensemble.store.reading import read

TEXT = """\
version: 1
name: climatology
kernel:
  chain: [casa_vegetation, casa_debris, {models: [casa_cnp, mimics_testbed, corpse]}]
  start: steady
  cycle: 2
forcing: {reader: synthetic_testbed, cells: 3, years: [2001, 2005], forcings: [clm45_cruncep]}
design:
  method: latin_hypercube
  n: 3
  parameters: {q10: {uniform: [1.5, 2.0]}, aV: {uniform: [0.94e-8, 1.56e-8]}}
precision: float64
"""
REDUCED = """\
outputs:
  rh_daily: [{month: mean, over_years: mean}, {season: sum}, {year: sum}, {doy: mean}]
  soil_litter_carbon_daily: [{month: last}, {over_years: mean, years: [2002, 2004]}]
  npp_daily: {month: sum}
  rh: {all: year}
  soil_litter_carbon: {over_years: mean}
  vegetation_end: all
  c_leaf_daily: last
responses: {rh_casa: {output: rh, model: casa_cnp, mean: [2003, 2005]}}
statistics: {rh_casa: [mean, std], rh: [mean, q50]}
limits: {soil_litter_carbon_daily: {above: 9000 g C m-2, then: exclude}}
"""
DAYS = """\
outputs: {rh_daily: all, soil_litter_carbon_daily: all, npp_daily: all, rh: all,
  vegetation_end: all, c_leaf_daily: last}
"""


def test_days_are_dates_and_a_store_runs_its_members_again(stores):
    for key in ("days", 1):
        assert soilsweep("replay", stores[key], "0/1/2").code == 0
    assert soilsweep("verify", stores["days"], "--rerun", 2).code == 0
    experiment = open_experiment(read(stores["days"]))
    np.testing.assert_array_equal(experiment.coords["date"], np.arange(5 * 365))


def run(folder, name, outputs):
    (folder / f"{name}.yaml").write_text(TEXT + outputs)
    plan = ensemble.plan(scenarios.load(folder / f"{name}.yaml"), store=folder / f"{name}.zarr")
    assert ensemble.run(plan, workers=1).complete
    return plan


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Return the store of all days, and those of reductions by the years of a slab."""
    folder, found = tmp_path_factory.mktemp("slabs"), {}
    found["days"] = run(folder, "days", DAYS).path
    with pytest.MonkeyPatch.context() as patched:
        for years, held in {1: 1, 5: 1 << 40}.items():
            patched.setattr(slabs, "SLAB_BYTES", held)
            plan = run(folder, f"slab{years}", REDUCED)
            cut = plan.layout.tiler().slabs
            assert (cut and (cut.first, cut.each)) == {1: (2, 1), 5: None}[years]
            found[years] = plan.path
    return found


def arrays_of(path):
    store = read(path)
    return {
        name: np.asarray(store.read_whole(name))
        for name, spec in store.specs.items()
        if spec.dtype in ("float64", "uint64", "uint8") and not name.startswith("drivers")
    }


def test_slabs_change_no_bit_of_a_store(stores):
    one, whole = arrays_of(stores[1]), arrays_of(stores[5])
    assert one.keys() == whole.keys()
    assert {"rh_daily_month_mean_over_years", "c_leaf_daily", "statistics/rh_mean"} <= one.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, whole[name], err_msg=name)
    assert (one["status"] == 0).all()
    assert 0 < one["limits/soil_litter_carbon_daily_beyond"].sum() == one["excluded"].sum()


def test_they_are_the_days_reduced_plainly_and_by_xarray(stores):
    every, made = (ensemble.open_run(stores[key]).to_dataset() for key in ("days", 1))
    dates = xr.date_range("2001-01-01", periods=5 * 365, calendar="noleap", use_cftime=True)
    np.testing.assert_array_equal(every["date"], dates)
    assert every["date"].attrs["standard_name"] == "time"
    begin, end = every["date_bounds"].values[-1]
    assert (begin.strftime("%Y-%m-%d"), end.strftime("%Y-%m-%d")) == ("2005-12-31", "2006-01-01")
    days = every
    rh, carbon = days["rh_daily"], days["soil_litter_carbon_daily"]
    inside = rh.sel(date=slice("2001-03-01", "2005-11-30"))
    window = carbon.sel(date=slice("2002", "2004"))
    expected = {
        "rh_daily_month_mean_over_years": rh.groupby("date.month").mean(),
        "rh_daily_season_sum": inside.resample(date="QS-DEC").sum(),
        "rh_daily_year_sum": rh.resample(date="YS").sum(),
        "rh_daily_doy_mean": rh.groupby("date.dayofyear").mean(),
        "soil_litter_carbon_daily_month_last": carbon.resample(date="MS").last(),
        "soil_litter_carbon_daily_mean_over_years_2002_2004": window.mean("date"),
        "npp_daily_month_sum": days["npp_daily"].resample(date="MS").sum(),
    }
    for name, known in expected.items():
        found = made[name]
        time = [d for d in known.dims if d not in ("forcing", "location", "model", "sample")]
        model = ["model"] if "model" in known.dims else []
        known = known.transpose("forcing", "location", *model, *time, "sample")
        np.testing.assert_allclose(found, known, rtol=1e-12, err_msg=name)
    # The same by hand: the days of each January.
    values = every["rh_daily"].values
    years = values.reshape(*values.shape[:3], 5, 365, -1)
    january = years[:, :, :, :, :31].mean(axis=4).mean(axis=3)
    found = made["rh_daily_month_mean_over_years"].values[:, :, :, 0]
    np.testing.assert_allclose(found, january, rtol=1e-12)
    np.testing.assert_allclose(made["rh_daily_year_sum"], made["rh"], rtol=1e-12)
    np.testing.assert_array_equal(made["vegetation_end"], every["vegetation_end"])
