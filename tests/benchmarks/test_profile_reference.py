"""The second way of the vertical MIMICS is right: every published table, and its own laws.

Tables are printed to nine digits of a pool, eight in time, six of 14C. How long a steady state and
an hour take: ``pytest tests/benchmarks/test_profile_reference.py --benchmark-enable``.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pytest
from benchmarks import profile_reference as reference
from profile_tables import (
    ARRIVALS,
    COLUMN_14C,
    COLUMNS,
    POOLS_14C,
    STOPS,
    TO_NINE_DIGITS,
    TRANSIENT,
    table,
)
from scipy.integrate import solve_ivp

pytestmark = pytest.mark.skipif(not reference.gcc, reason="gcc is not here for the C source")

FIVE = np.full(20, 5.0)
TEMPERATE = (300, 200, 10, 0.20, 20, 25, 500)
TABLE_1 = (4, 8, 2, 0.75, 10, 1, 1.2)
CASES = {
    "V0": ("w21_code", (300, 200, 10, 0.25, 18, 22, 500), (8.91, 15.49, 4.19, 0, 10.51, 1.56, 1.4)),
    "V1": ("w21_text", TEMPERATE, TABLE_1),
    "V2": ("w21_code", TEMPERATE, TABLE_1),
    "V3": (
        "w21_code",
        (500, 400, 20, 0.30, 15, 20, 900),
        (7.75, 11.72, 1.44, 1.55, 22.74, 4.71, 1.19),
    ),
    "V4": (
        "w21_code",
        (150, 100, 2, 0.10, 30, 30, 250),
        (8.96, 23.97, 1.89, 0.06, 14.59, 3.89, 1.62),
    ),
    "V5": ("w21_code", TEMPERATE, TABLE_1),
}
THICKNESS = {"V5": np.array([2.0, 3, 5, 10, 10, 20, 25, 25])}


@dataclass(frozen=True)
class Profile:
    name: str
    thickness: np.ndarray
    k: np.ndarray
    rest: reference.Steady


def profile(name):
    thickness = THICKNESS.get(name, FIVE)
    k = reference.coefficients(*CASES[name], thickness)
    return Profile(name, thickness, k, reference.steady(k))


def soc(pools):
    return pools[:, 2:].sum(axis=1)


@pytest.mark.slow
def test_coefficients_are_those_published():
    k = reference.coefficients(*CASES["V2"], FIVE)
    # Columns of the C source: V, K, turnover, fP, fC, desorption and the shares of the input.
    half = [287.891909, 1272.67906, 704.164704, 1151.56764, 636.33953, 469.443136]
    np.testing.assert_allclose(k[:, 6:12], np.tile(half, (20, 1)), rtol=5e-9)
    np.testing.assert_allclose(k[:, 16:18], [[0.1680821392, 0.02300081307]] * 20, rtol=1e-9)
    np.testing.assert_allclose(k[:, 22], 2.2224546620e-05, rtol=1e-9)
    np.testing.assert_allclose(k[[0, 1, 19], 0], [0.1391518408, 0.1323653254, 5.381572533e-02])
    np.testing.assert_allclose(k[:2, 14], [8.0363144655e-04, 7.9131259240e-04], rtol=1e-9)
    np.testing.assert_allclose(k[0, 15], 3.3051512334e-04, rtol=1e-9)
    np.testing.assert_allclose(k[:2, 18], [0.2345335333, 0.2682698734], rtol=1e-9)
    np.testing.assert_allclose(k[0, 19], 0.9769991869, rtol=1e-9)
    litter = reference.inputs(k)
    metabolic, structural = litter[:, [0, 4]].sum(axis=1), litter[:, [1, 5]].sum(axis=1)
    np.testing.assert_allclose(metabolic[[0, 19]], [4.9843871343e-04, 7.0607075719e-09], rtol=1e-9)
    np.testing.assert_allclose(structural[0], 3.6616731606e-04, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_steady_states_are_those_published(name):
    found = profile(name)
    assert found.rest.status == 0
    rows = table("steady")[table("steady")["case"] == name]
    here = rows["layer"] - 1
    pools = np.stack([rows[pool] for pool in reference.POOLS], axis=-1)
    np.testing.assert_allclose(found.rest.pools[here], pools, rtol=TO_NINE_DIGITS)
    _, breath = reference.rates(found.k, found.rest.pools)
    np.testing.assert_allclose(
        breath[here] * reference.YEAR, rows["respiration"], rtol=TO_NINE_DIGITS
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_columns_are_those_published(name):
    found = profile(name)
    pools, to_column = found.rest.pools, 10 * found.thickness
    _, breath = reference.rates(found.k, pools)
    total, litter, respired, slowest, fastest = COLUMNS[name]
    stocks = [to_column @ soc(pools), to_column @ pools[:, :2].sum(axis=1)]
    np.testing.assert_allclose(stocks, [total, litter], rtol=TO_NINE_DIGITS)
    assert to_column @ breath * reference.YEAR == pytest.approx(respired, rel=1e-14)
    slow, fast, growth = reference.modes(found.k, pools)
    assert growth < 0
    assert slow == pytest.approx(slowest, rel=1e-5)
    assert fast == pytest.approx(fastest, rel=5e-4)


@pytest.mark.slow
def test_layers_without_diffusion_are_profiles_of_their_own():
    found = profile("V0")
    for row, pools in zip(found.k, found.rest.pools, strict=True):
        alone = reference.steady(row[np.newaxis].copy())
        np.testing.assert_allclose(alone.pools[0], pools, rtol=1e-13)


@pytest.mark.slow
def test_jacobian_is_that_of_the_rates():
    found = profile("V5")
    pools, j = found.rest.pools, reference.jacobian(found.k, found.rest.pools)
    for q, size in enumerate(pools.ravel()):
        step = np.zeros(pools.size)
        step[q] = 1e-5 * size
        ends = (reference.rates(found.k, pools + s * step.reshape(-1, 7))[0] for s in (1, -1))
        by_difference = np.subtract(*ends).ravel() / (2 * step[q])
        np.testing.assert_allclose(j[:, q], by_difference, atol=1e-9 * np.abs(j[:, q]).max())


@pytest.mark.slow
@pytest.mark.parametrize("preset", reference.PRESETS)
def test_carbon_is_conserved(preset):
    thickness = THICKNESS["V5"]
    draw = np.random.default_rng(3)
    params = draw.uniform(reference.LOWEST, reference.HIGHEST)
    k = reference.coefficients(preset, TEMPERATE, params, thickness)
    pools = np.exp(draw.uniform(-6, 3, (len(k), 7)))
    rates, breath = reference.rates(k, pools)
    gained, given = thickness @ rates.sum(axis=1), thickness @ reference.inputs(k).sum(axis=1)
    assert given == pytest.approx((300 + 200) * 0.1 / reference.YEAR, rel=1e-14)
    assert gained == pytest.approx(given - thickness @ breath, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("preset", reference.PRESETS)
def test_members_are_profiles_of_their_own(preset):
    draw = np.random.default_rng(4)
    params = draw.uniform(reference.LOWEST, reference.HIGHEST, (40, 7))
    found = reference.steady_many(preset, TEMPERATE, params, FIVE)
    assert not found.status.any()
    assert found.rate.max() < 1e-12
    for row, pools in zip(params, found.pools, strict=True):
        np.testing.assert_array_equal(reference.steady(preset, TEMPERATE, row, FIVE).pools, pools)


@pytest.mark.slow
def test_what_is_not_finished_is_said():
    assert reference.steady(*CASES["V2"], FIVE, budget=5).status == 1


@pytest.mark.slow
def test_transient_is_the_published_one():
    rows = np.array([line.split() for line in TRANSIENT.split("\n") if line], dtype=float)
    years = [1, 10, 100]
    found = reference.transient(years, *CASES["V2"], FIVE)
    found = np.stack([found[years.index(y), int(layer) - 1] for y, layer in rows[:, :2]])
    np.testing.assert_allclose(found, rows[:, 2:], rtol=5.5e-8)


@pytest.mark.slow
def test_transient_is_that_of_lsoda():
    k = profile("V3").k
    start = np.tile(reference.COLD, len(k))

    def rates(_, flat):
        return reference.rates(k, flat.reshape(-1, 7))[0].ravel()

    close = {"rtol": 1e-10, "atol": 1e-14, "lband": 7, "uband": 7}
    found = solve_ivp(rates, (0, 30 * reference.YEAR), start, method="LSODA", **close)
    (ours,) = reference.transient([30], k)
    np.testing.assert_allclose(ours.ravel(), found.y[:, -1], rtol=1e-7)


@pytest.mark.slow
def test_hourly_steps_are_of_first_order_and_keep_the_steady_state():
    found = profile("V2")
    (exact,) = reference.transient([1], found.k)
    hourly = reference.hourly_years(1, found.k)
    assert 1e-5 < np.abs(hourly / exact - 1).max() < 1e-3
    kept = reference.hourly_years(0.1, found.k, start=found.rest.pools)
    np.testing.assert_allclose(kept, found.rest.pools, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rule", "year", "errors"), STOPS)
def test_stopping_rules_stop_where_published(name, rule, year, errors):
    found = profile(name)
    stopped, pools = reference.stopping_year(rule, found.k)
    assert stopped == year
    ours, rest = soc(pools), soc(found.rest.pools)
    off = (
        np.abs(pools / found.rest.pools - 1).max(),
        np.abs(ours / rest - 1).max(),
        ours.sum() / rest.sum() - 1,
        abs(ours[:6].sum() / rest[:6].sum() - 1),
    )
    for mine, printed in zip(off, map(Decimal, errors.split()), strict=True):
        if printed.is_finite():
            last_digit = 10.0 ** printed.as_tuple().exponent
            assert 100 * mine == pytest.approx(float(printed), abs=0.5 * last_digit)


@pytest.mark.slow
@pytest.mark.parametrize("name", ARRIVALS)
def test_the_steady_state_is_neared_as_published(name):
    k = profile(name).k
    ours = [reference.arrival_year(limit, k) for limit in (1e-2, 1e-4, 1e-6)]
    # Published years are of implicit Euler steps, under which slow modes last a little longer.
    np.testing.assert_allclose(ours, ARRIVALS[name], rtol=2e-4)


def litter_of_the_test():
    """FM of litter before 1950 and of every year 1950 to 1999, a year behind the air."""

    def air(y):
        if y <= 1964:
            return 0.975 + (1.80 - 0.975) * max(0, y - 1955) / 9
        return 1.05 + 0.75 * np.exp(-(y - 1964) / 16)

    return [0.975, *(air(y - 1) for y in range(1950, 2000))]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["tracer", "paper"])
@pytest.mark.parametrize("name", COLUMN_14C)
def test_radiocarbon_is_that_published(name, mode):
    found = profile(name)
    way = {"tracer": reference.fraction_modern, "paper": reference.fraction_modern_apart}[mode]
    fm = way(litter_of_the_test(), found.k)[[0, -1]]
    pools = found.rest.pools
    atoms = (fm * pools)[:, :, 4:].sum(axis=2)
    layers = atoms / pools[:, 4:].sum(axis=1)
    printed = [table("14c")[f"{name}_{mode}_{year}"] for year in (1950, 2000)]
    np.testing.assert_allclose(layers, printed, rtol=0, atol=1e-6)
    column = atoms @ found.thickness / (found.thickness @ pools[:, 4:].sum(axis=1))
    first = 0 if mode == "tracer" else 2
    np.testing.assert_allclose(column, COLUMN_14C[name][first : first + 2], rtol=0, atol=1e-6)
    if (name, mode) == ("V2", "tracer"):
        for layer, values in POOLS_14C.items():
            np.testing.assert_allclose(fm[1, layer], values, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_a_tracer_goes_where_carbon_goes():
    found = profile("V2")
    carbon, given = found.rest.pools, reference.inputs(found.k)
    lost = reference.donors(found.k, carbon) @ carbon.ravel() + given.ravel()
    assert np.abs(lost).max() < 1e-14 * given.max()
    unaged = reference.fraction_modern([0.9, 0.9], found.k, decay=0.0)
    np.testing.assert_allclose(unaged, 0.9, rtol=1e-9)


def test_speed_of_steady_states(benchmark):
    benchmark.group = "profile reference"
    draw = np.random.default_rng(1)
    params = draw.uniform(reference.LOWEST, reference.HIGHEST, (1000, 7))
    found = benchmark(reference.steady_many, "w21_code", TEMPERATE, params, FIVE)
    assert not found.status.any()


def test_speed_of_one_profile(benchmark):
    benchmark.group = "profile reference"
    found = benchmark(reference.steady_many, *CASES["V2"][:2], [TABLE_1] * 100, FIVE)
    assert not found.status.any()


def test_speed_of_an_hourly_year(benchmark):
    benchmark.group = "profile reference"
    benchmark(reference.hourly_years, 1, profile("V2").k)
