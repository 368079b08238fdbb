"""CORPSE in continuous time: another solver, the order of the daily step, what is kept."""

import numpy as np
from corpse_cases import (
    CONSTANT,
    lasting,
    plain_q_max,
    plain_rates,
    plain_slopes,
    row,
    run,
    seasons,
)
from scipy.integrate import solve_ivp

from kernels.corpse.cohort.equations import DT, Pools, enter, faster, q_max, step, warmth, wetness
from kernels.corpse.cohort.lanes import constants, exuded
from kernels.corpse.cohort.sets import EA, SETS, VREF
from kernels.corpse.cohort.steady import steady

NONE = Pools(*[0.0] * 7)


class TestContinuousTime:
    def test_against_another_solver(self):
        drivers = seasons(1)
        drivers["theta_l"][:] = drivers["theta_l"].mean(axis=1, keepdims=True)
        drivers["theta_f"][:] = drivers["theta_f"].mean(axis=1, keepdims=True)
        for name in ("litter_met", "litter_str", "cwd_to_litter", "soil_temperature"):
            drivers[name][:] = drivers[name].mean(axis=1, keepdims=True)
        found = run(drivers, start="cold", integrator="adaptive", tolerance=1e-10).out
        p = SETS["testbed_2017"]
        for at in range(1):
            d = {n: v[at] if v.ndim == 1 else v[at, 0] for n, v in drivers.items()}
            v = plain_rates(p, d["soil_temperature"], d["theta_l"], d["theta_f"])
            for c, (share, gets) in enumerate(((0.3, 1.0), (0.7, 0.0))):
                y = np.zeros(8)
                if c == 0:
                    y[1], y[6] = 1.998, 0.002
                drive = (
                    share, gets, d["litter_met"] / 1000,
                    (d["litter_str"] + d["cwd_to_litter"]) / 1000,
                    0.02 * d["annual_npp"] / 1000 / 365, v, plain_q_max(d["clay"], d["porosity"]),
                )  # fmt: skip
                end = solve_ivp(
                    lambda _, y, drive=drive: plain_slopes(p, y[:7], *drive),
                    (0, 1), y, method="LSODA", rtol=1e-9, atol=1e-13,
                ).y[:, -1]  # fmt: skip
                pools = found["corpse_pools"][at, 0, :, 0].reshape(2, 7)[c] / 1000
                np.testing.assert_allclose(pools, end[:7], rtol=2e-7, atol=1e-11)

    def test_the_daily_step_approaches_it_at_first_order(self):
        values = row("testbed_2017")
        qmax, ex = q_max(0.2, 0.45), exuded(values, 600.0)
        wet, warm = wetness(0.5, 0.1, 0.001, 3.0, 2.5), warmth(15.0)
        v = [values[VREF + i] * wet * faster(warm, values[EA + i]) for i in range(3)]
        k = constants(values, qmax, 0)
        out = run(lasting(CONSTANT, 1), start="cold", integrator="adaptive", tolerance=1e-12).out
        exact = out["corpse_pools"][0, 0, :7, 0] / 1000
        errors = []
        for parts in (1, 2, 4, 8):
            y = NONE._replace(c2=1.998, m=0.002)
            for _ in range(365 * parts):
                y, _ = enter(y, 0.0006 / parts, 0.0009 / parts, ex / parts, k)
                y, _ = step(y, *v, k, DT / parts)
            errors.append(np.abs(np.array(y) / exact - 1))
        ratios = np.array(errors[:-1]) / np.array(errors[1:])
        np.testing.assert_allclose(ratios, 2.0, rtol=0.1)

    def test_carbon_closes_at_any_tolerance(self):
        out = run(seasons(), start="cold", integrator="adaptive", tolerance=1e-3).out
        total = np.concatenate(
            [out["corpse_start"].sum(axis=1)[:, np.newaxis], out["soil_litter_carbon"]], 1
        )
        left_over = np.diff(total, axis=1) - (out["litter_input"] - out["rh"])
        assert np.abs(left_over).max() < 1e-8

    def test_its_steady_state_is_near_that_of_the_days(self):
        drivers = seasons(1)
        one, other = (run(drivers, integrator=which).out for which in ("daily", "adaptive"))
        np.testing.assert_allclose(
            one["soil_litter_carbon"], other["soil_litter_carbon"], rtol=0.02
        )
        assert other["corpse_drift"].max() < 1e-7

    def test_steady_states_of_steps_that_go_to_zero(self):
        k = constants(row("testbed_2020"), q_max(0.2, 0.45), 1)
        limit = np.array(steady(0.3, 0.2, 1e-3, 4.0, 0.3, 2.0, k, 0.0)[1])
        for dt in (1e-5, 1e-7):
            found = np.array(steady(0.3, 0.2, 1e-3, 4.0, 0.3, 2.0, k, dt)[1])
            np.testing.assert_allclose(found, limit, rtol=10 * dt)
