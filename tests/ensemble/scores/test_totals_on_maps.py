"""Totals of gridded rates (T1a, T1b) and their bands (T2), and what they are without care."""

import csv

import numpy as np
import pytest
import real_maps as real
from support import DATA, needs_data

from ensemble.scores.bands import EDGES, band_of, means
from scenarios.grids import Grid, grid_of

pytestmark = needs_data

YEAR = 365.0
TABLES = DATA.parent / "science" / "acceptance"

T1A = {
    "cresp": (YEAR, 54.273067),
    "cnpp": (YEAR, 55.283715),
    "cleaf": (1.0, 13.2761),
    "cwood": (1.0, 279.4424),
    "cfroot": (1.0, 146.3165),
    "clitmetb": (1.0, 9.8023),
    "clitstr": (1.0, 85.6507),
    "clitcwd": (1.0, 69.6631),
    "csoilmic": (1.0, 56.7992),
    "csoilslow": (1.0, 849.6548),
    "csoilpass": (1.0, 340.9572),
}
"""Pg C and Pg C yr-1 (CDO fldsum of the first: 54.2730675; plain loops of the others)."""


@pytest.mark.parametrize("name", T1A)
def test_totals_of_casa(name):
    values, area = real.casa(name)
    factor, expected = T1A[name]
    found = np.nansum(factor * values[name] * area) / 1e15
    assert found == pytest.approx(expected, rel=1e-8 if name == "cresp" else 5e-6)


def test_areas_and_means_of_casa():
    values, area = real.casa("cresp")
    rate = YEAR * values["cresp"]
    assert ((area > 0).sum(), ((area > 0) & (rate > 0)).sum()) == (2970, 2922)
    assert area.sum() / 1e12 == pytest.approx(122.62884, rel=1e-7)
    lost = rate > 0
    assert area[lost].sum() / 1e12 == pytest.approx(120.06409, rel=1e-7)
    assert np.average(rate[lost], weights=area[lost]) == pytest.approx(452.0341, abs=5e-5)
    # Traps 2 and 3: full cells are 4.8 % more; a land area times a land fraction is less.
    full = np.nansum(np.where(area > 0, rate, 0) * real.TESTBED.areas) / 1e15
    assert full == pytest.approx(56.862515, rel=1e-7)
    twice = np.nansum(rate * area * np.minimum(area / real.TESTBED.areas, 1)) / 1e15
    assert twice < 54
    # Trap 26: sums in float32.
    single = np.nansum((rate * area).astype(np.float32), dtype=np.float32)
    assert abs(single / np.nansum(rate * area) - 1) > 1e-8


T1B = {
    # cells, full cells, land fraction (CDO gives the same to its areas), area of land, even rows
    "BCC-CSM2-MR": (19598, 57.956366, 52.481174, 132.4715, 58.053955),
    "CNRM-ESM2-1": (13639, 58.469363, 43.254153, 133.174, 58.570312),
    "IPSL-CM6A-LR": (5638, 52.822921, 44.906194, 132.4020, 52.579376),
}


@pytest.mark.parametrize("model", T1B)
def test_totals_of_models(model):
    rate, land, grid = real.modelled(model), real.land_of(model), real.GRIDS[model]
    cells, full, on_land, area, even = T1B[model]
    assert np.isfinite(rate).sum() == cells
    assert np.nansum(rate * grid.areas) / 1e15 == pytest.approx(full, abs=6e-7)
    assert np.nansum(rate * grid.areas * land) / 1e15 == pytest.approx(on_land, abs=6e-7)
    there = np.isfinite(rate)
    assert (grid.areas * land)[there].sum() / 1e12 == pytest.approx(area, rel=1e-5)
    # Trap 5: rows taken to be evenly apart, from pole to pole.
    edges = np.linspace(-90, 90, grid.shape[0] + 1)
    wrong = Grid(grid.lat, grid.lon, np.stack([edges[:-1], edges[1:]], axis=1), grid.lon_bounds)
    assert np.nansum(rate * wrong.areas) / 1e15 == pytest.approx(even, abs=6e-7)


def test_totals_of_cardamom():
    rate = real.cardamom()
    assert np.isfinite(rate).sum() == 62166
    areas = real.HALF_DEGREE.areas
    assert np.nansum(rate * areas) / 1e15 == pytest.approx(53.877676, rel=1e-8)
    found = np.nansum(rate * areas * real.luc4c()) / 1e15
    assert found == pytest.approx(51.800430, rel=1e-8)


def test_half_a_turn_is_seen_on_the_land_mask():
    # Trap 4: cells of CARDAMOM on land as they lie, and shifted by half a turn.
    there, land = np.isfinite(real.cardamom()), real.luc4c() > 0
    assert (there & land).sum() == 54592
    assert (np.roll(there, 360, axis=1) & land).sum() == 28154


def read(name):
    with (TABLES / name).open() as file:
        rows = list(csv.DictReader(file))
    return {k: np.array([float(row[k]) for row in rows]) for k in rows[0]}


def same_bands(found, table, names, rtol=1e-6):
    at = np.searchsorted(EDGES, table["lat0"])
    assert np.flatnonzero(found.n).tolist() == at.tolist()
    np.testing.assert_array_equal(found.n[at], table["n"])
    for mine, theirs in zip(
        ("mean", "half_width", "plain", "plain_half_width"), names, strict=True
    ):
        np.testing.assert_allclose(
            getattr(found, mine)[at], table[theirs], rtol=rtol, atol=1e-9, err_msg=theirs
        )


@pytest.mark.parametrize("name", ["Rh", "NPP", "NEE"])
def test_bands_of_casa(name):
    values, area = real.casa("cresp", "cnpp")
    rates = {"Rh": values["cresp"], "NPP": values["cnpp"]}
    rates["NEE"] = rates["Rh"] - rates["NPP"]
    band = np.broadcast_to(band_of(real.TESTBED.lat)[:, None], area.shape).reshape(-1)
    # Cells with land; a rate of 0 is a rate.
    found = means(YEAR * rates[name].reshape(-1), area.reshape(-1), band)
    same_bands(found, read("zonal_casa.csv"), [f"{name}_{k}" for k in ("w", "wci", "u", "uci")])
    if name == "Rh":
        total = np.nansum(found.mean * found.weight) / 1e15
        assert total == pytest.approx(54.27306719, rel=1e-9)


def test_bands_of_cardamom():
    rate = real.cardamom().reshape(-1)
    band = np.broadcast_to(band_of(real.HALF_DEGREE.lat)[:, None], (360, 720)).reshape(-1)
    found = means(rate, real.HALF_DEGREE.areas.reshape(-1), band)
    same_bands(found, read("zonal_cardamom.csv"), ("wmean", "wci", "mean", "ci"))


def test_rows_of_float32_are_of_the_same_bands():
    lat = (-90 + np.arange(96) * 36 / 19).astype(np.float32)
    np.testing.assert_array_equal(band_of(lat), band_of(real.TESTBED.lat))
    grid = grid_of(lat, real.TESTBED.lon.astype(np.float32))
    np.testing.assert_allclose(grid.areas, real.TESTBED.areas, rtol=1e-6)
