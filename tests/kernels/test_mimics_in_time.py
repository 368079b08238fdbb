"""MIMICS in time: published transients, closure, order of accuracy, and spin-up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mimics_cases import CASES, COLD, POOLS, YEAR, Again, lasting, numbers, pools, run
from scipy.integrate import solve_ivp

from kernels.contract.status import BAD_INPUT, NOT_CONVERGED, NOT_FINITE, OK, OUT_OF_RANGE

DAY = {
    "S1": "1.63524378365|1.64853172442|0.42301064911|0.41476771327|1.85947793651|6.18514289853"
    "|4.31945455795|0.0180237045991",
    "S2": "1.64800578995|1.6499481529|0.410067954955|0.411194512104|1.8576682989|6.18747157048"
    "|4.33256857894|0.00444500478985",
}
EXACT = {
    ("S1", 1): "0.17761816|1.07953993|0.296687468|0.351365983|3.84913777|5.1772754|1.89980081",
    ("S1", 10): "0.467355779|2.14430918|0.177247509|0.136979804|5.03675408|3.41569018|2.16057801",
    ("S1", 100): "0.478997477|1.9760142|0.169090956|0.171462978|5.92535916|1.04428889|2.13817733",
    ("S2", 1): "1.1548708|1.67784384|0.179157813|0.186366122|2.12930984|6.14770605|4.18705785",
    ("S2", 10): "0.620967676|2.5793157|0.0607840107|0.0661724769|2.39091725|5.97173509|2.64204724",
    ("S2", 100): "0.66916348|3.61689203|0.0539200745|0.0803718479|2.0060458|5.11765454|2.37566378",
}
INTEGRATORS = ("hourly", "adaptive")


def transient(case, steps, drivers=None, **chosen):
    options = case.options(**{"mode": "transient", "start": "cold"} | chosen)
    return run(options, drivers or lasting(case.drivers, steps), case.changed, steps=steps)


class TestPublished:
    """Section 8."""

    @pytest.mark.parametrize("name", DAY)
    def test_a_day_of_hourly_steps(self, name):
        found = transient(CASES[name], 1, step="day", integrator="hourly")
        day = np.append(pools(found)[0], found.out["respiration"][0, 0, 0])
        np.testing.assert_allclose(day, numbers(DAY[name]), rtol=1e-10)

    @pytest.mark.parametrize("name", ["S1", "S2"])
    def test_adaptive_steps(self, name):
        states = pools(transient(CASES[name], 100))
        for year in (1, 10, 100):
            np.testing.assert_allclose(states[year - 1], numbers(EXACT[name, year]), rtol=1e-7)

    @pytest.mark.parametrize("name", CASES)
    def test_the_model_written_again(self, name):
        """All sets and density exponents, by an integrator of another family."""
        model, states = Again(CASES[name]), pools(transient(CASES[name], 30, tolerance=1e-9))
        span, at = (0.0, 30 * YEAR), YEAR * np.array([1.0, 5.0, 30.0])
        expected = solve_ivp(model, span, COLD, "Radau", t_eval=at, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(states[[0, 4, 29]], expected.y.T, rtol=1e-7)

    def test_hourly_steps_are_of_first_order(self):
        # Rates, litter and desorption twice as large are steps twice as long.
        case, errors = CASES["S1"], []
        k = {"aV": 8e-6, "tau_r1": 5.2e-4, "tau_k1": 2.4e-4, "D1": 1.5e-5}
        for factor in (1.0, 2.0, 4.0, 8.0):
            drivers = lasting(case.drivers, int(80 / factor))
            drivers["litter_input"] = drivers["litter_input"] * factor
            changed = {name: value * factor for name, value in k.items()}
            by = {
                word: run(
                    case.options(mode="transient", start="cold", step="day", integrator=word),
                    drivers, changed, steps=int(80 / factor),
                )
                for word in INTEGRATORS
            }  # fmt: skip
            errors.append(np.abs(pools(by["hourly"])[-1] / pools(by["adaptive"])[-1] - 1).max())
        np.testing.assert_allclose(np.log2(np.divide(errors[1:], errors[:-1])), 1.0, atol=0.1)

    def test_tolerance_is_what_it_says(self):
        case = CASES["S4"]
        exact = pools(transient(case, 20, tolerance=1e-12))
        errors = [
            np.abs(pools(transient(case, 20, tolerance=t)) / exact - 1).max()
            for t in (1e-4, 1e-6, 1e-8)
        ]
        assert errors[0] < 1e-3
        assert errors[1] < 1e-5
        assert errors[2] < 1e-7
        assert errors[0] > 20 * errors[1] > 400 * errors[2]


def seasons(case, years=1, *, steps=365, draw=None):
    """Return daily drivers of some equal years, warm and wet summers after a litter fall."""
    found = lasting(case.drivers, steps)
    phase = 2 * np.pi * (np.arange(steps) + 0.5) / steps
    found["soil_temperature"] = found["soil_temperature"] - 9 * np.cos(phase)
    found["litter_input"] = found["litter_input"] * (1 + 0.7 * np.sin(phase))
    found["theta_l"] = 0.35 + 0.15 * np.cos(phase)[np.newaxis]
    found["theta_f"] = np.maximum(0.0, 0.2 * np.cos(phase))[np.newaxis]
    if draw is not None:
        found["soil_temperature"] = found["soil_temperature"] + draw.normal(0, 2, (1, steps))
    return {n: np.tile(v, years) if v.ndim == 2 else v for n, v in found.items()}


def assert_closes(found, rounding):
    carbon = pools(found).sum(axis=-1)
    left_over = np.diff(carbon) - (found.out["carbon_input"] - found.out["respiration"])[0, 1:, 0]
    assert np.abs(left_over).max() <= rounding * carbon.max()


class TestClosure:
    @pytest.mark.parametrize("tolerance", [1e-3, 1e-8])
    @pytest.mark.parametrize("step", ["day", "year"])
    @pytest.mark.parametrize("name", CASES)
    def test_adaptive(self, name, step, tolerance):
        drivers = seasons(CASES[name], draw=np.random.default_rng(3))
        found = transient(CASES[name], 365, drivers, step=step, tolerance=tolerance)
        assert (found.status == OK).all()
        assert_closes(found, 2e-14 if step == "year" else 2e-15)

    @pytest.mark.parametrize("name", CASES)
    def test_hourly(self, name):
        drivers = seasons(CASES[name], draw=np.random.default_rng(3))
        found = transient(CASES[name], 365, drivers, step="day", integrator="hourly")
        assert (found.status == OK).all()
        assert_closes(found, 1e-14)

    def test_first_step_starts_where_it_says(self):
        case = CASES["S1"]
        for start, expected in (("cold", COLD.sum()), ("steady", 11.89003048)):
            found = transient(case, 3, start=start)
            first = {n: v[0, 0, 0] for n, v in found.out.items()}
            gained = first["carbon_input"] - first["respiration"]
            assert pools(found)[0].sum() - gained == pytest.approx(expected, rel=1e-9)


class TestDrivers:
    def test_a_year_is_its_days(self):
        case = CASES["S1"]
        year, days = transient(case, 1), transient(case, 365, step="day")
        np.testing.assert_allclose(pools(days)[-1], pools(year)[0], rtol=1e-7)
        total = days.out["respiration"].sum()
        assert total == pytest.approx(year.out["respiration"].item(), rel=1e-7)

    def test_a_steady_start_stays(self):
        found = transient(CASES["S3"], 50, start="steady")
        np.testing.assert_allclose(pools(found)[-1], pools(found)[0], rtol=1e-9)

    def test_a_change_of_litter_acts_in_its_year(self):
        case = CASES["S4"]
        drivers = lasting(case.drivers, 6)
        more = {n: v.copy() for n, v in drivers.items()}
        more["litter_input"][0, 3:] *= 2
        still, moved = (transient(case, 6, d, start="steady") for d in (drivers, more))
        for name in POOLS:
            np.testing.assert_array_equal(moved.out[name][0, :3], still.out[name][0, :3])
            assert not np.isclose(moved.out[name][0, 3], still.out[name][0, 3], rtol=1e-6)

    def test_warming_respires_old_carbon(self):
        case = CASES["S1"]
        drivers = lasting(case.drivers, 100)
        drivers["soil_temperature"] = drivers["soil_temperature"] + np.linspace(0, 4, 100)
        soc = transient(case, 100, drivers, start="steady").out["soc"][0, :, 0]
        assert soc[-1] < 0.97 * soc[0]

    def test_explicit_steps_that_overshoot_are_not_numbers(self):
        case = CASES["S1"]
        fast = {"aV": [8e-6, 1e-2]}
        options = case.options(mode="transient", start="cold", step="day", integrator="hourly")
        found = run(options, lasting(case.drivers, 30), fast, steps=30)
        assert found.status[0].tolist() == [OK, NOT_FINITE]
        assert np.isnan(found.out["soc"][0, :, 1]).all()
        implicit = case.options(mode="transient", start="cold", step="day")
        found = run(implicit, lasting(case.drivers, 30), fast, steps=30)
        assert (found.status == OK).all()

    @pytest.mark.parametrize(("value", "code"), [(np.nan, BAD_INPUT), (-1.0, OUT_OF_RANGE)])
    @pytest.mark.parametrize("name", ["litter_input", "depth"])
    def test_a_bad_day_costs_its_location_alone(self, name, value, code):
        case = CASES["S1"]
        one = lasting(case.drivers, 20)
        drivers = {n: np.repeat(v, 3, axis=0) for n, v in one.items()}
        good = transient(case, 20, drivers)
        drivers[name][(1, 7) if name == "litter_input" else 1] = value
        found = transient(case, 20, drivers)
        assert found.status[:, 0].tolist() == [OK, code, OK]
        for output, values in found.out.items():
            assert np.isnan(values[1]).all()
            np.testing.assert_array_equal(values[[0, 2]], good.out[output][[0, 2]])

    def test_without_litter_nothing_grows(self):
        case = CASES["S4"]
        drivers = lasting(case.drivers, 300)
        drivers["litter_input"] = 0.0 * drivers["litter_input"]
        found = transient(case, 300, drivers)
        carbon = pools(found).sum(axis=-1)
        assert (np.diff(carbon) <= 0.0).all()
        assert (pools(found) >= 0.0).all()
        assert carbon[-1] < 0.05 * COLD.sum()


class TestSpinUp:
    @pytest.mark.parametrize("integrator", INTEGRATORS)
    @pytest.mark.parametrize("name", CASES)
    def test_it_is_plain_spin_up(self, name, integrator):
        """The drivers of a year, 60 times the slowest mode over, day by day."""
        case, years = CASES[name], 40 * (60 if name in ("S2", "S3") else 20)
        short = 20  # steps of a day in a year, for the sake of time
        drivers = seasons(case, steps=short)
        chosen = {"step": "day", "integrator": integrator}
        # A short year has slower modes in years: rates and litter make up for it.
        faster = 365 / short
        scaled = case.constants
        changed = case.changed | {n: scaled[n] * faster for n in ("aV", "tau_r1", "tau_k1", "D1")}
        drivers["litter_input"] = drivers["litter_input"] * faster
        options = case.options(mode="spinup", **chosen)
        found = run(options, drivers, changed, steps=short)
        assert found.status.item() == OK
        assert found.out["spinup_years"].item() <= 60
        again = {n: np.tile(v, (1, years)) if v.ndim == 2 else v for n, v in drivers.items()}
        plain = run(
            case.options(mode="transient", start="cold", **chosen), again, changed,
            steps=short * years, outputs=POOLS,
        )  # fmt: skip
        assert plain.status.item() == OK
        np.testing.assert_allclose(
            pools(found), pools(plain)[-short:], rtol=1e-9 if integrator == "hourly" else 1e-7
        )

    @pytest.mark.parametrize("integrator", INTEGRATORS)
    @pytest.mark.parametrize("name", CASES)
    def test_the_year_returns_to_where_it_began(self, name, integrator):
        case = CASES[name]
        chosen = {"step": "day", "integrator": integrator}
        drivers = seasons(case, draw=np.random.default_rng(1))
        found = run(case.options(mode="spinup", **chosen), drivers, case.changed, steps=365)
        assert found.status.item() == OK
        assert found.out["spinup_years"].item() <= 60
        gained = (found.out["carbon_input"] - found.out["respiration"]).sum()
        assert abs(gained) < 1e-9 * pools(found)[-1].sum()
        # Begun there, ten more years end there.
        ten = {n: np.tile(v, (1, 10)) if v.ndim == 2 else v for n, v in drivers.items()}
        options = case.options(mode="transient", start="spinup", **chosen)
        more = run(options, ten, case.changed, steps=3650)
        np.testing.assert_allclose(pools(more)[-365:], pools(found), rtol=1e-8)
        np.testing.assert_array_equal(pools(more)[:365], pools(found))

    def test_drivers_that_stay_as_they_are_give_the_steady_state(self):
        for case in CASES.values():
            options = case.options(mode="spinup", step="day")
            found = run(options, lasting(case.drivers, 365), case.changed, steps=365)
            still = run(case.options(), case.drivers, case.changed)
            np.testing.assert_allclose(pools(found)[-1], pools(still), rtol=1e-8)

    def test_seasons_matter(self):
        case = CASES["S1"]
        found = run(case.options(mode="spinup", step="day"), seasons(case), steps=365)
        still = run(case.options(), case.drivers)
        assert abs(pools(found).mean(axis=0) / pools(still) - 1).max() > 0.02

    def test_out_of_years(self):
        case = CASES["S1"]
        options = case.options(mode="spinup", step="day", years=3)
        found = run(options, seasons(case), steps=365)
        assert found.status.item() == NOT_CONVERGED
        assert np.isnan(found.out["soc"]).all()

    few = hypothesis_settings(max_examples=10)

    @few
    @given(seed=st.integers(0, 1000))
    def test_any_member(self, seed):
        draw = np.random.default_rng(seed)
        case = CASES["S4"]
        changed = {
            "beta": draw.uniform(1.1, 2, 4),
            "aV": 8e-6 * draw.uniform(0.5, 5, 4),
            "aK": 10 * draw.uniform(0.5, 5, 4),
            "D1": 1.5e-5 * draw.uniform(0.5, 3, 4),
        }
        options = case.options(mode="spinup", step="day", integrator="hourly")
        found = run(options, seasons(case, draw=draw), changed, steps=365)
        assert (found.status == OK).all()
        gained = (found.out["carbon_input"] - found.out["respiration"]).sum(axis=1)
        assert np.abs(gained).max() < 1e-8
