"""Scenarios `jian2021-benchmarks` and `jian2021-constrained`: scores of members, weights."""

import numpy as np
import pytest
import xarray as xr
from support import DATA, needs_data

import ensemble
import scenarios

SMALL = (
    "forcing.cells=12",
    "design.trajectories=3",
    "evaluation.benchmarks.records.observed.cells=12",
)


@pytest.mark.slow
def test_mu_star_of_an_rmse_says_which_parameter_decides_the_fit_of_each_model(tmp_path):
    loaded = scenarios.load("jian2021-benchmarks", settings=SMALL)
    planned = ensemble.plan(loaded, store=tmp_path / "run.zarr")
    assert ensemble.run(planned).complete
    rmse = xr.open_zarr(planned.path, group="evaluation").records_rmse.to_numpy()
    assert rmse.shape == (1, 3, 3 * 8)
    assert (rmse > 0).all()
    statistics = xr.open_zarr(planned.path, group="evaluation/statistics")
    mu_star, names = statistics.records_rmse_mu_star.to_numpy(), statistics.effect.to_numpy()
    of = {"casa_cnp": ("q10", "x_kopt_soil"), "mimics_testbed": ("aV", "D1"),
          "corpse": ("vmaxref_recalc", "Ea_recalc")}  # fmt: skip
    # Debris that feeds all three decays by CASA's q10, and all begin with other carbon.
    shared = {"q10", "initial_carbon_factor"}
    for k, (model, own) in enumerate(of.items()):
        moved = {n for n, v in zip(names, mu_star[0, k], strict=True) if v > 0}
        assert moved & {*own}, model
        assert moved <= {*own} | shared, model


@pytest.mark.slow
@needs_data
def test_the_real_records_meet_the_cells_that_have_them(tmp_path):
    """Specification, tables T3a and T4: 6,304 records, but for 124 of two cells in the north."""
    loaded = scenarios.load("jian2021-benchmarks", data=DATA)
    planned = ensemble.plan(loaded, store=tmp_path / "real.zarr")
    prepared = planned.experiment.evaluation
    pairs = {name: one.pairs["pairs"] for name, one in prepared.items()}
    assert (len(pairs["records"].place), len(pairs["seasons"].place)) == (6180, 5813)
    assert len(np.unique(pairs["records"].place)) == len(planned.experiment.locations.names) == 119
    assert prepared["records"].about["studies"] == 188


@pytest.mark.slow
def test_three_benchmarks_narrow_what_soils_gain_more_than_what_they_hold(tmp_path):
    loaded = scenarios.load("jian2021-constrained")
    planned = ensemble.plan(loaded, store=tmp_path / "run.zarr")
    outcome = ensemble.run(planned)
    assert outcome.complete
    assert not outcome.warnings
    weights = xr.open_zarr(planned.path, group="evaluation/weights").load()
    assert weights.accepted.dims == ("forcing", "model", "sample")
    assert 100 < float(weights.effective[0]) < 300
    found = xr.open_zarr(planned.path, group="weighted/accepted").load()
    width = found.sel(statistic="q95") - found.sel(statistic="q05")
    narrowed = width.sel(ensemble="weighted") / width.sel(ensemble="prior")
    gains = [float(narrowed[f"gain_{m}_global_mean"]) for m in ("casa", "mimics", "corpse")]
    assert max(gains) < 0.75 < float(narrowed.soil_litter_carbon_global_mean[-1])
    assert "comment" in found.rh_global_mean.attrs
    assert "comment" not in found.gain_casa_global_mean.attrs
