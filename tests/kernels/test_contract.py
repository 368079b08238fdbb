"""Laws that every kernel obeys, with rows drawn from its declared and derived bounds."""

import math
import re
from contextlib import suppress
from dataclasses import fields, replace

import numpy as np
import pytest
import stages
from covered import covered_kernels
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from laws import assert_same_bits, take

import kernels
from kernels import OK, STATUSES
from kernels.chains.parts.joining import _loosest
from scenarios import units

NAMES = stages.names()
TIMES = {"time", "date"}
CHOICES = pytest.mark.parametrize(
    ("name", "options"),
    [pytest.param(n, o, id=f"{n}-{'-'.join(map(str, vars(o).values()))}")
     for n, o in stages.every_choice()],
)  # fmt: skip
few = hypothesis_settings(max_examples=15)


def bounds(name, options):
    """Return for each parameter the range that is admissible at every location."""
    kernel, example = kernels.get(name), stages.example(name)
    derived = kernel.derive(options, example.drivers, example.coords)
    found = {}
    for parameter in kernel.parameters:
        low, high = parameter.lower, parameter.upper
        if parameter.name in derived:
            low = max(low, float(derived[parameter.name].lower.max()))
            high = min(high, float(derived[parameter.name].upper.min()))
        found[parameter.name] = (low, high)
    return found


@st.composite
def designs(draw, name, options, least=1):
    """Draw rows (S,) per parameter, few distinct values, in an order of any kind."""
    samples = draw(st.integers(least, 40))
    rows = {}
    for parameter, (low, high) in bounds(name, options).items():
        values = draw(st.lists(st.floats(low, high), min_size=1, max_size=7))
        pick = st.integers(0, len(values) - 1)
        rows[parameter] = np.array(
            draw(st.lists(pick.map(values.__getitem__), min_size=samples, max_size=samples))
        )
    return rows


def members(name, options, rows, **how):
    example = stages.example(name)
    return stages.run(kernels.get(name), options, example.drivers, example.coords, rows, **how)


@pytest.mark.parametrize("name", covered_kernels())
def test_every_file_is_a_kernel(name):
    assert not stages.failing(name)


@pytest.mark.parametrize("name", NAMES)
class TestTable:
    def test_it_has_example_drivers(self, name):
        assert stages.example(name).drivers.keys() == {d.name for d in kernels.get(name).drivers}

    def test_its_name_is_its_file(self, name):
        assert kernels.get(name).name == name

    def test_units_can_be_read(self, name):

        kernel = kernels.get(name)
        tables = (kernel.parameters, kernel.drivers, kernel.outputs, kernel.intermediates)
        for entry in (entry for table in tables for entry in table):
            # Labels of carbon are dropped first, as at the door: pint's C is the coulomb.
            assert units.readable(entry.units), entry
            assert entry.meaning

    def test_parameters_have_a_source(self, name):
        assert all(parameter.source for parameter in kernels.get(name).parameters)

    def test_options_have_defaults_and_are_frozen(self, name):
        options = kernels.get(name).options()
        assert hash(options) == hash(kernels.get(name).options())
        for option in fields(options):
            with pytest.raises(AttributeError):
                setattr(options, option.name, None)

    def test_it_says_what_a_step_of_time_is(self, name):
        kernel, example = kernels.get(name), stages.example(name)
        assert TIMES & stages.dims(kernel) <= kernel.steps.keys() <= TIMES
        for driver in kernel.drivers:
            if dim := kernel.time_of(driver):
                length = example.drivers[driver.name].shape[1 + driver.dims.index(dim)]
                each = {"year": 1, "day": 365}[kernel.steps[dim]]
                # Where all steps are days, the year of each is given.
                years = len(np.unique(example.coords["year"]))
                assert length == each * years, (driver.name, dim)

    def test_balance_names_known_variables(self, name):
        kernel = kernels.get(name)
        known = {entry.name for table in (kernel.outputs, kernel.drivers) for entry in table}
        for stocks, inputs, losses in kernel.balance:
            assert {*stocks, *inputs, *losses} <= known


def test_kernels_that_are_made_say_what_a_step_of_time_is():
    kernels_made, seen = [kernels.get(n) for n in covered_kernels()], set()
    for kernel in (k for k in kernels_made if k.make and k.read is None):
        for options in stages.choices(kernel):
            with suppress(kernels.Unfit):
                one = kernel.made(options, None)
                assert TIMES & stages.dims(one) == one.steps.keys(), (kernel.name, options)
                seen |= {(kernel.name, *sorted(one.steps.items()))}
    days = (("date", "day"), ("time", "year"))
    testbed = ("casa_cnp", "casa_debris", "casa_vegetation", "corpse", "mimics_testbed")
    assert {(n, *days) for n in testbed} <= seen
    assert {("mimics", ("time", "day")), ("mimics", ("time", "year")), ("mimics",)} <= seen


def test_a_step_is_a_year_or_a_day():
    two_box = kernels.get("two_box")
    with pytest.raises(ValueError, match=r"found steps \{'time': 'week'\}; needed year or day"):
        replace(two_box, steps={"time": "week"})


def test_one_name_means_one_thing_across_kernels():
    said = {}
    for name in NAMES:
        kernel = kernels.get(name)
        for table in (kernel.parameters, kernel.drivers, kernel.outputs):
            for entry in table:
                words = (entry.units, entry.meaning)
                first, known = said.setdefault(entry.name, (name, words))
                assert known == words, (
                    f"{entry.name!r} is {known} in {first} and {words} in {name}: give it the unit "
                    "and the meaning that it has, or another name"
                )


TESTBED = ("casa_vegetation", "casa_debris", "casa_cnp", "mimics_testbed", "corpse")
UNLIKE = {"litter_input", "litter_input_daily"}
"""In CASA wood counts when it falls, for its debris is a pool of the model; else as it decays."""


@pytest.mark.parametrize("words", [{}, {"drivers": "mean"}, {"start": "spinup"}])
def test_one_name_means_one_thing_across_kernels_of_the_testbed(words):
    said, ranges = {}, {}
    for name in TESTBED:
        kernel = kernels.get(name)
        if not words.keys() <= {option.name for option in fields(kernel.options)}:
            continue
        kernel = kernel.made(kernel.options(**words), None)
        for entry in (*kernel.drivers, *kernel.outputs):
            known = (entry.units, entry.meaning)
            if entry.name not in UNLIKE:
                assert said.setdefault(entry.name, known) == known, (name, entry.name)
        for p in kernel.parameters:
            known = (p.units, p.meaning)
            assert ranges.setdefault(p.name, known) == known, (name, p.name)


@CHOICES
class TestLaws:
    def test_cost_is_positive_and_grows(self, name, options):
        kernel = kernels.get(name)
        short, long = (
            kernel.seconds(options, dict.fromkeys(stages.dims(kernel), n)) for n in (100, 1000)
        )
        assert 0 < short <= long < math.inf
        for n in (100, 1000):
            shared = kernel.shared_seconds(options, dict.fromkeys(stages.dims(kernel), n))
            assert 0 <= shared < math.inf

    def test_control_member_runs(self, name, options):
        kernel, example = kernels.get(name), stages.example(name)
        derived = kernel.derive(options, example.drivers, example.coords)
        rows = {
            p.name: derived[p.name].default[:, np.newaxis]
            if p.name in derived
            else np.array([[p.default]])
            for p in kernel.parameters
        }
        assert (members(name, options, rows).status == OK).all()

    @few
    @given(data=st.data())
    def test_admissible_members_run(self, name, options, data):
        found = members(name, options, data.draw(designs(name, options)))
        assert (found.status == OK).all()
        assert all(np.isfinite(values).all() for values in found.out.values())

    @few
    @given(data=st.data())
    def test_balance_closes(self, name, options, data):
        kernel, example = kernels.get(name), stages.example(name)
        out = members(name, options, data.draw(designs(name, options))).out
        given_ = {n: v[..., np.newaxis] for n, v in example.drivers.items()} | out
        for stocks, inputs, losses in kernel.balance:
            stock, gain, loss = (sum(given_[n] for n in part) for part in (stocks, inputs, losses))
            left_over = np.diff(stock, axis=1) - (gain - loss)[:, 1:]
            assert (np.abs(left_over) <= 1e-13 * np.abs(stock).max()).all()

    @few
    @given(data=st.data())
    def test_pools_are_not_negative(self, name, options, data):
        out = members(name, options, data.draw(designs(name, options))).out
        for stocks, _, _ in kernels.get(name).balance:
            assert all((out[stock] >= 0.0).all() for stock in stocks)

    @few
    @given(data=st.data())
    def test_without_input_nothing_grows(self, name, options, data):
        kernel, example = kernels.get(name), stages.example(name)
        rows = {p.name: np.array([p.upper]) for p in kernel.parameters} | data.draw(
            designs(name, options)
        )
        found = stages.run(kernel, options, example.without_input, example.coords, rows)
        for stocks, inputs, _ in kernel.balance:
            assert not any(example.without_input[name].any() for name in inputs)
            for stock in stocks:
                held = found.out[stock]
                assert (held <= np.nextafter(held[:, :1], np.inf))[
                    :, :, found.status[0] == OK
                ].all()

    @few
    @given(data=st.data())
    def test_inputs_are_left_as_they_were(self, name, options, data):
        example = stages.example(name)
        rows = data.draw(designs(name, options))
        before = {n: v.copy() for n, v in {**example.drivers, **rows}.items()}
        stages.run(kernels.get(name), options, example.drivers, example.coords, rows)
        assert_same_bits({**example.drivers, **rows}, before)

    @few
    @given(data=st.data())
    def test_a_block_is_its_members_one_by_one(self, name, options, data):
        kernel, rows = kernels.get(name), data.draw(designs(name, options))
        block = members(name, options, rows).out
        samples = len(next(iter(rows.values())))
        for s in data.draw(st.sets(st.integers(0, samples - 1), min_size=1, max_size=4)):
            alone = members(name, options, take(rows, slice(s, s + 1))).out
            for output, values in alone.items():
                expected = block[output][..., s : s + 1]
                if kernel.tolerance:
                    np.testing.assert_allclose(values, expected, rtol=kernel.tolerance)
                else:
                    assert_same_bits({output: values}, {output: expected})

    @few
    @given(data=st.data())
    def test_slices_change_no_bit(self, name, options, data):
        rows = data.draw(designs(name, options, least=2))
        samples = len(next(iter(rows.values())))
        cut = data.draw(st.integers(1, samples - 1))
        parts = [members(name, options, take(rows, s)).out for s in (slice(cut), slice(cut, None))]
        joined = {n: np.concatenate([part[n] for part in parts], axis=-1) for n in parts[0]}
        assert_same_bits(joined, members(name, options, rows).out)

    @few
    @given(data=st.data())
    def test_sharing_changes_no_bit(self, name, options, data):
        rows = data.draw(designs(name, options))
        shared, apart = (members(name, options, rows, share=share).out for share in (True, False))
        assert_same_bits(shared, apart)

    def test_crosses_of_any_order_change_no_bit(self, name, options):
        ends = bounds(name, options)
        axes = [np.linspace(low, min(high, 3 * low), 13) for low, high in ends.values()]
        cross = np.meshgrid(*axes, indexing="ij")
        rows = dict(zip(ends, (c.ravel() for c in cross), strict=True))
        apart = members(name, options, rows, share=False).out
        count = len(cross[0].ravel())
        shuffled = np.random.default_rng(1).permutation(count)
        across = np.arange(count).reshape(cross[0].shape).T.ravel()
        some = across[count // 6 : count // 2]
        for order in (np.arange(count), across, shuffled, np.arange(count)[::-1], some):
            found = members(name, options, take(rows, order)).out
            assert_same_bits(found, {n: v[..., order] for n, v in apart.items()})

    @few
    @given(data=st.data())
    def test_what_is_asked_for_changes_no_bit(self, name, options, data):
        kernel, rows = kernels.get(name), data.draw(designs(name, options))
        known = [v.name for v in (*kernel.outputs, *kernel.intermediates)]
        asked = data.draw(st.sets(st.sampled_from(known), min_size=1))
        everything = members(name, options, rows).out
        found = members(name, options, rows, outputs=asked).out
        assert_same_bits(found, {n: everything[n] for n in asked})

    @few
    @given(data=st.data(), value=st.sampled_from([math.nan, math.inf, -math.inf]))
    def test_a_bad_parameter_costs_its_member_alone(self, name, options, data, value):
        kernel, rows = kernels.get(name), data.draw(designs(name, options, least=2))
        samples = len(next(iter(rows.values())))
        s = data.draw(st.integers(0, samples - 1))
        bad = data.draw(st.sampled_from(kernel.parameters)).name
        spoilt = {n: v.copy() for n, v in rows.items()}
        spoilt[bad][s] = value
        good, found = members(name, options, rows), members(name, options, spoilt)
        others = np.arange(samples) != s
        assert (found.status[:, others] == OK).all()
        assert set(found.status[:, s]) <= {c.code for c in STATUSES} - {OK}
        for output, values in found.out.items():
            expected = good.out[output][..., others]
            assert_same_bits({output: values[..., others]}, {output: expected})
        for output in downstream(kernel, bad):
            assert np.isnan(found.out[output][..., s]).all(), output

    @few
    @given(data=st.data(), value=st.sampled_from([math.nan, math.inf]))
    def test_a_gap_never_passes_in_silence(self, name, options, data, value):
        kernel, example = kernels.get(name), stages.example(name)
        rows = data.draw(designs(name, options))
        driver = data.draw(st.sampled_from(kernel.drivers)).name
        drivers = {n: v.copy() for n, v in example.drivers.items()}
        place = tuple(data.draw(st.integers(0, n - 1)) for n in drivers[driver].shape)
        drivers[driver][place] = value
        found = stages.run(kernel, options, drivers, example.coords, rows)
        good = members(name, options, rows)
        others = np.arange(len(drivers[driver])) != place[0]
        assert (found.status[others] == OK).all()
        assert (found.status[place[0]] != OK).all()
        for output in (o.name for o in kernel.outputs):
            assert np.isnan(found.out[output][place[0]]).all(), output
            kept = found.out[output][others]
            assert_same_bits({output: kept}, {output: good.out[output][others]})


def downstream(kernel, parameter):
    """Return the outputs of the stages that read a parameter, themselves or through others."""
    found = set()
    for stage in kernel.stages:
        if parameter in stage.parameters or found & set(stage.upstream):
            found |= set(stage.outputs)
    return found


OF_THE_SCENARIO = {"chain", "executable", "side_by_side"}
"""Kernels whose tables a scenario declares, or those of other kernels."""


def made_in_every_way():
    """Yield the tables of every kernel, in every combination of options that makes one."""
    for name in sorted(set(stages.known()) - OF_THE_SCENARIO):
        for options in stages.choices(kernels.get(name)):
            with suppress(kernels.Unfit):
                yield kernels.get(name).made(options, None)


def is_stock(output):
    return bool(re.search(r"\bC\b", output.units)) and not units.per(output.units)


def test_every_stock_has_a_limit_or_says_why_it_has_none():
    stocks = {(k.name, o.name): o for k in made_in_every_way() for o in k.outputs if is_stock(o)}
    without = {*stages.known()} - OF_THE_SCENARIO - {name for name, _ in stocks}
    assert not without, f"{sorted(without)} have no output in a unit of carbon such as Pg C"
    for where, output in stocks.items():
        assert output.limit is not None, (
            f"{where}: declare limit=kernels.Limit(the most that it can hold, what holds as much); "
            "kernels/contract/limits.py has some"
        )
        assert output.limit.above > 0, where
        assert len(output.limit.source.split()) > 5, f"{where}: its limit needs a source in words"


def test_what_is_no_stock_has_no_limit():
    for kernel in made_in_every_way():
        for entry in (*kernel.drivers, *kernel.outputs, *kernel.intermediates):
            assert entry.limit is None or is_stock(entry), (kernel.name, entry.name)


def test_a_limit_per_area_is_that_of_the_depth():
    from kernels.mimics.mimics_profile import KERNEL, Options

    for layers, most in (((5.0,) * 20, 150.0), ((10.0, 20.0), 45.0)):
        made = KERNEL.made(Options(layers=layers), None)
        assert made.variable("soc_stock").limit.above == pytest.approx(most, rel=1e-14)


def test_the_limit_of_an_output_of_several_models_is_the_highest():
    low, high = kernels.Limit(1.0, "one"), kernels.Limit(2.0, "other")
    assert _loosest([low, high]) is high
    assert _loosest([low, None]) is None


def test_a_limit_is_no_part_of_the_fingerprint():
    from kernels.contract.fingerprint import fingerprint

    kernel = kernels.get("two_box")
    bare = replace(kernel, outputs=tuple(replace(o, limit=None) for o in kernel.outputs))
    assert fingerprint(bare) == fingerprint(kernel)


DECLARED = [name for name, kernel in stages.known().items() if kernel.make is not None]


@pytest.mark.parametrize("name", DECLARED)
def test_a_kernel_that_is_declared_has_no_tables_until_it_is_made(name):
    kernel = kernels.get(name)
    assert kernel.name == name
    assert kernel.stages == ()
    assert kernel.parameters == kernel.drivers == kernel.outputs == kernel.intermediates == ()


@pytest.mark.parametrize("name", sorted(set(DECLARED) - OF_THE_SCENARIO))
def test_what_is_made_is_what_was_declared_with_tables(name):
    declared = kernels.get(name)
    made = declared.made(declared.options(), None)
    for said_once in ("name", "source", "options", "seconds", "make", "lanes", "tolerance"):
        assert getattr(made, said_once) is getattr(declared, said_once)
    assert made.title.startswith(declared.title)
    (stage,) = made.stages
    for table in ("parameters", "drivers", "outputs"):
        names = tuple(entry.name for entry in getattr(made, table))
        assert names
        assert getattr(stage, table) == names


def test_tables_of_one_stage_are_checked_as_any_others():
    declared = kernels.get("mimics")
    (tau,) = (p for p in kernels.get("two_box").parameters if p.name == "tau_veg_obs")
    with pytest.raises(ValueError, match=r"names \['tau_veg_obs'\] twice"):
        declared.of_stage(
            "all", lambda options: None, parameters=[tau, tau], drivers=(), outputs=()
        )
