"""Single-layer MIMICS on the sites of Reynolds Creek: one set for all, with limits and in halves.

The numbers beside ours are of the public results of Pierson et al. (2022) and of other programs.
"""

import numpy as np
import pytest
from calibrated import halves, shipped
from support import needs_data

NAME = "mimics-reynolds-creek"
SEEDS = range(1, 11)
LIMITS = (
    "calibration.require={microbial_share: {range: [0.01, 0.08]}, "
    "litter_share: {range: [0.05, 0.5]}, r_to_k: {range: [0.01, 100]}, "
    "release: {range: [0.001, 0.02]}}"
)
FREE, LIMITED = 1.7452, 1.7485
"""RMSE, kg C m-2, at most: in 9 and in 8 of 10 seeds."""

HALVES = {
    # calibrated half: RMSE there and on the other one, of the defaults on both; r2 on both.
    "even": (1.835960, 1.7564, 2.4933, 2.0713, 0.6657, 0.6505),
    "odd": (1.555709, 1.9465, 2.0713, 2.4933, 0.7038, 0.6360),
}


def metric(found, name, array="metrics"):
    """Return a metric of both parts."""
    return found[array].sel(metric=name).values[0, :, 0]


def test_the_invented_sites_are_fitted_better_than_by_the_defaults(tmp_path):
    _, tree = shipped(NAME, tmp_path / "x.zarr", "calibration.budget=1500")
    found = tree["calibration"]
    assert tree.attrs["synthetic"]
    assert metric(found, "rmse")[0] < 0.5 * metric(found, "rmse", "default_metrics")[0]
    assert metric(found, "n")[0] == 12
    values = found["parameters"].values[0, 0]
    assert [str(n) for n in found["parameter"].values[8:]] == [
        "Kslope_s", "Kslope_a", "e2", "e3", "e4", "fP_k"]  # fmt: skip
    first = values[[2, 2, 5, 5, 5, 7]]
    ratios = (0.035 / 0.025, 1, 0.25 / 0.55, 0.75 / 0.55, 0.35 / 0.55, 0.2 / 0.3)
    np.testing.assert_allclose(values[8:], first * ratios, rtol=1e-14)


@needs_data
def test_defaults_at_the_51_sites_are_those_of_the_published_results(tmp_path):
    _, tree = shipped(NAME, tmp_path / "x.zarr", "calibration.budget=1000", data=True)
    drivers = tree["drivers"]
    assert drivers["litter_input"].sel(location="S15").item() == pytest.approx(633.15249635)
    np.testing.assert_array_equal(drivers["annual_npp"], drivers["litter_input"])
    assert drivers["clay"].sel(location="S15").item() == pytest.approx(0.1126)
    defaults = tree["calibration"]
    # Their result files: 2.296324 and 0.767240, by a solver that stops earlier.
    assert metric(defaults, "rmse", "default_metrics")[0] == pytest.approx(2.296127, abs=5e-7)
    r = np.sqrt(metric(defaults, "r2", "default_metrics")[0])
    assert r == pytest.approx(0.767535, abs=5e-7)


def searched(folder, *words):
    """Return RMSE of ten seeds, and the evaluations and limits broken of each."""
    found = [
        shipped(NAME, folder / f"{seed}.zarr", f"seed={seed}", *words, data=True)[1]["calibration"]
        for seed in SEEDS
    ]
    assert max(one["evaluations"].item() for one in found) <= 12_000
    return np.sqrt([one["cost"].item() for one in found]), found


@needs_data
@pytest.mark.acceptance
def test_nine_of_ten_seeds_come_to_the_best_known_error(tmp_path, record_property):
    rmse, found = searched(tmp_path)
    one = found[int(rmse.argmin())]
    line = [metric(one, name)[0] for name in ("intercept", "slope", "r2")]
    text = f"RMSE {rmse.min():.6f} to {rmse.max():.6f}, {(rmse <= FREE).sum()} of 10 seeds at most"
    said = "modelled = {:.4f} + {:.4f} observed, r2 {:.4f}".format(*line)
    record_property("measured", f"without limits: {text} {FREE} (others 1.744891 to 1.745344)")
    record_property("measured", f"best of ten: {said} (others 2.0734 + 0.6147, 0.6621)")
    assert (rmse <= FREE).sum() >= 9
    np.testing.assert_allclose(line, (2.0734, 0.6147, 0.6621), rtol=5e-3)


@needs_data
@pytest.mark.acceptance
def test_eight_of_ten_seeds_come_to_it_within_the_limits(tmp_path, record_property):
    rmse, found = searched(tmp_path, LIMITS)
    assert all(one["violation"].item() == 0 for one in found)
    held = sum(not one["at_bound"].values.any() for one in found)
    text = f"RMSE {rmse.min():.6f} to {rmse.max():.6f}, {(rmse <= LIMITED).sum()} of 10 seeds at "
    text += f"most {LIMITED} (others 1.746088 to 1.7475), no parameter at an end in {held}"
    record_property("measured", f"within the limits: {text}")
    assert (rmse <= LIMITED).sum() >= 8


@needs_data
@pytest.mark.acceptance
@pytest.mark.parametrize("half", HALVES)
def test_halves(tmp_path, record_property, half):
    best, other, default, default_other, r2, r2_other = HALVES[half]
    table = halves(NAME, tmp_path, 51)
    words = (f"locations={{table: {table}, key: location}}", "calibration.restarts=3",
             f"calibration.validation={{column: half, calibrate: {half}}}")  # fmt: skip
    found = shipped(NAME, tmp_path / "half.zarr", *words, data=True)[1]["calibration"]
    defaults = metric(found, "rmse", "default_metrics")
    np.testing.assert_allclose(defaults, (default, default_other), atol=5e-4)
    ours, both = metric(found, "rmse"), metric(found, "r2")
    text = f"RMSE {ours[0]:.6f} (others {best}), r2 {both[0]:.4f} ({r2}); held back {ours[1]:.4f} "
    text += f"({other}), r2 {both[1]:.4f} ({r2_other}); defaults {defaults[0]:.4f}, "
    record_property("measured", f"{half} half: {text}{defaults[1]:.4f}")
    assert ours[0] <= 1.002 * best
