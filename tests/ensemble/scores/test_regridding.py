"""Regridding with land fractions: what is kept, what is refused, and T5a on real grids."""

import numpy as np
import pytest
import real_maps as real
from support import needs_data

from ensemble.scores.regridding import (
    Conservative,
    DistanceWeighted,
    Regridded,
    conserved,
    regrid,
)
from scenarios.grids import gaussian_grid, grid_of

COARSE = gaussian_grid(16, 32, 0.0)
FINE = grid_of(np.arange(36) * 5 - 87.5, np.arange(72) * 5 - 177.5)


def total(rate, land, grid):
    """Return Pg of g m-2."""
    return np.nansum(rate * land * grid.areas) / 1e15


def made(grid, seed=4):
    draw = np.random.default_rng(seed)
    land = np.where(draw.random(grid.shape) < 0.4, 0.0, draw.random(grid.shape))
    return np.where(draw.random(grid.shape) < 0.1, np.nan, draw.gamma(2, 200, grid.shape)), land


@pytest.mark.parametrize(("source", "target"), [(COARSE, FINE), (FINE, COARSE)])
def test_totals_are_kept(source, target):
    rate, land = made(source)
    found = regrid(rate, land, Conservative(source, target))
    assert total(found.rate, found.land, target) == pytest.approx(
        total(rate, land, source), rel=1e-13
    )
    assert found.ratio == pytest.approx(1.0, rel=1e-13)
    known = np.where(np.isfinite(rate), land, 0)
    assert total(1, found.land, target) == pytest.approx(total(1, known, source), rel=1e-13)


def test_a_rate_that_is_the_same_everywhere_stays_so():
    for method in (Conservative, DistanceWeighted):
        _, land = made(FINE)
        found = regrid(np.full(FINE.shape, 3.0), land, method(FINE, COARSE))
        np.testing.assert_allclose(found.rate[found.land > 0], 3.0, rtol=1e-14)
        assert np.isnan(found.rate[found.land == 0]).all()


def test_columns_counted_from_another_meridian_are_the_same_columns():
    # Trap 4 and 17: half a turn and the wrap at 360.
    rate, land = made(FINE)
    expected = regrid(rate, land, Conservative(FINE, COARSE)).rate
    turned = grid_of(FINE.lat, np.arange(72) * 5 + 2.5)
    again = [np.roll(x, 36, axis=1) for x in (rate, land)]
    np.testing.assert_allclose(
        regrid(*again, Conservative(turned, COARSE)).rate, expected, rtol=1e-12
    )
    np.testing.assert_allclose(
        regrid(*again, DistanceWeighted(turned, COARSE)).rate,
        regrid(rate, land, DistanceWeighted(FINE, COARSE)).rate,
        rtol=1e-6,
    )
    as_if = regrid(rate, land, Conservative(turned, COARSE)).rate
    assert np.nanmax(np.abs(as_if - expected)) > 100


def test_onto_its_own_grid_nothing_changes():
    rate, land = made(COARSE)
    there = np.isfinite(rate) & (land > 0)
    for method in (Conservative, DistanceWeighted):
        found = regrid(rate, land, method(COARSE, COARSE))
        np.testing.assert_allclose(found.rate[there], rate[there], rtol=1e-13)
        np.testing.assert_array_equal(np.isfinite(found.rate), there)


def test_a_target_that_is_a_part_has_its_part():
    rate, land = made(FINE)
    part = grid_of(FINE.lat[10:20], FINE.lon[5:25])
    found = regrid(rate, land, Conservative(FINE, part))
    np.testing.assert_allclose(
        found.land, np.where(np.isfinite(rate), land, 0)[10:20, 5:25], rtol=1e-12, atol=1e-15
    )


def test_without_land_fractions_nothing_is_regridded():
    with pytest.raises(ValueError, match="needed the land fraction"):
        regrid(made(FINE)[0], None, Conservative(FINE, COARSE))


@pytest.mark.parametrize(("ratio", "said"), [(1.0005, ""), (0.998, "changed the total by -0.20%")])
def test_a_total_that_changes_is_told_of(ratio, said):
    found = Regridded(np.ones((1, 1)), np.ones((1, 1)), ratio)
    same, text = conserved(found, rescale=False)
    assert same is found
    assert text.endswith(said)
    assert bool(text) == bool(said)


def test_a_total_that_changes_much_is_refused_or_rescaled():
    found = Regridded(np.full((1, 2), 2.0), np.ones((1, 2)), 1.25)
    with pytest.raises(ValueError, match=r"\+25.00%; needed 1% or less: .*conserve: rescale"):
        conserved(found, rescale=False)
    scaled, text = conserved(found, rescale=True)
    np.testing.assert_allclose(scaled.rate, 1.6)
    assert text == "rescaled by -20.00%"


T5A = {
    # Source: own conservative = CDO 2.1.1 remapcon; own distance-weighted; CDO remapdis.
    "BCC-CSM2-MR": (52.481174, 52.498551, 52.498118),
    "IPSL-CM6A-LR": (44.906194, 44.915954, 44.918819),
    "CARDAMOM": (51.800430, 51.674424, 51.674676),
}


@needs_data
@pytest.mark.parametrize("name", T5A)
def test_totals_of_t5a(name):
    observed = name == "CARDAMOM"
    grid = real.HALF_DEGREE if observed else real.GRIDS[name]
    rate = real.cardamom() if observed else real.modelled(name)
    land = real.luc4c() if observed else real.land_of(name)
    exact, near, cdo = T5A[name]
    found = regrid(rate, land, Conservative(grid, real.TARGET))
    assert total(found.rate, found.land, real.TARGET) == pytest.approx(exact, rel=1e-8)
    found = regrid(rate, land, DistanceWeighted(grid, real.TARGET))
    by_distance = total(found.rate, found.land, real.TARGET)
    assert by_distance == pytest.approx(near, rel=2e-4)
    assert by_distance == pytest.approx(cdo, rel=2e-4)
    said = conserved(found, rescale=False)[1]
    assert ("-0.24%" in said) == observed


@needs_data
def test_rates_without_the_sea_times_land_do_not_conserve():
    # T5a, last column: what other programs do by default (decision 4).
    rate, land = real.cardamom(), real.luc4c()
    weights = DistanceWeighted(real.HALF_DEGREE, real.TARGET)
    number = weights.spread(np.nan_to_num(rate))
    known = weights.spread(np.isfinite(rate).astype(float))
    wrong = np.divide(number, known, out=np.zeros_like(number), where=known > 0)
    found = total(wrong, Conservative(real.HALF_DEGREE, real.TARGET).spread(land), real.TARGET)
    # CDO's remapdis, which takes its 4 nearest among cells with a value: 51.205149.
    assert found / total(rate, land, real.HALF_DEGREE) < 0.99
