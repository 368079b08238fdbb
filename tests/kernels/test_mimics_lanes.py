"""Members of MIMICS side by side in lanes: what is compiled is the equations, lane by lane."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import assert_same_bits, take
from profile_cases import CASES, PROFILE_POOLS, run, with_14c

from kernels.contract.status import NOT_CONVERGED, OK, OUT_OF_RANGE
from kernels.mimics.layers import carbon14, implicit, lanes
from kernels.mimics.one_layer import equations, linear, matrices
from kernels.numerics.lanes import load

draws = settings(max_examples=25)
few = settings(max_examples=8)
FORMS = {"forward": linear.forward, "reverse": linear.reverse}
ORDER = [matrices.Pools._fields.index(name) for name in matrices.Row._fields]
SOME = ("x_v", "x_k", "x_D", "alpha_v", "beta")


def member(seed, beta):
    """Return coefficients (35,) and pools (7,) of no soil in particular."""
    draw = np.random.default_rng(seed)
    k = draw.uniform(0.05, 2.0, equations.COEFFICIENTS)
    k[equations.BETA] = beta
    return k, 10.0 ** draw.uniform(-8, 1, equations.POOLS)


def records(k, y):
    crowding = (linear.crowded(y[b], k[equations.BETA]) for b in (equations.R, equations.K))
    return linear.Coefficients(*k[: equations.BETA + 1]), matrices.Pools(*y), linear.Crowding(
        *crowding
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
class TestEquations:
    @draws
    @given(seed=st.integers(0, 10_000), beta=st.sampled_from([1.0, 1.02, 1.4, 2.0]))
    def test_rates_are_the_scalar_ones(self, form, seed, beta):
        k, y = member(seed, beta)
        expected = np.empty(8)
        equations.rates(equations.FORMS.index(form), k, y, expected)
        its, pools, crowding = records(k, y)
        u = linear.fluxes_of(FORMS[form])(its, pools, crowding, beta)
        found = [*linear.rates(its, pools, u), linear.respired(its, u)]
        # Rates are differences of flows, none of which is above 10.
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)

    @draws
    @given(seed=st.integers(0, 10_000), beta=st.sampled_from([1.0, 1.02, 1.4, 2.0]))
    def test_slopes_are_the_scalar_ones(self, form, seed, beta):
        k, y = member(seed, beta)
        j = np.empty((8, 7))
        equations.jacobian(equations.FORMS.index(form), k, y, j)
        its, pools, crowding = records(k, y)
        u = linear.fluxes_of(FORMS[form])(its, pools, crowding, beta)
        found = np.array(linear.less_slopes(0.5, its, u))
        expected = (0.5 * np.eye(7) - j[:7])[np.ix_(ORDER, ORDER)]
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13 * np.abs(j).max())


@draws
@given(seed=st.integers(0, 10_000))
def test_an_inverse_is_numpys(seed):
    a = np.random.default_rng(seed).normal(size=(7, 7)) + 4 * np.eye(7)
    found = np.array(matrices.inverse(matrices.Matrix(*(matrices.Row(*row) for row in a))))
    np.testing.assert_allclose(found @ a, np.eye(7), atol=1e-12 * np.linalg.cond(a))


def test_a_matrix_times_a_state_goes_by_name():
    a, x = np.random.default_rng(0).normal(size=(7, 7)), np.arange(1.0, 8)
    found = matrices.times(matrices.Matrix(*(matrices.Row(*row) for row in a)), matrices.Pools(*x))
    expected = np.empty(7)
    expected[ORDER] = a @ x[ORDER]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_a_step_solves_the_whole_system():
    """All layers of all lanes, against numpy's solver on the whole matrix."""
    n, draw, decay = 5, np.random.default_rng(6), 0.01
    k = draw.uniform(0.05, 2.0, (lanes.LANES, n, equations.COEFFICIENTS))
    k[..., equations.BETA] = 1.3
    d, y = draw.uniform(0.0, 0.5, (n, 2)), draw.uniform(0.5, 3, (lanes.LANES, n, 7))
    d[0, 0] = d[-1, 1] = 0.0
    z, per_step = lanes.group(n), draw.uniform(20.0, 40.0, lanes.LANES)
    for lane in range(lanes.LANES):
        lanes.put(z, lane, k[lane], d)
        lanes.put_pools(z, lane, y[lane])
    implicit.step(z, n, decay, per_step)
    for lane in range(lanes.LANES):
        moved = np.empty((n, 7))
        lanes.take_pools(z, lane, moved)
        big, right = whole_system(k[lane], d, y[lane], decay)
        x = np.linalg.solve(per_step[lane] * np.eye(7 * n) - big, right).reshape(n, 7)
        np.testing.assert_allclose(moved, y[lane] + x, rtol=1e-12)
        most = load(z, lanes.COURSE, lanes.LAYER + np.uint64(lane)).most
        assert most == pytest.approx(np.abs(x / y[lane]).max(), rel=1e-10)


def whole_system(k, d, y, decay):
    """Return slopes (7 n, 7 n) and rates (7 n,) of all layers."""
    n = len(y)
    big, right, j, f = np.zeros((7 * n, 7 * n)), np.empty((n, 7)), np.empty((8, 7)), np.empty(8)
    for at in range(n):
        here = slice(7 * at, 7 * at + 7)
        equations.jacobian(equations.FORWARD, k[at], y[at], j)
        equations.rates(equations.FORWARD, k[at], y[at], f)
        big[here, here] = j[:7] - (d[at].sum() + decay) * np.eye(7)
        right[at] = f[:7] - decay * y[at]
        for beside, rate in ((at - 1, d[at, 0]), (at + 1, d[at, 1])):
            if 0 <= beside < n:
                big[here, 7 * beside : 7 * beside + 7] = rate * np.eye(7)
                right[at] += rate * (y[beside] - y[at])
    return big, right.ravel()


# --- 14C ---


def test_a_tracer_feels_what_it_is_handed_on_with():
    """The slopes of the rates where eaters and their density are held as they are."""
    k, y = member(5, 1.4)
    for b in range(2):
        k[equations.FP_R + b], k[equations.FC_R + b], k[equations.FA_R + b] = 0.2, 0.3, 0.5
    k[equations.E1 : equations.E4 + 1] = 0.4, 0.3, 0.7, 0.5
    its, pools, crowding = records(k, y)
    u = linear.fluxes_of(linear.carried)(its, pools, crowding, 1.0)
    found = -np.array(linear.less_slopes(0.0, its, u))
    # What a pool holds leaves at the rate at which carbon does, and none of it is made anew.
    flows = np.empty(8)
    k[[equations.IN_M, equations.IN_S, equations.IN_P, equations.IN_C]] = 0.0
    equations.rates(equations.FORWARD, k, y, flows)
    np.testing.assert_allclose(found @ y[ORDER], flows[:7][ORDER], rtol=1e-12)
    assert (found - np.diag(found.diagonal()) >= 0).all()
    assert (found.sum(axis=0) <= 1e-14).all()


@pytest.mark.parametrize("years", [0, 1, 9, 50, 51, 70, 100, 101, 150])
def test_weights_are_those_of_a_history_of_every_mode(years):
    """Modes that decay, and those that swing a little, with air that never comes to rest.

    Made-up years: recorded ones, and all of the future, change by less.
    """
    air = 1.0 + 0.5 * np.sin(np.arange(max(1, years)) / 3.0)[np.newaxis]
    found, s = carbon14.weights(air, np.array([years]))[0], carbon14.shift(years)
    sizes = 10.0 ** np.linspace(-4, 4, 300)
    most = 4e-6 if years <= 100 else 2e-5
    for angle in (0.0, 0.2):
        modes = -sizes * np.exp(1j * angle)
        expected = np.full(len(modes), air[0, 0], complex)
        for fraction in air[0, :years]:
            expected = fraction + np.exp(modes) * (expected - fraction)
        terms = np.polynomial.chebyshev.chebval(2 / (1 - s * modes) - 1, found)
        assert np.abs(terms - expected).max() < most


# --- no member sees its neighbours ---


@st.composite
def crowds(draw):
    """Draw rows (S,) of more members than lanes, some of which fail or do not arrive."""
    samples = draw(st.integers(lanes.LANES + 1, 3 * lanes.LANES))
    seed = draw(st.integers(0, 1000))
    drawn = np.random.default_rng(seed).uniform(0, 1, (len(SOME), samples))
    lowest, highest = np.array([2, 2, 0.01, 1, 1]), np.array([30, 30, 25, 30, 2])
    rows = dict(zip(SOME, lowest[:, None] + (highest - lowest)[:, None] * drawn, strict=True))
    rows["beta"][draw(st.integers(0, 5)) :: 7] = 1.0
    rows["x_v"][draw(st.integers(0, 5)) :: 9] = np.nan
    rows["x_k"][draw(st.integers(0, 5)) :: 11] = -1.0
    return rows


def found_of(rows, solves):
    case = CASES["V5"]
    drivers, coords = with_14c(case, 1971)
    options = case.options(solves=solves, carbon14="tracer")
    asked = [*PROFILE_POOLS, "solves", "residual", "fraction_modern", "fraction_modern_mic_r"]
    return run(options, drivers, rows, outputs=asked, coords=coords)


@pytest.mark.parametrize("solves", [500, 30])
class TestNeighbours:
    """With 30 solves many do not arrive, and their lanes go on to others at other times."""

    @few
    @given(rows=crowds())
    def test_any_company_gives_the_same_bits(self, solves, rows):
        whole = found_of(rows, solves)
        assert (whole.status == OK).any()
        assert (whole.status == OUT_OF_RANGE).any()
        assert (whole.status == NOT_CONVERGED).any() == (solves == 30)
        samples = len(rows["beta"])
        order = np.random.default_rng(samples).permutation(samples)
        for picked in (order, order[: samples // 2], order[:3], np.arange(samples)[::-1]):
            some = found_of(take(rows, picked), solves)
            assert_same_bits(some.out, take(whole.out, picked))
            np.testing.assert_array_equal(some.status, whole.status[:, picked])

    def test_one_alone_is_the_same_in_every_lane(self, solves):
        """Behind any number of members that end sooner or later."""
        rows = {"x_v": np.full(40, 4.0), "beta": np.linspace(1.0, 2.0, 40)}
        whole = found_of(rows, solves)
        for s in (0, 1, 17, 39):
            alone = found_of(take(rows, slice(s, s + 1)), solves)
            assert_same_bits(alone.out, take(whole.out, slice(s, s + 1)))
