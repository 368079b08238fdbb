"""MIMICS: equations, identities and steady states, each against a second method."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mimics_cases import CASES, COLD, FORWARD, POOLS, YEAR, Again, Case, numbers, pools, run
from scipy.integrate import solve_ivp
from scipy.optimize import root

import kernels.mimics.one_layer.equations as eq
from kernels.contract.status import BAD_INPUT, NOT_CONVERGED, NOT_FINITE, OK, OUT_OF_RANGE
from kernels.mimics import mimics
from kernels.mimics.one_layer.coefficients import coefficients
from kernels.mimics.one_layer.sets import FORM_OF, NAMES, SETS, parameters
from kernels.mimics.one_layer.stability import is_stable, modes
from kernels.mimics.one_layer.steady import cold_start, steady
from kernels.numerics.small_systems import work

few = hypothesis_settings(max_examples=60)


def coefficients_of(case):
    f_w = eq.corpse(*case.water) if case.water else 1.0
    k, row = np.empty(eq.COEFFICIENTS), np.array([case.constants[n] for n in NAMES])
    site = (case.temperature, case.clay, case.lignin_n, case.depth)
    assert coefficients(row, case.litter, case.litter, *site, f_w, k) == OK
    return k


def form_of(case):
    return eq.FORMS.index(FORM_OF[case.named])


def rates(form, k, y):
    f = np.empty(8)
    eq.rates(form, k, np.asarray(y, float), f)
    return f


def slopes(form, k, y):
    j = np.empty((8, 7))
    eq.jacobian(form, k, np.asarray(y, float), j)
    return j


RATES = {
    "S1": "3.566862161e-02|7.133724321e-03|3.566862161e-02|1.070058648e-02|1.070058648e-02"
    "|7.133724321e-03",
    "S2": "6.030424179e-05|1.206084836e-05|6.030424179e-05|1.809127254e-05|1.809127254e-05"
    "|1.206084836e-05",
}

HALF = {
    "S1": "35.9864886|159.084883|88.0205881|143.945954|79.5424413|58.680392",
    "S2": "0.0640350541|0.256140216|0.12766513|0.256140216|0.128070108|0.0851100864",
}

INPUTS = {
    "S1": (8.9802130898e-05, 6.2404870624e-05),
    "S2": (2.2474315068e-05, 3.4603310502e-05),
}


class TestScalars:
    """Sections 2 and 7."""

    def test_moisture_of_corpse(self):
        for water, expected in (
            ((0.4, 0.0), 0.789657468103),
            ((0.4, 0.1), 0.500593990720),
            ((0.0, 0.1), 0.05),
        ):
            assert eq.corpse(*water) == pytest.approx(expected, rel=1e-11)
        assert eq.corpse(6 / 11, 0.0) == pytest.approx(1.000229, abs=5e-7)

    @given(theta_l=st.floats(0, 1), theta_f=st.floats(0, 1))
    def test_moisture_stays_in_its_range(self, theta_l, theta_f):
        assert 0.05 <= eq.corpse(theta_l, theta_f) <= 1.00023
        assert 0.01 <= eq.casacnp(theta_l) <= 1.0
        assert eq.moisture(eq.NONE, theta_l, theta_f) == 1.0
        assert eq.moisture(eq.CORPSE, theta_l, theta_f) == eq.corpse(theta_l, theta_f)

    def test_moisture_of_casacnp(self):
        # Both bases are 1 where the pores are 55 % full; dry soil reaches the floor.
        assert eq.casacnp(0.55) == 1.0
        assert eq.casacnp(0.0) == 0.01
        expected = ((0.3 - 1.7) / -1.15) ** 6.6481 * (0.307 / 0.557) ** 3.22
        assert eq.casacnp(0.3) == pytest.approx(expected, rel=1e-13)

    TABLE = (
        ("f_met", eq.F_MET, 0.59, 0.39375),
        ("P", eq.P_CLAY, 0.8176834396, 1.003172194),
        ("tau_mod", eq.TAU_MOD, 1.2, 1.3),
        ("D", eq.DES, 1.1112273310e-05, 5.4881163609e-06),
        ("mu_r", eq.MU_R, 7.4482580211e-04, 6.0073990100e-04),
        ("mu_k", eq.MU_K, 3.0550326933e-04, 2.5626759092e-04),
        ("fP_r", eq.FP_R, 0.389079026, 0.2215471191),
        ("fP_k", eq.FP_K, 0.2347021742, 0.127124915),
        ("fC_r", eq.FC_R, 0.01703329888, 0.09206846404),
        ("fC_k", eq.FC_K, 0.05109989665, 0.2762053921),
    )

    @pytest.mark.parametrize(("index", "s1", "s2"), [row[1:] for row in TABLE],
                             ids=[row[0] for row in TABLE])  # fmt: skip
    def test_coefficients(self, index, s1, s2):
        found = [coefficients_of(CASES[name])[index] for name in ("S1", "S2")]
        np.testing.assert_allclose(found, (s1, s2), rtol=2e-9)

    @pytest.mark.parametrize("name", RATES)
    def test_rates_half_saturations_and_inputs(self, name):
        k = coefficients_of(CASES[name])
        np.testing.assert_allclose(k[eq.V_RM : eq.V_KA + 1], numbers(RATES[name]), rtol=1e-9)
        np.testing.assert_allclose(k[eq.K_RM : eq.K_KA + 1], numbers(HALF[name]), rtol=5e-9)
        found = k[eq.IN_M] + k[eq.IN_P], k[eq.IN_S] + k[eq.IN_C]
        np.testing.assert_allclose(found, INPUTS[name], rtol=1e-10)

    def test_necromass_is_capped(self):
        k = coefficients_of(CASES["S5"])
        # 8.934 exp(-2.61 f_met) exceeds what is not protected.
        assert k[eq.FA_R + 1] == 0.0
        assert k[eq.FC_K] == 1.0 - k[eq.FP_K]

    def test_lignin_is_capped_in_the_testbed_alone(self):
        for named, same in (("testbed", True), ("wieder2015", False)):
            found = [coefficients_of(Case(named, 400.0, 10.0, 0.2, ln, 30.0))[eq.F_MET]
                     for ln in (40.0, 55.0)]  # fmt: skip
            assert (found[0] == found[1]) == same

    def test_every_set_has_every_parameter_inside_its_bounds(self):
        for named in SETS:
            assert SETS[named].keys() == set(NAMES)
            assert all(p.lower <= p.default <= p.upper for p in parameters(named))


states = st.lists(st.floats(1e-6, 50.0), min_size=7, max_size=7).map(np.array)
members = st.sampled_from(sorted(CASES))
betas = st.sampled_from([1.0, 1.2, 1.5, 2.0])


class TestIdentities:
    """Section 6."""

    @few
    @given(name=members, beta=betas, y=states)
    def test_rates_are_those_of_the_model_written_again(self, name, beta, y):
        case = CASES[name].with_(beta=beta)
        found, expected = rates(form_of(case), coefficients_of(case), y), Again(case)(0.0, y)
        size = np.abs(found).max()
        np.testing.assert_allclose(found[:7], expected, rtol=1e-11, atol=1e-13 * size)

    @few
    @given(name=members, beta=betas, y=states)
    def test_carbon_balance(self, name, beta, y):
        case = CASES[name].with_(beta=beta)
        k = coefficients_of(case)
        f = rates(form_of(case), k, y)
        litter = k[[eq.IN_M, eq.IN_S, eq.IN_P, eq.IN_C]].sum()
        moved = np.abs(f).max() + (k[[eq.MU_R, eq.MU_K]] * y[2:4] ** beta).sum()
        assert abs(f[:7].sum() - (litter - f[7])) <= 1e-14 * max(moved, litter)

    @few
    @given(name=members, beta=betas, y=states)
    def test_jacobian(self, name, beta, y):
        case = CASES[name].with_(beta=beta)
        form, k = form_of(case), coefficients_of(case)
        found = slopes(form, k, y)
        expected = np.empty((8, 7))
        for col in range(7):
            step = 1e-5 * y[col]
            up, down = y.copy(), y.copy()
            up[col], down[col] = y[col] + step, y[col] - step
            expected[:, col] = (rates(form, k, up) - rates(form, k, down)) / (up[col] - down[col])
        # Differences lose the digits of the largest rate over the step.
        noise = 1e-15 * np.abs(rates(form, k, y)).max() / (1e-5 * y)
        assert (np.abs(found - expected) <= 1e-6 * np.abs(found) + 10 * noise).all()
        scale = np.abs(found).sum(axis=0)
        assert (np.abs(found[:7].sum(axis=0) + found[7]) <= 1e-14 * scale).all()

    @few
    @given(name=members, beta=betas, y=states, empty=st.sets(st.integers(0, 6), min_size=1))
    def test_an_empty_pool_is_not_emptied_further(self, name, beta, y, empty):
        case = CASES[name].with_(beta=beta)
        y[list(empty)] = 0.0
        f = rates(form_of(case), coefficients_of(case), y)
        assert (f[list(empty)] >= 0.0).all()
        for microbe in empty & {2, 3}:
            assert f[microbe] == 0.0

    @pytest.mark.parametrize("name", CASES)
    def test_fluxes_at_the_steady_state(self, name):
        case = CASES[name]
        y, k = steady_of(case), coefficients_of(case)
        f, litter = rates(form_of(case), k, y), k[[eq.IN_M, eq.IN_S, eq.IN_P, eq.IN_C]]
        assert f[7] == pytest.approx(litter.sum(), rel=1e-12)
        dead = k[[eq.MU_R, eq.MU_K]] * y[2:4] ** case.constants["beta"]
        into_p = k[eq.IN_P] + k[[eq.FP_R, eq.FP_K]] @ dead
        assert k[eq.DES] * y[4] == pytest.approx(into_p, rel=1e-12)
        oxidised = sum(
            eq.uptake(form_of(case), k[v], k[half], b, y[5])
            for v, half, b in ((eq.V_RS, eq.KO_R, y[2]), (eq.V_KS, eq.KO_K, y[3]))
        )
        assert oxidised == pytest.approx(k[eq.IN_C] + k[[eq.FC_R, eq.FC_K]] @ dead, rel=1e-12)

    @pytest.mark.parametrize("factor", [0.5, 3.0])
    def test_forward_without_density_dependence_is_linear_in_litter(self, factor):
        k = coefficients_of(FORWARD)
        more = k.copy()
        more[[eq.IN_M, eq.IN_S, eq.IN_P, eq.IN_C]] *= factor
        ratio = solved(eq.FORWARD, more) / solved(eq.FORWARD, k)
        np.testing.assert_allclose(ratio[[0, 1, 5, 6]], 1.0, rtol=1e-11)
        np.testing.assert_allclose(ratio[[2, 3, 4]], factor, rtol=1e-11)

    @pytest.mark.parametrize("name", CASES)
    def test_time_may_be_scaled(self, name):
        k = coefficients_of(CASES[name])
        fast = k.copy()
        fast[[*range(eq.V_RM, eq.V_KA + 1), eq.MU_R, eq.MU_K, eq.DES]] *= 7.0
        fast[[eq.IN_M, eq.IN_S, eq.IN_P, eq.IN_C]] *= 7.0
        form = form_of(CASES[name])
        np.testing.assert_allclose(solved(form, fast), solved(form, k), rtol=1e-11)


def solved(form, k, start=COLD):
    y = np.array(start)
    status, _, _ = steady(form, k, y, 300, work())
    assert status == OK
    return y


def steady_of(case):
    return solved(form_of(case), coefficients_of(case))


STEADY = {
    "S1": "0.4794104432|1.977652252|0.1689490426|0.17136752|5.915830192|1.039734303|2.137086725",
    "S2": "0.6751727803|3.643359593|0.05303223708|0.07996498943|1.965518027|4.898423058"
    "|2.345058456",
    "S3": "1.142508032|4.438239601|0.07745015435|0.08480804711|4.822764554|3.633543001|4.481606365",
    "S4": "0.2636154885|1.087233049|0.3056496653|0.308297418|5.915438048|0.576219685|1.168469369",
    "S5": "0.8945084479|3.362305358|0.1776984265|0.2041319544|1.02050144|16.8379395|3.286414362",
}
ABOUT = {
    "S1": "9.432967783|11.89003048|1.333333333|15.1784|365.9",
    "S2": "9.341996768|13.66052914|0.5|55.0241|239.7",
    "S3": "13.10017212|18.68091975|1.24|52.8266|843.1",
    "S4": "8.274074185|9.624922722|1.333333333|15.8552|163.9",
    "S5": "21.52668568|25.78349949|1.333333333|28.2501|405.7",
}
FLUXES = {
    "S1": "0.694011605|0.129637773|1.25131201|0.0533217281|0.38969556|0.376307327|0.017222675"
    "|0.0523222925|1.10233743|0.458615238|0.5758677",
    "S2": "0.161573924|0.0660272418|0.363574792|0.0254573265|0.221941508|0.120020108|0.0172629742"
    "|0.0731705112|0.279081168|0.179513732|0.0944940468",
}


class TestSteady:
    """Section 7."""

    @pytest.mark.parametrize("name", CASES)
    def test_pools(self, name):
        case = CASES[name]
        found = run(case.options(stability="spectrum"), case.drivers, case.changed)
        assert (found.status == OK).all()
        np.testing.assert_allclose(pools(found), numbers(STEADY[name]), rtol=1e-8)
        out = {n: v[0, 0] for n, v in found.out.items()}
        expected = numbers(ABOUT[name])
        assert out["soc"] == pytest.approx(expected[0], rel=1e-9)
        assert out["carbon_stock"] == pytest.approx(expected[1] * case.depth / 100, rel=1e-9)
        assert out["soc_stock"] == pytest.approx(expected[0] * case.depth / 100, rel=1e-9)
        assert out["respiration"] == pytest.approx(expected[2], rel=1e-9)
        assert out["respiration"] == pytest.approx(out["carbon_input"], rel=1e-12)
        assert out["slowest_mode"] == pytest.approx(expected[3], rel=1e-5)
        assert out["fastest_mode"] == pytest.approx(expected[4], rel=5e-4)
        assert out["stable"] == 1.0
        assert out["growth"] < 0.0
        assert out["residual"] < 1e-13
        assert out["solves"] <= 20

    @pytest.mark.parametrize("name", FLUXES)
    def test_fluxes(self, name):
        case = CASES[name]
        form, k, y = form_of(case), coefficients_of(case), steady_of(case)
        eaten = [
            eq.uptake(form, k[eq.V_RM + 3 * b + x], k[eq.K_RM + 3 * b + x], y[2 + b], y[food])
            for b in (0, 1)
            for x, food in enumerate((0, 1, 6))
        ]
        oxidised = [
            eq.uptake(form, k[eq.V_RS + 3 * b], k[eq.KO_R + b], y[2 + b], y[5]) for b in (0, 1)
        ]
        dead = k[[eq.MU_R, eq.MU_K]] * y[2:4]
        found = YEAR * np.array([*eaten, *oxidised, *dead, k[eq.DES] * y[4]])
        np.testing.assert_allclose(found, numbers(FLUXES[name]), rtol=5e-9)
        out = run(case.options(), case.drivers, case.changed).out
        desorbed = out["desorption"][0, 0] * out["som_p"][0, 0]
        assert desorbed == pytest.approx(numbers(FLUXES[name])[-1], rel=5e-9)

    @pytest.mark.parametrize("name", CASES)
    def test_root_of_the_model_written_again(self, name):
        case = CASES[name]
        model, expected = Again(case), steady_of(case)
        # In logarithms, from a state 2 % off; relative rates per year.
        found = root(
            lambda x: YEAR * model(0.0, np.exp(x)) / np.exp(x), np.log(expected * 1.02), tol=1e-14
        )
        np.testing.assert_allclose(np.exp(found.x), expected, rtol=1e-10)

    @pytest.mark.parametrize("name", CASES)
    def test_long_integration_of_the_model_written_again(self, name):
        model = Again(CASES[name])
        span = (0.0, 3e4 * YEAR)
        found = solve_ivp(model, span, COLD, method="LSODA", rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(found.y[:, -1], steady_of(CASES[name]), rtol=1e-8)

    @few
    @given(name=members, seed=st.integers(0, 10**6))
    def test_any_positive_start_ends_in_the_same_state(self, name, seed):
        start = COLD * 10.0 ** np.random.default_rng(seed).uniform(-1.5, 1.5, 7)
        case = CASES[name]
        found = solved(form_of(case), coefficients_of(case), start)
        np.testing.assert_allclose(found, numbers(STEADY[name]), rtol=1e-8)

    def test_cold_start(self):
        y = np.empty(7)
        cold_start(y)
        np.testing.assert_array_equal(y, COLD)
        shares = (0.1, 0.1, 0.025, 0.025, 0.1125, 0.375, 0.2625)
        np.testing.assert_allclose(COLD, 16.5 * np.array(shares), rtol=1e-15)

    def test_many_members_beside_each_other(self):
        """Conditions and constants far apart: all converge, and litter is respired."""
        draw = np.random.default_rng(5)
        for named in SETS:
            n = 300
            low = 1.1 if named in ("wieder2015", "wang_code") else 1.0
            changed = {
                "beta": draw.uniform(low, 2.0, n),
                "aV": SETS[named]["aV"] * draw.uniform(0.5, 8, n),
                "aK": SETS[named]["aK"] * draw.uniform(0.5, 8, n),
                "D1": SETS[named]["D1"] * draw.uniform(0.3, 3, n),
            }
            drivers = {
                "litter_input": [60.0, 400.0, 1500.0],
                "annual_npp": [60.0, 400.0, 1500.0],
                "soil_temperature": [0.0, 10.0, 25.0],
                "clay": [0.05, 0.3, 0.6],
                "lignin_n": [35.0, 20.0, 10.0],
                "depth": [100.0, 30.0, 20.0],
            }
            options = mimics.Options(form=FORM_OF[named], set=named)
            found = run(options, drivers, changed)
            assert (found.status == OK).all(), named
            out = found.out
            np.testing.assert_allclose(out["respiration"], out["carbon_input"], rtol=1e-10)
            assert all((out[pool] > 0.0).all() for pool in POOLS)
            assert out["residual"].max() < 1e-11

    @pytest.mark.parametrize("named", SETS)
    @pytest.mark.parametrize("beta", [1.0, 1.02])
    def test_members_at_the_edge_of_life(self, named, beta):
        """Microbes of 1e-20 beside litter of 10: what is called converged is at rest."""
        draw, n, sites = np.random.default_rng(6), 100, 20
        factor = {"aV": (-0.5, 1.2), "aK": (-0.7, 1.3), "D1": (-1, 1), "tau_k1": (-0.4, 0.4)}
        changed = {
            name: SETS[named][name] * 10 ** draw.uniform(*ends, n) for name, ends in factor.items()
        }
        litter = 10 ** draw.uniform(0.5, 3.3, sites)
        drivers = {
            "litter_input": litter,
            "annual_npp": litter * 2,
            "soil_temperature": draw.uniform(-12, 30, sites),
            "clay": draw.uniform(0, 0.8, sites),
            "lignin_n": draw.uniform(3, 60, sites),
            "depth": draw.uniform(5, 150, sites),
        }
        options = mimics.Options(form=FORM_OF[named], set=named)
        found = run(options, drivers, changed | {"beta": beta})
        ran = found.status == OK
        # Without density dependence both microbes may die, and litter then grows for ever.
        assert ran.all() if beta > 1.0 else ran.mean() > 0.7
        assert found.out["residual"][ran].max() < 1e-11
        ratio = found.out["respiration"][ran] / found.out["carbon_input"][ran]
        np.testing.assert_allclose(ratio, 1.0, rtol=1e-12)
        least = np.minimum(found.out["mic_r"], found.out["mic_k"])[ran]
        assert (least == 0.0).any() if beta == 1.0 else (least > 0.0).all()

    def test_a_microbe_that_could_live_is_not_given_up(self):
        # k begins as none; on what r leaves it grows, and the pools are those of S1.
        start = COLD.copy()
        start[3] = 0.0
        found = solved(eq.FORWARD, coefficients_of(FORWARD), start)
        np.testing.assert_allclose(found, numbers(STEADY["S1"]), rtol=1e-8)


class TestStability:
    """Section 9."""

    # 20 g C m-2 yr-1 of litter under an NPP of 400; f_met 0.7.
    HOPF = Case("wang_code", 20.0, 20.0, 0.2, (0.85 - 0.7) / 0.013, 30.0, {"D1": 3e-5})

    def of_hopf(self, stability, **changed):
        drivers = self.HOPF.drivers | {"annual_npp": np.array([400.0])}
        options = self.HOPF.options(stability=stability)
        return run(options, drivers, self.HOPF.changed | changed)

    def test_unstable_equilibrium_is_found_and_flagged(self):
        out = self.of_hopf("spectrum").out
        assert out["mic_r"][0, 0] == pytest.approx(0.00698, abs=5e-6)
        assert out["growth"][0, 0] == pytest.approx(0.00395, abs=5e-6)
        assert out["stable"][0, 0] == 0.0

    def test_density_dependence_makes_it_stable(self):
        out = self.of_hopf("spectrum", beta=[1.0, 1.01]).out
        assert out["stable"][0].tolist() == [0.0, 1.0]
        assert out["growth"][0, 1] == pytest.approx(-0.0032, abs=5e-5)

    def test_signs_alone_agree_with_the_spectrum(self):
        draw, n = np.random.default_rng(8), 400
        changed = {
            "beta": draw.choice([1.0, 1.005, 1.01, 1.2], n),
            "D1": 1.5e-5 * draw.uniform(0.5, 4, n),
            "aV": 8e-6 * draw.uniform(0.5, 4, n),
        }
        sign, full = (self.of_hopf(word, **changed) for word in ("sign", "spectrum"))
        ran = full.status[0] == OK
        assert ran.mean() > 0.9
        stable = full.out["stable"][0, ran]
        assert 0.1 < stable.mean() < 0.95
        # Within rounding of the imaginary axis either answer is right.
        clear = np.abs(full.out["growth"][0, ran]) > 1e-6
        assert clear.mean() > 0.9
        np.testing.assert_array_equal(sign.out["stable"][0, ran][clear], stable[clear])

    @few
    @given(seed=st.integers(0, 10**6), shift=st.floats(-3, 1))
    def test_signs_of_any_matrix(self, seed, shift):
        j = np.zeros((8, 7))
        j[:7] = np.random.default_rng(seed).normal(size=(7, 7)) + shift * np.eye(7)
        growth = np.linalg.eigvals(j[:7]).real.max()
        if abs(growth) > 1e-6:
            assert is_stable(j) == (growth < 0.0)

    def test_modes_of_a_known_matrix(self):
        j = -np.diag([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) / YEAR
        j[0, 1], j[1, 0] = 5.0 / YEAR, -5.0 / YEAR
        # -1.5 with an imaginary part: rates, not moduli, are told.
        growth, slow, fast = modes(j[np.newaxis])
        assert growth[0] == pytest.approx(-1.5)
        assert slow[0] == pytest.approx(1 / 1.5)
        assert fast[0] == pytest.approx(365 / 7)


class TestStatuses:
    DRIVERS = FORWARD.drivers

    @pytest.mark.parametrize("stability", ["none", "spectrum"])
    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            *product(DRIVERS, [np.nan, np.inf, -np.inf], [BAD_INPUT]),
            *product(("litter_input", "annual_npp", "clay", "lignin_n", "depth"), [-1.0],
                     [OUT_OF_RANGE]),
            ("litter_input", 0.0, OUT_OF_RANGE),
            ("clay", 1.01, OUT_OF_RANGE),
            ("clay", 20.0, OUT_OF_RANGE),
            ("depth", 0.0, OUT_OF_RANGE),
            ("soil_temperature", 283.15, OUT_OF_RANGE),
        ],
    )  # fmt: skip
    def test_bad_drivers_cost_their_location_alone(self, name, value, expected, stability):
        drivers = {n: np.repeat(v, 3) for n, v in self.DRIVERS.items()}
        good = run(FORWARD.options(stability=stability), drivers)
        drivers[name][1] = value
        found = run(FORWARD.options(stability=stability), drivers)
        assert found.status[:, 0].tolist() == [OK, expected, OK]
        for output, values in found.out.items():
            assert np.isnan(values[1]).all(), output
            np.testing.assert_array_equal(values[[0, 2]], good.out[output][[0, 2]])

    @pytest.mark.parametrize("theta", ["theta_l", "theta_f"])
    @pytest.mark.parametrize("value", [-0.1, 1.1])
    def test_bad_water(self, theta, value):
        case = CASES["S2"]
        found = run(case.options(), case.drivers | {theta: np.array([value])})
        assert found.status.item() == OUT_OF_RANGE
        assert np.isnan(found.out["soc"]).all()

    @pytest.mark.parametrize("name", NAMES)
    def test_bad_parameters_cost_their_member_alone(self, name):
        p = next(p for p in parameters("wieder2015") if p.name == name)
        below, above = np.nextafter([p.lower, p.upper], [-np.inf, np.inf])
        values = [p.default, np.nan, np.inf, below, above, p.default]
        found = run(FORWARD.options(), self.DRIVERS, {name: values})
        codes = [OK, BAD_INPUT, BAD_INPUT, OUT_OF_RANGE, OUT_OF_RANGE, OK]
        assert found.status[0].tolist() == codes
        for values in found.out.values():
            assert np.isfinite(values[0, [0, 5]]).all()
            assert np.isnan(values[0, 1:5]).all()
            assert values[0, 0] == values[0, 5]

    @pytest.mark.parametrize(
        "changed",
        [
            {"fP_r": 0.9},  # protects more than all of dead r at this clay
            {"q1": 2.0},  # more than all litter is metabolic
            {"tau_low": 1.3},  # above tau_high
            {"Kint": -50.0, "Kslope_m": -1.0, "kmod_rm": 1e6, "aK": 1e-9, "KO_r": 1e-9},
        ],
    )
    def test_parameters_that_do_not_go_together(self, changed):
        drivers = self.DRIVERS | {"soil_temperature": np.array([80.0]), "lignin_n": np.array([5.0])}
        found = run(FORWARD.options(), drivers, changed)
        assert found.status.item() in (OUT_OF_RANGE, NOT_CONVERGED, NOT_FINITE)
        assert np.isnan(found.out["soc"]).all()

    def test_microbes_that_cannot_live_have_no_steady_state(self):
        # Mixing a set with the other form does this; here rates are that small.
        found = run(FORWARD.options(), self.DRIVERS, {"aV": [8e-6, 1.25e-8, 0.0]})
        assert found.status[0].tolist() == [OK, NOT_CONVERGED, NOT_CONVERGED]
        assert np.isnan(found.out["lit_m"][0, 1:]).all()

    def test_a_microbe_that_is_eaten_out_is_none(self):
        found = run(FORWARD.options(stability="spectrum"), self.DRIVERS, {"tau_k1": 0.01})
        assert found.status.item() == OK
        out = {n: v.item() for n, v in found.out.items()}
        assert out["mic_k"] == 0.0
        assert out["mic_r"] > 0.0
        assert out["respiration"] == pytest.approx(out["carbon_input"], rel=1e-12)
        assert out["stable"] == 1.0

    def test_out_of_solves(self):
        assert run(FORWARD.options(solves=5), self.DRIVERS).status.item() == NOT_CONVERGED
