"""MIMICS of the testbed: against other ways to the same numbers, and its conservation."""

import numpy as np
import pytest
from mimics_cases import CASES, COLD, Again, numbers
from mimics_cases import run as run_mimics
from scipy.integrate import solve_ivp
from testbed_mimics import DAYS, LITTER, POOLS, climates, lasting, means, run, run_from

from kernels.contract.status import OUT_OF_RANGE
from kernels.mimics import mimics
from kernels.mimics.daily.day import begin_day, crowd, end_day, hours, no_change, push
from kernels.mimics.daily.lanes import (
    COURSE,
    DAILY,
    LANES,
    POOL,
    SPAN,
    TANGENT,
    group,
    place,
    productivity,
    settle,
)
from kernels.mimics.mimics_testbed import TOLERANCE
from kernels.mimics.one_layer.coefficients import of_inputs
from kernels.mimics.one_layer.equations import (
    COEFFICIENTS,
    REVERSE,
    RH,
    corpse,
    jacobian,
    metabolic_fraction,
)
from kernels.mimics.one_layer.sets import NAMES, SETS
from kernels.mimics.one_layer.stepping import euler

S2 = CASES["S2"]
S2_POOLS = numbers(
    "0.6751727803 | 3.643359593 | 0.05303223708 | 0.07996498943 | 1.965518027 | 4.898423058 "
    "| 2.345058456"
)


def s2():
    """Return the drivers of case S2, its litter split by the same lignin:N."""
    f_met, litter = 0.39375, S2.litter / DAYS
    return {
        "mimics_litter_met": np.array([f_met * litter]),
        "mimics_litter_str": np.array([(1 - f_met) * litter]),
        "cwd_to_litter": np.zeros(1),
        "cwd_respiration": np.zeros(1),
        "lignin_n": np.array([S2.lignin_n]),
        "soil_temperature": np.array([S2.temperature]),
        "theta_l": np.array([0.4]),
        "theta_f": np.zeros(1),
        "annual_npp": np.array([S2.litter]),
        "pft": np.array([2.0]),
        "clay": np.array([S2.clay]),
    }


def pools(found, at=0, sample=0):
    return np.array([found.out[n][at, ..., sample] for n in POOLS])


class TestPublished:
    def test_equilibrium(self):
        found = run(s2(), drivers="mean")
        np.testing.assert_allclose(pools(found), S2_POOLS, rtol=1e-8)
        assert found.out["rh"].item() == pytest.approx(500, rel=1e-8)
        stock = found.out["soil_litter_carbon"].item()
        assert stock == pytest.approx(13660.52914, rel=1e-8)

    def test_repeating_days_return_to_it(self):
        found = run(lasting(s2(), 2), start="steady", outputs=["mimics_start", "rh"])
        np.testing.assert_allclose(found.out["mimics_start"][0, :, 0], S2_POOLS, rtol=1e-8)
        np.testing.assert_allclose(found.out["rh"], 500, rtol=1e-8)

    def test_first_day(self):
        out = run_from(lasting(s2(), 1), COLD, ["mimics_daily", "rh_daily"])
        expected = numbers(
            "1.64800578995 | 1.6499481529 | 0.410067954955 | 0.411194512104 | 1.8576682989 "
            "| 6.18747157048 | 4.33256857894"
        )
        np.testing.assert_allclose(out["mimics_daily"][0, 0, :, 0], expected, rtol=1e-10)
        assert out["rh_daily"][0, 0, 0] == pytest.approx(4.44500478985, rel=1e-10)

    def test_ten_years_are_those_of_the_rates(self):
        out = run_from(lasting(s2(), 10), COLD, ["mimics_end"])
        solved = solve_ivp(Again(S2), (0, 87600), COLD, "LSODA", rtol=1e-9, atol=1e-12).y[:, -1]
        # The hour is an error of first order.
        np.testing.assert_allclose(out["mimics_end"][0, :, 0], solved, rtol=1e-4)


class TestOtherWays:
    def test_means_are_the_equilibria_of_mimics(self):
        # Half of what it eats, a microbe may get on with; some die.
        draw = np.random.default_rng(5)
        climate = means(climates(40, 1, seed=2))
        climate["cwd_to_litter"][:] = 0.0
        changed = {n: SETS["testbed"][n] * draw.uniform(0.5, 2, 25) for n in ("aV", "aK", "tau_k1")}
        f_met = np.maximum(0, 0.75 * (0.85 - 0.013 * np.minimum(40, climate["lignin_n"])))
        litter = climate["mimics_litter_met"] + climate["mimics_litter_str"]
        climate["mimics_litter_met"], climate["mimics_litter_str"] = (
            f_met * litter,
            (1 - f_met) * litter,
        )
        found = run(climate, changed, drivers="mean")
        options = mimics.Options(form="reverse", set="testbed", moisture="corpse")
        theirs = climate | {"litter_input": litter * DAYS, "depth": np.full(40, 100.0)}
        expected = run_mimics(options, theirs, changed)
        np.testing.assert_array_equal(found.status, expected.status)
        assert (found.status == 0).mean() > 0.99
        for name in POOLS:
            np.testing.assert_allclose(found.out[name], expected.out[name], rtol=1e-9, err_msg=name)

    def test_a_day_is_that_of_the_scalar_equations(self):
        for member in range(5):
            z, d, k, y = one_day(member)
            begin_day(z, d, 0)
            hours(z, 24, True)
            end_day(z)
            respired = euler(REVERSE, k, y, 24, np.empty(8))
            found = [z[place(POOL.m, i, member)] for i in range(7)]
            np.testing.assert_allclose(found, y, rtol=TOLERANCE / 100)
            assert z[place(COURSE.respired, 0, member)] == pytest.approx(respired, rel=TOLERANCE)

    def test_slopes_are_the_jacobian_of_the_scalar_equations(self):
        z, d, k, y = one_day(3)
        begin_day(z, d, 0)
        hours(z, 0, True)
        crowd(z)
        no_change(z)
        push(z)
        j = np.empty((8, 7))
        jacobian(REVERSE, k, y, j)
        found = np.array([[z[place(TANGENT, 7 * c + r, 3)] for c in range(7)] for r in range(7)])
        np.testing.assert_allclose(found, np.eye(7) + 24 * j[:RH], rtol=1e-11, atol=1e-15)

    def test_going_round_finds_what_is_solved_for(self):
        climate = climates(1, 1, seed=1)
        climate["soil_temperature"] += 20 - climate["soil_temperature"].mean()
        found = [
            run(climate, start=start, spinup_tolerance=1e-9, outputs=["mimics_start"]).out
            for start in ("steady", "spinup")
        ]
        solved, spun = found
        np.testing.assert_allclose(spun["mimics_start"], solved["mimics_start"], rtol=1e-6)


def one_day(lane):
    """Return a group and drivers, and the scalar coefficients, pools and row of one lane."""
    draw = np.random.default_rng(lane)
    t = np.array([SETS["testbed"][n] for n in NAMES]) * draw.uniform(0.9, 1.1, len(NAMES))
    t[NAMES.index("beta")] = 1.3
    met, structural, debris, lignin, warmth, wet, ice = draw.uniform(
        [0.1, 0.1, 0, 5, -10, 0.1, 0], [2, 2, 1, 60, 30, 0.6, 0.3]
    )
    clay, depth, npp = draw.uniform([0.1, 30, 20], [0.6, 120, 400])
    z, d = group(), np.zeros(SPAN * DAILY * LANES)
    for i, value in enumerate((met, structural, debris, lignin, warmth, wet, ice)):
        d[place(0, i, lane)] = value
    assert settle(z, lane, t, clay, depth) == 0
    productivity(z, lane, t, npp)
    y, k = draw.uniform(0.05, 3, 7), np.empty(COEFFICIENTS)
    for i in range(7):
        z[place(POOL.m, i, lane)] = y[i]
    f_met = metabolic_fraction(
        lignin, *(t[NAMES.index(n)] for n in ("lignin_n_most", "q1", "q2", "q3"))
    )
    hour = 0.1 / 24 / depth
    f_w = corpse(wet, ice)
    assert (
        of_inputs(t, met * hour, (structural + debris) * hour, f_met, npp, warmth, clay, f_w, k)
        == 0
    )
    return z, d, k, y


class TestConservation:
    def test_every_day_closes(self):
        climate = climates(4, 2)
        names = ["mimics_daily", "rh_daily", "mimics_start"]
        out = run(climate, {"aV": [1e-8, 2e-8]}, start="cold", outputs=names).out
        stock = np.concatenate([out["mimics_start"][:, np.newaxis], out["mimics_daily"]], axis=1)
        change = 1000 * np.diff(stock.sum(axis=2), axis=1)
        soil = out["rh_daily"] - climate["cwd_respiration"][..., np.newaxis]
        gain = sum(climate[n] for n in LITTER)[..., np.newaxis] - soil
        np.testing.assert_allclose(change, gain, atol=1e-10)

    def test_every_year_closes(self):
        found = run(climates(4, 5), start="steady").out
        stock = found["soil_litter_carbon"]
        gain = (found["litter_input"] - found["rh"])[:, 1:]
        np.testing.assert_allclose(np.diff(stock, axis=1), gain, atol=1e-8)

    def test_a_cycle_keeps_all_carbon(self):
        found = run(climates(4, 3), start="steady", cycle=3).out
        np.testing.assert_allclose(found["rh"].sum(1), found["litter_input"].sum(1), rtol=1e-10)
        np.testing.assert_allclose(found["mimics_end"], found["mimics_start"], rtol=1e-10)

    def test_days_make_years(self):
        found = run(climates(2, 2), start="cold").out
        years = found["rh_daily"].reshape(2, 2, DAYS, 1).sum(axis=2)
        np.testing.assert_allclose(found["rh"], years, rtol=1e-12)
        ends = found["mimics_daily"][:, DAYS - 1 :: DAYS]
        np.testing.assert_array_equal(np.stack([found[n] for n in POOLS], axis=2), ends)
        np.testing.assert_array_equal(found["mimics_end"], ends[:, -1])


class TestStart:
    def test_only_the_cycle_makes_it(self):
        climate = climates(2, 4)
        whole = run(climate, cycle=2, outputs=["mimics_start"]).out["mimics_start"]
        short = {n: v if v.ndim == 1 else v[:, : v.shape[1] // 2] for n, v in climate.items()}
        part = run(short, cycle=20, outputs=["mimics_start"]).out["mimics_start"]
        np.testing.assert_array_equal(whole, part)

    def test_a_run_goes_on_where_another_ended(self):
        climate = climates(1, 2)
        first, second = (
            {n: v if v.ndim == 1 else np.array_split(v, 2, axis=1)[i] for n, v in climate.items()}
            for i in (0, 1)
        )
        whole = run(climate, start="cold", outputs=["mimics_end"]).out["mimics_end"]
        half = run(first, start="cold", outputs=["mimics_end"]).out["mimics_end"][0, :, 0]
        out = run_from(second, half, ["mimics_end"])
        np.testing.assert_array_equal(out["mimics_end"], whole)

    def test_a_microbe_that_dies_out(self):
        climate = climates(3, 1)
        found = run(climate, {"tau_k1": [2.4e-4, 2.4e-2]}, outputs=["mimics_start", "mimics_end"])
        assert (found.status == 0).all()
        assert (found.out["mimics_start"][:, 3, 0] > 0).all()
        np.testing.assert_array_equal(found.out["mimics_start"][:, 3, 1], 0.0)
        np.testing.assert_allclose(found.out["mimics_end"], found.out["mimics_start"], rtol=1e-10)

    def test_density_dependence(self):
        found = run(climates(3, 2), {"beta": [1.0, 1.5]}, outputs=["mimics_start", "mimics_end"])
        alone = run(climates(3, 2), {"beta": [1.0]}, outputs=["mimics_start", "mimics_end"])
        assert (found.status == 0).all()
        np.testing.assert_array_equal(found.out["mimics_end"][..., :1], alone.out["mimics_end"])
        np.testing.assert_allclose(found.out["mimics_end"], found.out["mimics_start"], rtol=1e-10)

    def test_microbes_that_live_on_little_in_the_cold(self):
        climate = climates(3, 1, seed=23, cold=True)
        climate["soil_temperature"] += -36 - climate["soil_temperature"].mean(axis=1, keepdims=True)
        for name in (*LITTER, "annual_npp"):
            climate[name] *= 0.01
        found = run(climate, outputs=["mimics_start", "mimics_end"])
        assert (found.status == 0).all()
        assert (found.out["mimics_start"] > 0).all()
        np.testing.assert_allclose(found.out["mimics_end"], found.out["mimics_start"], rtol=1e-10)

    def test_places_without_litter_have_no_cycle(self):
        climate = climates(2, 1)
        for name in LITTER:
            climate[name][1] = 0.0
        assert run(climate, outputs=["rh"]).status.tolist() == [[0], [OUT_OF_RANGE]]
        assert run(climate, start="cold", outputs=["rh"]).status.tolist() == [[0], [0]]

    @pytest.mark.parametrize("start", ["steady", "spinup"])
    def test_members_that_do_not_arrive_say_so(self, start):
        found = run(climates(2, 1), start=start, cycles=1, spinup_years=3)
        assert (found.status == 4).all()
        assert all(np.isnan(v).all() for v in found.out.values())


EXPONENTS = ("Vslope", "Vint", "Kslope_m", "Kslope_s", "Kslope_a", "Kint")
FACTORS = ("aV", "aK", "vmod_rm", "vmod_ka", "kmod_rs", "kmod_ka", "KO_r", "tau_r1", "tau_k1", "D1")


@pytest.mark.slow
@pytest.mark.parametrize("cold", [False, True])
def test_every_place_and_row_has_a_cycle(cold):
    draw, samples = np.random.default_rng(3), 50
    changed = {n: SETS["testbed"][n] * draw.uniform(0.9, 1.1, samples) for n in EXPONENTS}
    changed |= {n: SETS["testbed"][n] * 2 ** draw.uniform(-1, 1, samples) for n in FACTORS}
    climate = climates(100, 2, seed=11, cold=cold)
    found = run(climate, changed, outputs=["mimics_start", "mimics_end"])
    assert (found.status == 0).all()
    start = found.out["mimics_start"]
    there = np.where(start > 0, start, 1.0)
    drift = np.abs(found.out["mimics_end"] - start) / there
    assert drift.max() < 1e-10
