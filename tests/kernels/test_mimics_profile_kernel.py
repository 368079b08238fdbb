"""MIMICS by depth as a kernel: its tables, what it refuses, and the laws of blocks."""

import numpy as np
import pytest
from benchmarks.profile_reference import HIGHEST, LOWEST
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import assert_same_bits
from profile_cases import CASES, NAMES, over, pools, run, with_14c
from profile_scalar import settle

import kernels
from kernels.contract.fingerprint import fingerprint
from kernels.contract.status import OK
from kernels.mimics import mimics_profile
from kernels.mimics.layers.block_tridiagonal import factorise, profile_work, solve
from kernels.mimics.layers.equations import layers, profile_rates, root_fractions
from kernels.mimics.layers.sets import PROFILE_NAMES, defaults
from kernels.mimics.layers.stability import full_jacobian
from scenarios import units

KERNEL = mimics_profile.KERNEL
few = settings(max_examples=8)
MODES = {
    "steady": {},
    "sign": {"stability": "sign"},
    "spectrum": {"stability": "spectrum"},
    "tracer": {"carbon14": "tracer"},
    "separate": {"carbon14": "separate", "tolerance": 1e-5},
    "spinup": {"steady": "spinup", "change": 1e-2, "tolerance": 1e-5},
    "transient": {"mode": "transient", "start": "cold"},
}
LAYERS = (3.0, 7.0, 20.0, 30.0)


def made(**options):
    return KERNEL.made(mimics_profile.Options(**options), None)


def names(table):
    return [entry.name for entry in table]


class TestTables:
    def test_its_name_is_its_file(self):
        assert kernels.get("mimics_profile") is KERNEL
        assert made().name == "mimics_profile"

    @pytest.mark.parametrize("word", MODES)
    def test_units_can_be_read(self, word):
        kernel = made(**MODES[word])
        for entry in (*kernel.parameters, *kernel.drivers, *kernel.outputs):
            assert units.readable(entry.units), entry

    def test_defaults_are_those_of_table_1(self):
        table = {p.name: p.default for p in made().parameters}
        published = {"x_v": 4, "x_k": 8, "x_d": 2, "x_D": 0.75, "alpha_r": 10, "alpha_v": 1}
        assert {n: table[n] for n in published} == published
        assert table["beta"] == 1.2

    def test_presets_differ_where_the_sources_do(self):
        text, code = ({p.name: p.default for p in made(preset=p).parameters}
                      for p in ("w21_text", "w21_code"))  # fmt: skip
        differ = {n for n in text if text[n] != code[n]}
        partition = {"fP_r", "fP_k", "fC_r", "fC_k", "fC_r_met", "fC_k_met"}
        assert differ == {"e1", "e3"} | partition
        assert (code["fC_k"], code["fP_k"]) == pytest.approx((8.934, 0.0196))

    def test_layers_are_a_dimension_with_their_edges(self):
        layer = made(layers=LAYERS).coords["layer"]
        np.testing.assert_allclose(layer.values, [1.5, 6.5, 20, 45])
        np.testing.assert_allclose(layer.bounds, [[0, 3], [3, 10], [10, 30], [30, 60]])

    def test_14c_is_asked_for_where_it_is_run(self):
        plain, traced = made(), made(carbon14="tracer")
        assert set(names(traced.drivers)) - set(names(plain.drivers)) == {
            "sampling_year",
            "atmosphere",
        }
        assert "fraction_modern" in names(traced.outputs)
        assert "fraction_modern" not in names(plain.outputs)

    @pytest.mark.parametrize("word", MODES)
    def test_cost_is_positive_and_grows_with_layers(self, word):
        few_layers, many = (
            KERNEL.seconds(mimics_profile.Options(**MODES[word], layers=(5.0,) * n), {"time": 10})
            for n in (5, 40)
        )
        assert 0 < few_layers < many < 1e3

    def test_the_numbers_of_equations_count(self):
        parts = fingerprint(made(carbon14="tracer"))
        for name in ("carbon14.DECAY", "steady.judge", "implicit._eliminate",
                     "block_tridiagonal.factorise", "stepping.advance"):  # fmt: skip
            assert f"kernels.mimics.layers.{name}" in parts


@pytest.mark.parametrize(
    ("chosen", "place", "said"),
    [
        ({"layers": (5.0, 0.0)}, "layers.1", "above 0"),
        ({"layers": (5.0, float("nan"))}, "layers.1", "thickness in cm"),
        ({"layers": ()}, "layers", "1 to 1000"),
        ({"tolerance": 0.0}, "tolerance", "1e-13"),
        ({"change": 2.0}, "change", "below 1"),
        ({"solves": 0}, "solves", "1 or more"),
        ({"mode": "transient", "carbon14": "tracer"}, "carbon14", "mode: steady"),
        ({"mode": "transient", "stability": "sign"}, "stability", "mode: steady"),
        ({"mode": "transient", "steady": "spinup"}, "steady", "mode: steady"),
        ({"steady": "spinup", "stability": "sign"}, "stability", "no equilibrium"),
        ({"steady": "spinup", "carbon14": "tracer"}, "carbon14", "steady: newton"),
    ],
)
def test_options_that_make_no_kernel(chosen, place, said):
    with pytest.raises(kernels.Unfit) as caught:
        made(**chosen)
    assert [f.where for f in caught.value.faults] == [place]
    assert said in str(caught.value)


def sites(word):
    """Return options, drivers and coords of three sites."""
    case = CASES["V2"]
    options = mimics_profile.Options(layers=LAYERS, **MODES[word])
    drivers, coords = with_14c(case, 1960)
    drivers = over(case, 4) if options.mode == "transient" else drivers
    drivers = {n: np.repeat(v, 3, axis=0) for n, v in drivers.items()}
    drivers["soil_temperature"] = drivers["soil_temperature"] + np.array([-6.0, 0, 9]).reshape(
        (3,) + (1,) * (drivers["soil_temperature"].ndim - 1)
    )
    return options, drivers, coords


def members(word, rows, at=slice(None)):
    options, drivers, coords = sites(word)
    return run(options, {n: v[at] for n, v in drivers.items()}, rows, coords=coords)


@st.composite
def designs(draw):
    """Draw rows (S,) of some parameters."""
    samples = draw(st.integers(2, 7))
    each = st.lists(st.floats(0.5, 2.0), min_size=samples, max_size=samples)
    rows = {n: np.array(draw(each)) * v for n, v in (("x_v", 4), ("x_D", 0.75), ("alpha_v", 2))}
    return rows | {"beta": np.maximum(np.array(draw(each)), 1.0)}


@pytest.mark.parametrize("word", MODES)
class TestLaws:
    @few
    @given(rows=designs())
    def test_a_member_alone_has_the_same_bits(self, word, rows):
        whole = members(word, rows).out
        last = len(rows["beta"]) - 1
        alone = members(word, {n: v[last:] for n, v in rows.items()}).out
        assert_same_bits(alone, {n: v[..., last:] for n, v in whole.items()})

    def test_a_site_alone_has_the_same_bits(self, word):
        rows = {"beta": [1.2, 1.5]}
        whole = members(word, rows).out
        for at in range(3):
            alone = members(word, rows, slice(at, at + 1)).out
            assert_same_bits(alone, {n: v[at : at + 1] for n, v in whole.items()})

    def test_what_is_held_at_once_changes_no_bit(self, word, monkeypatch):
        rows = {"beta": np.linspace(1.05, 2, 9)}
        whole = members(word, rows).out
        monkeypatch.setattr(mimics_profile, "FLOATS_AT_ONCE", 100)
        assert_same_bits(members(word, rows).out, whole)

    def test_a_member_that_fails_leaves_its_neighbours(self, word):
        good = members(word, {"x_v": [4.0, 5.0, 6.0]})
        bad = members(word, {"x_v": [4.0, np.nan, 6.0]})
        assert not good.status.any()
        assert (bad.status[:, 1] != 0).all()
        for some in (0, 2):
            assert_same_bits(
                {n: v[..., some] for n, v in bad.out.items()},
                {n: v[..., some] for n, v in good.out.items()},
            )
        assert all(np.isnan(v[..., 1]).all() for v in bad.out.values())

    def test_inputs_are_left_as_they_were(self, word):
        options, drivers, coords = sites(word)
        before = {n: v.copy() for n, v in drivers.items()}
        run(options, drivers, {"beta": [1.5]}, coords=coords)
        assert_same_bits(drivers, before)

    def test_no_sample_at_all(self, word):
        options, drivers, coords = sites(word)
        found = run(options, drivers, {"beta": np.empty(0)}, coords=coords, share=False)
        assert found.status.shape == (3, 0)


def settled(case, changed):
    """Return status, solves, residual and pools (n, 7) of a member that is solved alone."""
    row = np.array([(defaults(case.preset) | changed)[n] for n in PROFILE_NAMES])
    site = np.array([case.drivers[n][0] for n in (
        "litter_above", "litter_below", "lignin_n_above", "lignin_n_below", "annual_npp",
        "soil_temperature", "clay")])  # fmt: skip
    thickness = np.array(case.layers)
    w, y = profile_work(len(thickness)), np.empty((len(thickness), 7))
    assert layers(row, site, thickness, w.t, w.share, w.d, w.k) == OK
    return *settle(0.0, y, 500, w), y


@pytest.mark.parametrize("name", CASES)
def test_lanes_find_what_a_member_finds_alone(name):
    """Members of table 1: as many solves, and the same state to rounding."""
    case, draw = CASES[name], np.random.default_rng(8)
    drawn = draw.uniform(LOWEST, HIGHEST, (40, 7))
    # At an exponent of 1 a deep microbe's state is known to fewer digits.
    drawn[::8, -1] = 1.0
    found = run(case.options(), case.drivers, dict(zip(NAMES, drawn.T, strict=True)))
    for s, row in enumerate(drawn):
        status, solves, residual, y = settled(case, dict(zip(NAMES, row, strict=True)))
        assert (found.status[0, s], status) == (OK, OK)
        rtol = 1e-14 if row[-1] > 1.02 else 1e-12
        np.testing.assert_allclose(pools(found, sample=s), y, rtol=rtol)
        if row[-1] > 1.02:
            assert found.out["solves"][0, s] == solves
        assert max(found.out["residual"][0, s], residual) < 1e-12


@pytest.mark.parametrize("name", ["V1", "V5"])
def test_slopes_are_those_of_the_rates(name):
    """The block-tridiagonal system against differences of the rates, all pools with all pools."""
    case, thickness = CASES[name], np.array(CASES[name].layers)
    row = np.array([(defaults(case.preset) | case.changed)[n] for n in PROFILE_NAMES])
    site = np.array([300.0, 200, 20, 25, 500, 10, 0.2])
    n = len(thickness)
    w, y, big = profile_work(n), np.empty((n, 7)), np.empty((7 * n, 7 * n))
    layers(row, site, thickness, w.t, w.share, w.d, w.k)
    y[:] = np.random.default_rng(2).uniform(0.05, 5, (n, 7))
    full_jacobian(y, w, big)
    ends = [np.empty((n, 8)), np.empty((n, 8))]
    for at in range(7 * n):
        step = np.zeros(7 * n)
        step[at] = 1e-5 * y.ravel()[at]
        for sign, f in zip((1, -1), ends, strict=True):
            profile_rates(w.k, w.d, 0.0, y + sign * step.reshape(n, 7), f)
        slope = (ends[0] - ends[1])[:, :7].ravel() / 2e-5 / y.ravel() * 8760
        np.testing.assert_allclose(big[:, at], slope, rtol=1e-6, atol=1e-8 * np.abs(slope).max())


def test_what_was_factorised_is_solved():
    """Against numpy's solver on the whole matrix."""
    n, draw = 6, np.random.default_rng(4)
    w, big = profile_work(n), np.zeros((7 * n, 7 * n))
    w.s.a[:, :, :7] = draw.normal(size=(n, 7, 7)) + 3 * np.eye(7)
    w.s.above[1:, :7], w.s.below[:-1, :7] = draw.normal(size=(2, n - 1, 7))
    x = draw.normal(size=(n, 8))
    for j in range(n):
        here = slice(7 * j, 7 * j + 7)
        big[here, here] = w.s.a[j, :, :7]
        if j:
            big[here, 7 * j - 7 : 7 * j] = np.diag(w.s.above[j, :7])
        if j < n - 1:
            big[here, 7 * j + 7 : 7 * j + 14] = np.diag(w.s.below[j, :7])
    expected = np.linalg.solve(big, x[:, :7].ravel())
    assert factorise(w.s)
    solve(w.s, x)
    np.testing.assert_allclose(x[:, :7].ravel(), expected, rtol=1e-10)


def test_a_system_without_a_solution_is_said():
    w = profile_work(2)
    w.s.a[:, :, :7] = np.eye(7)
    w.s.a[1, 3] = 0.0
    assert not factorise(w.s)


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.1, 5.0, 1e4])
def test_roots_are_shared_out_wholly(alpha):
    thickness, g = np.array([2.0, 3, 5, 10, 80]), np.empty(5)
    root_fractions(thickness, alpha, g)
    assert g.sum() == pytest.approx(1.0, rel=1e-14)
    edges = np.concatenate([[0.0], np.cumsum(thickness)])
    if alpha == 0.0:
        np.testing.assert_allclose(g, thickness / 100)
    else:
        cumulated = -np.expm1(-alpha * edges) / -np.expm1(-alpha * 100)
        # The digits of a difference are those of what is subtracted, which is up to 1.
        np.testing.assert_allclose(g, np.diff(cumulated), rtol=1e-9, atol=1e-15)
