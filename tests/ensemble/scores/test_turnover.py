"""Turnover times of groups: by hand, as an identity, and T6a and T6b on real maps."""

import numpy as np
import pytest
import real_maps as real
from support import needs_data

from ensemble.scores.bands import EDGES, band_of
from ensemble.scores.turnover import turnover


def test_a_group_has_the_ratio_of_its_totals():
    stock = np.array([100.0, 10.0, 0.0, 50.0, np.nan, 8.0])
    flux = np.array([1.0, 10.0, 3.0, 0.0, 2.0, 2.0])
    weights = np.array([1.0, 3.0, 1.0, 1.0, 1.0, 2.0])
    found = turnover(stock, flux, weights, np.array([0, 0, 0, 0, 0, 1]), 3)
    assert found.n.tolist() == [2, 1, 0]
    assert found.time[:2].tolist() == [130 / 31, 4]
    assert np.isnan(found.time[2])
    assert found.median[1] == 4
    assert found.area.tolist() == [4, 2, 0]


def test_the_mean_of_cells_weighted_by_their_flux_is_the_ratio():
    draw = np.random.default_rng(5)
    stock, flux, area = draw.gamma(2, 5000, 300), draw.gamma(1, 300, 300), draw.uniform(1, 2, 300)
    found = turnover(stock, flux, area, np.zeros(300, dtype=int), 1)
    of_cells = np.average(stock / flux, weights=area * flux)
    assert found.time[0] == pytest.approx(of_cells, rel=1e-12)
    assert np.average(stock / flux, weights=area) > 1.2 * found.time[0]


T6A = {
    # IGBP: cells, Mkm2, Pg C, Pg C yr-1, years (R's tapply, and a merge on coordinates in pandas)
    1: (1356, 2.4101, 38.4400, 1.2236, 31.4153),
    2: (4024, 12.1642, 136.8326, 13.7446, 9.9554),
    3: (155, 0.2546, 5.3020, 0.1167, 45.4145),
    4: (1107, 2.6727, 26.2019, 1.7845, 14.6827),
    5: (2501, 4.6790, 67.2014, 2.8293, 23.7519),
    6: (143, 0.3811, 2.6314, 0.0815, 32.2757),
    7: (7160, 13.2786, 173.0073, 1.7108, 101.1287),
    8: (5531, 11.3239, 178.6526, 6.7630, 26.4160),
    9: (7253, 16.4341, 227.9844, 8.6551, 26.3411),
    10: (13431, 30.2492, 263.6445, 7.4785, 35.2537),
    11: (429, 0.7868, 23.8289, 0.3162, 75.3622),
    12: (5168, 12.3411, 118.1355, 4.5886, 25.7456),
    13: (195, 0.4813, 4.8322, 0.2113, 22.8736),
    14: (381, 1.0177, 10.2947, 0.6141, 16.7628),
    15: (565, 0.5747, 3.4390, 0.0544, 63.1788),
    16: (3666, 8.9116, 42.7066, 0.5123, 83.3656),
    -1: (4731, 9.4167, 111.4532, 1.8965, 111.4532 / 1.8965),
}


def merged():
    """Return NCSCD's stock where there is one, else HWSD's."""
    north = real.stock("NCSCDV22")
    return np.where(np.isfinite(north), north, real.stock("HWSD")).reshape(-1)


def of_maps(stock, group, groups):
    areas = real.HALF_DEGREE.areas.reshape(-1)
    return turnover(stock, real.cardamom().reshape(-1), areas, group.reshape(-1), groups)


@needs_data
def test_stocks_over_cardamoms_flux():
    areas = real.HALF_DEGREE.areas.reshape(-1)
    hwsd, flux = real.stock("HWSD").reshape(-1), real.cardamom().reshape(-1)
    totals = [
        np.nansum(s * areas) / 1e15 for s in (hwsd, merged(), real.stock("NCSCDV22").reshape(-1))
    ]
    assert totals == pytest.approx([1375.865410, 1562.992350, 475.350968], rel=1e-8)
    one = np.zeros(hwsd.size, dtype=int)
    found = of_maps(merged(), one, 1)
    assert found.n[0] == 59149
    assert found.stock[0] / 1e15 == pytest.approx(1465.406790, rel=1e-8)
    assert found.flux[0] / 1e15 == pytest.approx(53.355857, rel=1e-7)
    assert found.time[0] == pytest.approx(27.464779, rel=1e-7)
    assert found.median[0] == pytest.approx(30.028944, rel=1e-6)
    assert of_maps(hwsd, one, 1).time[0] == pytest.approx(24.007564, rel=1e-7)
    # Wrong: totals of different cells, and trap 7, the area mean of cells.
    apart = totals[1] * 1e15 / np.nansum(flux * areas)
    assert apart == pytest.approx(29.010018, rel=1e-7)
    there = (merged() > 0) & (flux > 0)
    mean = np.average(merged()[there] / flux[there], weights=areas[there])
    assert mean == pytest.approx(78.806326, rel=1e-7)


@needs_data
def test_zeros_of_ncscd_are_no_soils():
    # Trap 8: 164,068 zeros mean that a cell is not in the domain.
    zeros = np.isnan(real.stock("NCSCDV22")) & np.isfinite(real.stock("HWSD"))
    as_stock = np.where(zeros.reshape(-1), 0.0, merged())
    found = of_maps(as_stock, np.zeros(as_stock.size, dtype=int), 1)
    assert found.n[0] < 59149
    same = np.nan_to_num(merged(), nan=-1).reshape(360, 720)
    upstream = np.nan_to_num(1000 * real.array("observational_Cs"), nan=-1)
    both = (upstream > 0) & (same > 0)
    assert both.sum() == 66219
    np.testing.assert_array_equal(upstream[both], same[both])


@needs_data
def test_turnover_by_land_type():
    codes = real.igbp()
    found = of_maps(merged(), codes + 1, 19)
    for code, (n, area, stock, flux, time) in T6A.items():
        at = code + 1
        assert found.n[at] == n, code
        assert found.area[at] / 1e12 == pytest.approx(area, abs=6e-5), code
        assert found.stock[at] / 1e15 == pytest.approx(stock, abs=6e-5), code
        assert found.flux[at] / 1e15 == pytest.approx(flux, abs=6e-5), code
        assert found.time[at] == pytest.approx(time, rel=5e-5), code
    assert found.time[18] == pytest.approx(39.7763, abs=6e-5)


@needs_data
def test_turnover_by_band():
    band = np.broadcast_to(band_of(real.HALF_DEGREE.lat)[:, None], (360, 720))
    found = of_maps(merged(), band, 36).time
    expected = {-5: 11.852, 0: 11.321, 50: 44.358, 65: 143.286, 75: 448.369}
    for south, time in expected.items():
        assert found[np.searchsorted(EDGES, south)] == pytest.approx(time, abs=6e-4)


T6B = {
    # stock Pg C, years, of full cells, area mean of cells (wrong), area median
    "BCC-CSM2-MR": (1508.866243, 28.750619, 27.889353, 49.552230, 19.048833),
    "CNRM-ESM2-1": (1572.724415, 36.360079, 34.153145, 58.434153, 38.425643),
    "IPSL-CM6A-LR": (553.920541, 12.335059, 12.152462, 19.447602, 13.345814),
}


@needs_data
@pytest.mark.parametrize("model", T6B)
def test_turnover_of_models(model):
    rate, areas = real.modelled(model), real.GRIDS[model].areas
    years = real.array("historical_modelled_tau", model)
    held = years * rate
    stock, time, full, mean, median = T6B[model]
    one = np.zeros(rate.size, dtype=int)

    def of(weights):
        return turnover(held.reshape(-1), rate.reshape(-1), weights.reshape(-1), one, 1)

    found = of(areas * real.land_of(model))
    assert found.stock[0] / 1e15 == pytest.approx(stock, rel=1e-6)
    assert found.time[0] == pytest.approx(time, rel=1e-6)
    assert found.median[0] == pytest.approx(median, rel=1e-5)
    # The specification has a few cells more beside the equator of Gaussian grids: test_products.
    cells = np.where(real.land_of(model) > 0, areas, 0)
    assert of(cells).time[0] == pytest.approx(full, rel=1.5e-4)
    there = (held > 0) & (rate > 0)
    wrong = np.average(years[there], weights=(areas * real.land_of(model))[there])
    assert wrong == pytest.approx(mean, rel=1e-5)


@needs_data
def test_turnover_of_casa():
    pools = ("clitmetb", "clitstr", "clitcwd", "csoilmic", "csoilslow", "csoilpass")
    values, land = real.casa("cresp", *pools)
    held = sum(values[name] for name in pools).reshape(-1)
    rate = 365 * values["cresp"].reshape(-1)
    one = np.zeros(rate.size, dtype=int)
    found = turnover(held, rate, land.reshape(-1), one, 1)
    assert found.time[0] == pytest.approx(26.026305, rel=1e-7)
    soil = sum(values[name] for name in pools[3:]).reshape(-1)
    assert turnover(soil, rate, land.reshape(-1), one, 1).time[0] == pytest.approx(
        22.9840, abs=6e-5
    )
