"""MIMICS as a kernel: its tables, what it refuses, and the laws of blocks."""

from dataclasses import fields
from functools import partial
from itertools import product

import laws
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from laws import assert_same_bits
from mimics_cases import CASES, FORWARD, POOLS, lasting, run
from support import plan

import kernels
from kernels.contract.fingerprint import fingerprint
from kernels.contract.status import OK
from kernels.mimics import mimics
from kernels.mimics.one_layer.coefficients import coefficients
from kernels.mimics.one_layer.equations import COEFFICIENTS, FORMS, corpse
from kernels.mimics.one_layer.sets import FORM_OF, NAMES, SETS
from kernels.mimics.one_layer.steady import cold_start, steady
from kernels.numerics.small_systems import work
from scenarios import ScenarioError, units

KERNEL = mimics.KERNEL
few = hypothesis_settings(max_examples=15)
MODES = {
    "steady": {},
    "sign": {"stability": "sign"},
    "spectrum": {"stability": "spectrum"},
    "transient": {"mode": "transient"},
    "hourly": {"mode": "transient", "step": "day", "integrator": "hourly", "start": "cold"},
    "spinup": {"mode": "spinup", "step": "day"},
}
STEPS = 6


def made(**options):
    return KERNEL.made(mimics.Options(**options), None)


def names(table):
    return [entry.name for entry in table]


class TestTables:
    def test_its_name_is_its_file(self):
        assert kernels.get("mimics") is KERNEL
        assert made().name == KERNEL.name == "mimics"

    @pytest.mark.parametrize("named", SETS)
    def test_defaults_are_those_of_the_set(self, named):
        table = made(set=named, form=FORM_OF[named]).parameters
        values = {p.name: p.default for p in table}
        assert {n: values[n] for n in SETS[named]} == SETS[named]
        assert values.keys() - SETS[named].keys() == {"litter_factor", "temperature_offset"}
        assert all(p.source and p.meaning for p in table)

    def test_units_can_be_read(self):
        for chosen in MODES.values():
            kernel = made(**chosen)
            for entry in (*kernel.parameters, *kernel.drivers, *kernel.outputs):
                assert units.readable(entry.units), entry

    @pytest.mark.parametrize(
        ("moisture", "water"),
        [("none", []), ("corpse", ["theta_l", "theta_f"]), ("casacnp", ["theta_l"])],
    )
    def test_water_is_asked_for_where_it_is_used(self, moisture, water):
        found = names(made(moisture=moisture).drivers)
        assert [n for n in found if n.startswith("theta")] == water

    def test_time_is_asked_for_where_there_is_any(self):
        assert {v.dims for v in (*made().drivers, *made().outputs)} == {()}
        for mode in ("transient", "spinup"):
            kernel = made(mode=mode)
            still = {v.name for v in kernel.drivers if v.dims == ()}
            assert still == {"clay", "depth"}
            assert all(kernel.variable(pool).dims == ("time",) for pool in POOLS)

    def test_stability_is_told_where_it_is_asked_for(self):
        told = ("stable", "growth", "slowest_mode", "fastest_mode")
        for word, expected in (("none", 0), ("sign", 1), ("spectrum", 4)):
            assert [n for n in names(made(stability=word).outputs) if n in told] == [
                *told[:expected]
            ]

    def test_balance_names_outputs(self):
        kernel = made(mode="transient")
        for stocks, gains, losses in kernel.balance:
            assert {*stocks, *gains, *losses} <= set(names(kernel.outputs))

    def test_options_are_frozen(self):
        for option in fields(mimics.Options):
            with pytest.raises(AttributeError):
                setattr(mimics.Options(), option.name, None)

    @pytest.mark.parametrize("word", MODES)
    def test_cost_is_positive_and_grows(self, word):
        options = mimics.Options(**MODES[word])
        short, long = (KERNEL.seconds(options, {"time": n}) for n in (100, 1000))
        assert 0 < short <= long < 1e4

    def test_the_numbers_of_equations_count(self, monkeypatch):
        before = fingerprint(made())
        assert "kernels.mimics.one_layer.equations.HOURS" in before
        assert "kernels.numerics.rodas.PAST" in fingerprint(made(mode="transient"))
        monkeypatch.setattr("kernels.mimics.one_layer.lanes.UPDATE", 1e-12)
        after = fingerprint(made())
        changed = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
        assert "kernels.mimics.one_layer.lanes.UPDATE" in changed


SCENARIO = """
version: 1
name: soils
kernel: {{name: mimics, {chosen}}}
forcing: {{reader: synthetic_models, n: 4}}
design: {{method: monte_carlo, n: 8, parameters: {{beta: {{uniform: [1, 2]}}}}}}
outputs: {{soc: last}}
"""


class TestRefusals:
    @pytest.mark.parametrize(("named", "form"), list(product(SETS, ("forward", "reverse"))))
    def test_a_set_belongs_to_its_form(self, named, form):
        if FORM_OF[named] == form:
            assert made(set=named, form=form).parameters
            return
        with pytest.raises(kernels.Unfit, match=f"say form: {FORM_OF[named]}"):
            made(set=named, form=form)

    @pytest.mark.parametrize(
        ("chosen", "said"),
        [
            ("set: testbed", r"kernel\.form.*'testbed' is of the reverse form.*form: reverse"),
            ("form: reverse", r"'wieder2015' is of the forward form.*testbed, sandbox"),
            ("set: sandbxo", "sandbox"),
            ("tolerance: 0", r"kernel\.tolerance.*1e-13"),
            ("solves: 0", r"kernel\.solves.*1 or more"),
            ("mode: transient, stability: sign", r"kernel\.stability.*mode: steady"),
        ],
    )
    def test_at_plan_time_with_its_place(self, tmp_path, chosen, said):
        with pytest.raises(ScenarioError, match=said):
            plan(tmp_path, text=SCENARIO.format(chosen=chosen))

    def test_parameters_of_another_name(self, tmp_path):
        text = SCENARIO.format(chosen="mode: steady").replace("beta:", "bata:")
        with pytest.raises(ScenarioError, match="no parameter 'bata'; did you mean 'beta'"):
            plan(tmp_path, text=text)


def sites(word):
    """Return options and drivers of three sites."""
    drivers = {n: np.repeat(v, 3) for n, v in FORWARD.drivers.items()}
    drivers["litter_input"] = np.array([150.0, 400.0, 900.0])
    drivers["soil_temperature"] = np.array([2.0, 10.0, 22.0])
    drivers["clay"] = np.array([0.1, 0.2, 0.5])
    options = FORWARD.options(**MODES[word])
    if options.mode == "steady":
        return options, drivers
    drivers = lasting(drivers, STEPS)
    drivers["soil_temperature"] = drivers["soil_temperature"] + np.arange(STEPS)
    return options, drivers


@st.composite
def designs(draw, least=1):
    """Draw rows (S,) of some parameters, few distinct values each."""
    samples = draw(st.integers(least, 12))
    factor = st.floats(0.6, 2.0)
    rows = {}
    for name, value in (("aV", 8e-6), ("D1", 1.5e-5), ("tau_k1", 2.4e-4), ("beta", 1.3)):
        values = np.array(draw(st.lists(factor, min_size=1, max_size=4))) * value
        values = np.maximum(values, 1.05) if name == "beta" else values
        picks = st.lists(st.integers(0, len(values) - 1), min_size=samples, max_size=samples)
        rows[name] = values[draw(picks)]
    return rows


def members(word, rows, **how):
    options, drivers = sites(word)
    steps = 0 if options.mode == "steady" else STEPS
    return run(options, drivers, rows, steps=steps, **how)


@pytest.mark.parametrize("word", MODES)
class TestLaws:
    @few
    @given(rows=designs(least=2), data=st.data())
    def test_slices_and_single_members_change_no_bit(self, word, rows, data):
        laws.slices_and_single_members_change_no_bit(partial(members, word), rows, data)

    @few
    @given(rows=designs())
    def test_sharing_changes_no_bit(self, word, rows):
        assert_same_bits(*(members(word, rows, share=share).out for share in (True, False)))

    @few
    @given(rows=designs(), data=st.data())
    def test_what_is_asked_for_changes_no_bit(self, word, rows, data):
        known = names(made(**MODES[word]).outputs)
        laws.what_is_asked_for_changes_no_bit(partial(members, word), rows, known, data)

    @few
    @given(rows=designs(least=2), data=st.data(), value=st.sampled_from([np.nan, np.inf, -1e9]))
    def test_a_bad_member_leaves_its_neighbours(self, word, rows, data, value):
        laws.a_bad_member_leaves_its_neighbours(partial(members, word), rows, value, data)

    def test_locations_are_apart(self, word):
        options, drivers = sites(word)
        whole = members(word, {"beta": [1.2, 1.5]}).out
        for at in range(3):
            one = {n: v[at : at + 1] for n, v in drivers.items()}
            steps = 0 if options.mode == "steady" else STEPS
            alone = run(options, one, {"beta": [1.2, 1.5]}, steps=steps).out
            assert_same_bits(alone, {n: v[at : at + 1] for n, v in whole.items()})

    def test_parameters_may_differ_by_location(self, word):
        beta = np.array([[1.2, 1.5], [1.3, 1.4], [1.6, 1.1]])
        whole = members(word, {"beta": beta}).out
        for at in range(3):
            alone = members(word, {"beta": beta[at]}).out
            assert_same_bits(
                {n: v[at] for n, v in whole.items()}, {n: v[at] for n, v in alone.items()}
            )

    def test_inputs_are_left_as_they_were(self, word):
        options, drivers = sites(word)
        before = {n: v.copy() for n, v in drivers.items()}
        run(options, drivers, {"beta": [1.5]}, steps=STEPS if options.mode != "steady" else 0)
        assert_same_bits(drivers, before)


def test_more_members_than_are_held_at_once(monkeypatch):
    rows = {"beta": np.linspace(1.05, 2, 23)}
    whole = [members(word, rows).out for word in ("spectrum", "hourly")]
    monkeypatch.setattr(mimics, "MEMBERS_AT_ONCE", 23)
    monkeypatch.setattr(mimics, "CELLS_AT_ONCE", 5 * STEPS * mimics.COLUMNS)
    for word, expected in zip(("spectrum", "hourly"), whole, strict=True):
        assert_same_bits(members(word, rows).out, expected)


def test_no_sample_at_all():
    for word in MODES:
        found = members(word, {"beta": np.empty(0)}, share=False)
        assert found.status.shape == (3, 0)


SOME = {"aV": (0.3, 4.0), "aK": (0.3, 4.0), "D1": (0.2, 3.0), "tau_r1": (0.5, 2.0)}
"""Times the default."""


def crowd_of(case, samples, seed, exponents=(1.0, 2.0)):
    """Return rows (S,) of members that differ, every third at an exponent of 1."""
    draw = np.random.default_rng(seed)
    rows = {n: case.constants[n] * draw.uniform(*by, samples) for n, by in SOME.items()}
    beta = np.where(np.arange(samples) % 3 == 0, 1.0, draw.uniform(*exponents, samples))
    return rows | {"beta": beta}


@pytest.mark.parametrize("solves", [500, 18])
@pytest.mark.parametrize("name", CASES)
def test_lanes_find_what_a_member_finds_alone(name, solves):
    """As many solves, the same state to rounding; and the same members do not arrive."""
    case = CASES[name]
    rows = {n: np.full(60, v) for n, v in case.changed.items()} | crowd_of(case, 60, 4)
    found = run(case.options(solves=solves), case.drivers, rows)
    site = (case.litter, case.litter, case.temperature, case.clay, case.lignin_n, case.depth)
    k, y, w = np.empty(COEFFICIENTS), np.empty(7), work()
    for s in range(60):
        own = case.constants | {n: v[s] for n, v in rows.items()}
        row = np.array([own[n] for n in NAMES])
        coefficients(row, *site, corpse(*case.water) if case.water else 1.0, k)
        cold_start(y)
        status, spent, residual = steady(FORMS.index(FORM_OF[case.named]), k, y, solves, w)
        assert found.status[0, s] == status
        if status == OK:
            ours = [found.out[pool][0, s] for pool in POOLS]
            np.testing.assert_allclose(ours, y, rtol=1e-12, atol=1e-300)
            assert found.out["solves"][0, s] == spent
            assert max(found.out["residual"][0, s], residual) < 1e-11
    assert (found.status == OK).any()


class TestNeighbours:
    """Lanes that end sooner or later, fail or do not arrive: no member sees the others."""

    @few
    @given(
        seed=st.integers(0, 1000), samples=st.integers(17, 50), solves=st.sampled_from([500, 18])
    )
    @pytest.mark.parametrize("name", ["S1", "S2"])
    def test_any_company_gives_the_same_bits(self, name, seed, samples, solves):
        case = CASES[name]
        rows = crowd_of(case, samples, seed)
        rows["aV"][::11], rows["aK"][3::13] = np.nan, -1.0
        options = case.options(solves=solves, stability="sign")
        whole = run(options, case.drivers, rows)
        assert (whole.status == OK).any()
        order = np.random.default_rng(samples).permutation(samples)
        for picked in (order, order[: samples // 2], order[:1], np.arange(samples)[::-1]):
            some = run(options, case.drivers, laws.take(rows, picked))
            assert_same_bits(some.out, laws.take(whole.out, picked))
            np.testing.assert_array_equal(some.status, whole.status[:, picked])
