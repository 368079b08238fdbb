"""Products and scores of three Earth system models: T5b, T5c, T6c and T6d of evaluation.md.

The values are those of R (cov.wt with method ML, mad with constant 1, tapply) to their last digit.
Of cells, the specification counts up to 3 more: its equator is 6e-15 degrees off 0, sums of weights
being what they are, and cells beside it have a fraction of 5e-16 of the other hemisphere's land.
"""

import numpy as np
import pytest
import real_maps as real
from support import needs_data

from ensemble.scores import skill
from ensemble.scores.products import best_estimate, climate_h, climate_r
from ensemble.scores.regridding import Conservative, DistanceWeighted, regrid
from ensemble.scores.skill import SCORES, compared


def of(modelled, observed, weights):
    """Return the comparison of maps."""
    return compared(modelled.reshape(-1), observed.reshape(-1), weights.reshape(-1))


def value(name, found):
    return SCORES[name](found.sums)[0, 0]


def test_median_and_mad_by_hand():
    # evaluation.md 7.4, and trap 10: R's mad is 1.4826 times as large by default.
    products = np.array([[2.0, 2.0], [4.0, np.nan], [9.0, 9.0]])
    median, mad, count = best_estimate(products)
    assert (median[0], mad[0]) == (4, 2)
    assert np.isnan([median[1], mad[1]]).all()
    assert count.tolist() == [3, 2]


def test_climate_products_take_mm_and_december_before_january():
    temperature, rain = np.full(12, 10.0), np.zeros(12)
    rain[11] = 100.0
    by_hand = 1.68 * np.exp(0.528 - 0.0628)
    first, last = (q / (1.2 + q) for q in (0.02 * 10, 0.98 * 10))
    soil = 31 * by_hand * (first + last)
    assert climate_h(temperature, rain) == pytest.approx(np.exp(1.22) * soil**0.73, rel=1e-12)
    hot = climate_r(np.full(12, 40.0), np.full(12, 100.0))
    assert hot == climate_r(np.full(12, 33.5), np.full(12, 100.0))
    soil = 365 * 1.25 * np.exp(0.05452 * 33.5) * 10 / 14.259
    assert hot == pytest.approx(np.exp(1.22) * soil**0.73, rel=1e-12)
    assert np.isnan(climate_h(np.append(temperature[:11], np.nan), rain))


@needs_data
def test_global_totals_of_the_climate_products():
    temperature, rain = real.climate()
    areas = real.HALF_DEGREE.areas * real.luc4c()

    def total(rate):
        return np.nansum(rate * areas) / 1e15

    assert total(climate_h(temperature, rain)) == pytest.approx(54.847934, abs=1e-6)
    assert total(climate_r(temperature, rain)) == pytest.approx(43.289887, abs=1e-6)
    # Trap 23: mm taken for cm.
    assert total(climate_h(temperature, 10 * rain)) > 60


@needs_data
def test_the_best_estimate_of_three_products():
    median, mad, land = real.best()
    weights = np.where(np.isfinite(median), land * real.TARGET.areas, 0)
    assert np.isfinite(median).sum() == 8442 - 3
    assert weights.sum() / 1e12 == pytest.approx(121.2732, abs=5e-5)
    assert np.nansum(weights * median) / 1e15 == pytest.approx(46.287907, abs=1e-6)
    assert np.nansum(weights * mad) / weights.sum() == pytest.approx(61.705936, abs=1e-6)
    # Trap 9: the median of totals is not the total of medians.
    totals = [np.nansum(one.rate * one.land * real.TARGET.areas) / 1e15
              for one in map(real.on_target, real.PRODUCTS)]  # fmt: skip
    found = best_estimate(np.array(totals)[:, None])
    assert found[0][0] == pytest.approx(51.800430, abs=1e-6)
    assert found[1][0] == pytest.approx(3.047504, abs=1e-6)


T5B = {
    "BCC-CSM2-MR": (8411 - 3, {
        "bias": 50.714793, "rmse": 275.820366, "crmse": 271.117841, "r": 0.701992,
        "r2": 0.492792, "kge": -0.119081, "nse": -1.463182, "sd_ratio": 363.868474 / 175.743000,
    }, (2571.990, 35391.194, 38113.690), (2406, 0.28117)),
    "CNRM-ESM2-1": (8368 - 1, {
        "bias": -28.444886, "rmse": 182.535908, "crmse": 180.305979, "r": 0.676203,
        "r2": 0.457250, "kge": 0.487332, "nse": -0.079061, "sd_ratio": 244.327094 / 175.721643,
    }, (809.112, 4706.708, 27803.538), (2453, 0.27349)),
    "IPSL-CM6A-LR": (8378 - 2, {
        "bias": -10.449972, "rmse": 175.130562, "crmse": 174.818511, "r": 0.858301,
        "r2": 0.736681, "kge": 0.274825, "nse": 0.006612, "sd_ratio": 300.585892 / 175.712448,
    }, (109.202, 15593.377, 14968.135), (2213, 0.24719)),
    "mean": (8292 - 1, {
        "bias": 3.938106, "rmse": 142.647336, "crmse": 142.592965, "r": 0.861466,
        "r2": 0.742124, "kge": 0.486426, "nse": 0.340978, "sd_ratio": 262.596714 / 175.717017,
    }, (15.509, 7548.082, 12784.672), None),
}  # fmt: skip


@needs_data
@pytest.mark.parametrize("model", T5B)
def test_models_against_the_best_estimate(model):
    median, mad, land = real.best()
    three = [real.on_target(name).rate for name in real.MODELS]
    rate = np.mean(three, axis=0) if model == "mean" else real.on_target(model).rate
    n, scores, parts, within = T5B[model]
    weights = land * real.TARGET.areas
    found = of(rate, median, weights)
    assert found.n == n
    for name, expected in scores.items():
        assert value(name, found) == pytest.approx(expected, rel=1e-6, abs=1e-6), name
    assert [p[0, 0] for p in skill.parts(found.sums)] == pytest.approx(parts, abs=6e-4)
    if within is not None:
        inside = np.abs(rate - median) <= mad
        count, share = within
        # Two of the 3 cells are inside; they weigh nothing.
        assert count - 3 <= inside.sum() <= count
        both = np.isfinite(rate) & np.isfinite(median)
        assert weights[inside].sum() / weights[both].sum() == pytest.approx(share, abs=6e-6)


SLIVERS = {"BCC-CSM2-MR": 3, "CNRM-ESM2-1": 1, "IPSL-CM6A-LR": 2}
UNWEIGHTED = {
    "BCC-CSM2-MR": (35.796314, 252.810102, 0.518152, 0.761920, 105.742),
    "CNRM-ESM2-1": (-8.659948, 164.843814, 0.515736, 0.796530, 75.223),
    "IPSL-CM6A-LR": (-36.942852, 158.587669, 0.734383, 0.822890, 73.494),
}


@needs_data
@pytest.mark.parametrize("model", UNWEIGHTED)
def test_counting_cells_and_counting_the_sea_are_other_scores(model):
    # Trap 11: on land R2 is 0.49, 0.46, 0.74; with oceanic zeros 0.76, 0.80, 0.82.
    bias, rmse, r2, with_sea, rmse_with_sea = UNWEIGHTED[model]
    # The 3 cells of the specification count as much as any here.
    median, _, land = real.best(slivers=True)
    assert np.isfinite(median).sum() == 8442
    here = real.on_target(model, slivers=True)
    cells = of(here.rate, median, np.ones_like(land))
    assert cells.n == T5B[model][0] + SLIVERS[model]
    assert value("bias", cells) == pytest.approx(bias, abs=1e-6)
    assert value("rmse", cells) == pytest.approx(rmse, abs=1e-6)
    assert value("r2", cells) == pytest.approx(r2, abs=1e-6)
    median, _, land = real.best()
    here = real.on_target(model)
    sea = of(np.nan_to_num(here.rate * here.land), np.nan_to_num(median * land), np.ones_like(land))
    assert sea.n == 32768
    assert value("r2", sea) == pytest.approx(with_sea, abs=1e-6)
    assert value("rmse", sea) == pytest.approx(rmse_with_sea, abs=6e-4)


@needs_data
@pytest.mark.parametrize(
    ("model", "rmse", "r2"),
    [("BCC-CSM2-MR", 275.57698, 0.493947), ("IPSL-CM6A-LR", 170.842927, 0.747406)],
)
def test_scores_of_models_regridded_by_distance(model, rmse, r2):
    median, _, land = real.best()
    weights = DistanceWeighted(real.GRIDS[model], real.TARGET)
    rate = regrid(real.modelled(model), real.land_of(model), weights).rate
    found = of(rate, median, land * real.TARGET.areas)
    # Centres that are equally far are another choice in other programs: 2e-4, as T5a has it.
    assert value("rmse", found) == pytest.approx(rmse, rel=2e-4)
    assert value("r2", found) == pytest.approx(r2, rel=2e-4)


@needs_data
def test_latitude_and_longitude_means_with_the_sea():
    boxes = np.stack([np.nan_to_num(o.rate * o.land) for o in map(real.on_target, real.MODELS)])
    rows = boxes.mean(axis=2)
    for row, expected, quartiles in (
        (40, (43.4595, 61.7158, 46.6954), (45.0774, 54.2056)),
        (56, (150.3145, 97.5827, 137.2028), (117.3928, 143.7586)),
        (100, (258.6390, 188.4414, 126.5042), (157.4728, 223.5402)),
    ):
        np.testing.assert_allclose(rows[:, row], expected, atol=6e-5)
        found = np.quantile(rows[:, row], [0.25, 0.75])
        np.testing.assert_allclose(found, quartiles, atol=6e-5)
    areas = real.TARGET.areas
    columns = (boxes * areas).sum(axis=1) / areas.sum(axis=0)
    for east, expected in (
        (70.3125, (54.0527, 65.1100, 31.4609)),
        (289.6875, (353.2205, 241.5785, 270.8496)),
    ):
        at = np.flatnonzero(np.isclose(real.TARGET.lon, east))[0]
        np.testing.assert_allclose(columns[:, at], expected, atol=6e-5)
    products = [np.nan_to_num(o.rate * o.land)[56].mean()
                for o in map(real.on_target, real.PRODUCTS)]  # fmt: skip
    np.testing.assert_allclose(products, (157.1784, 110.2331, 99.6919), atol=6e-5)


T6C = {
    "BCC-CSM2-MR": (5.210510, 240.978034, 240.921695, 1.059877, 0.769370, 0.761412, 0.881700),
    "CNRM-ESM2-1": (-73.995723, 255.573060, 244.626699, 0.711666, 0.701703, 0.550424, 0.759532),
    "IPSL-CM6A-LR": (-56.037488, 235.052132, 228.274626, 0.875529, 0.756373, 0.696612, 0.862850),
    "H": (5.419975, 252.858413, 252.800319, 0.434087, 0.744249, 0.378850, 0.465418),
    "R": (-82.544687, 247.916535, 233.771219, 0.511590, 0.779919, 0.430504, 0.585255),
}
"""Bias, RMSE, E', ratio of standard deviations, R, KGE, Taylor's score; cells of all products."""


@needs_data
@pytest.mark.parametrize("name", T6C)
def test_taylor_statistics_against_cardamom(name):
    weights = real.best()[2] * real.TARGET.areas
    found = of(real.on_target(name).rate, real.on_target("CARDAMOM").rate, weights)
    names = ("bias", "rmse", "crmse", "sd_ratio", "r", "kge", "taylor")
    for score, expected in zip(names, T6C[name], strict=True):
        assert value(score, found) == pytest.approx(expected, abs=1e-6), score


@needs_data
def test_a_run_on_its_own_grid_against_cardamom():
    # T6d: zeros kept; whole cells times CARDAMOM's fraction, or the run's land.
    values, land = real.casa("cresp")
    rate = np.where(land > 0, 365 * values["cresp"], np.nan)
    product = regrid(real.cardamom(), real.luc4c(), Conservative(real.HALF_DEGREE, real.TESTBED))
    found = of(rate, product.rate, real.TESTBED.areas * product.land)
    assert found.n == 2833
    expected = {"bias": 55.5930, "rmse": 270.4549, "r": 0.7209, "kge": 0.6880}
    for name, number in expected.items():
        assert value(name, found) == pytest.approx(number, abs=6e-5), name
    found = of(rate, product.rate, np.where(np.isfinite(product.rate), land, 0))
    expected = {"bias": 52.0619, "rmse": 264.8560, "r": 0.7358, "kge": 0.7022}
    for name, number in expected.items():
        assert value(name, found) == pytest.approx(number, abs=6e-5), name
