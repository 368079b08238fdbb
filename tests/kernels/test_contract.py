"""Laws that every kernel obeys, with rows drawn from its declared and derived bounds."""

from contextlib import suppress
from dataclasses import fields, replace

import numpy as np
import pytest
import stages
from covered import covered_kernels
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import kernels
from ensemble.checking import laws as checking
from ensemble.checking.laws import is_stock
from kernels.chains.parts.joining import _loosest

NAMES = stages.names()
TIMES = {"time", "date"}
CHOICES = pytest.mark.parametrize(
    ("name", "options"),
    [pytest.param(n, o, id=f"{n}-{'-'.join(map(str, vars(o).values()))}")
     for n, o in stages.every_choice()],
)  # fmt: skip
few = hypothesis_settings(max_examples=15)


@st.composite
def designs(draw, name, options, least=1):
    """Draw rows (S,) per parameter, few distinct values, in an order of any kind."""
    samples = draw(st.integers(least, 40))
    rows = {}
    for parameter, (low, high) in stages.subject(name, options).bounds().items():
        values = draw(st.lists(st.floats(low, high), min_size=1, max_size=7))
        pick = st.integers(0, len(values) - 1)
        rows[parameter] = np.array(
            draw(st.lists(pick.map(values.__getitem__), min_size=samples, max_size=samples))
        )
    return rows


@pytest.mark.parametrize("name", covered_kernels())
def test_every_file_is_a_kernel(name):
    assert not stages.failing(name)


@pytest.mark.parametrize("name", NAMES)
class TestTable:
    def test_it_has_example_drivers(self, name):
        assert stages.example(name).drivers.keys() == {d.name for d in kernels.get(name).drivers}

    def test_its_name_is_its_file(self, name):
        assert kernels.get(name).name == name

    @pytest.mark.parametrize("law", checking.OF_TABLES, ids=lambda law: law.__name__)
    def test_a_law_of_tables_holds(self, name, law):
        law(kernels.get(name))

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


def holds(law, name, options, data, least=1):
    """Try a law of the package on rows, and choices of its own, that Hypothesis draws."""
    seed = data.draw(st.integers(0, 2**32 - 1))
    rows = data.draw(designs(name, options, least))
    law(stages.subject(name, options), rows, np.random.default_rng(seed))


@CHOICES
class TestLaws:
    @pytest.mark.parametrize("law", [checking.control_runs, checking.cost_grows])
    def test_a_law_of_no_rows_holds(self, name, options, law):
        law(stages.subject(name, options), {}, np.random.default_rng(1))

    @few
    @given(data=st.data())
    def test_admissible_members_run(self, name, options, data):
        holds(checking.admissible_members_run, name, options, data)

    @few
    @given(data=st.data())
    def test_balance_closes(self, name, options, data):
        holds(checking.balance_closes, name, options, data)

    @few
    @given(data=st.data())
    def test_pools_are_not_negative(self, name, options, data):
        holds(checking.no_pool_is_negative, name, options, data)

    @few
    @given(data=st.data())
    def test_without_input_nothing_grows(self, name, options, data):
        holds(checking.nothing_grows_without_input, name, options, data)

    @few
    @given(data=st.data())
    def test_inputs_are_left_as_they_were(self, name, options, data):
        holds(checking.inputs_are_left, name, options, data)

    @few
    @given(data=st.data())
    def test_a_block_is_its_members_one_by_one(self, name, options, data):
        holds(checking.a_block_is_its_members, name, options, data)

    @few
    @given(data=st.data())
    def test_slices_change_no_bit(self, name, options, data):
        holds(checking.slices_change_no_bit, name, options, data, least=2)

    @few
    @given(data=st.data())
    def test_sharing_changes_no_bit(self, name, options, data):
        holds(checking.sharing_changes_no_bit, name, options, data)

    def test_crosses_of_any_order_change_no_bit(self, name, options):
        subject = stages.subject(name, options)
        axes = {n: np.linspace(low, min(high, 3 * low), 13)
                for n, (low, high) in subject.bounds().items()}  # fmt: skip
        checking.crosses_agree(subject, axes, np.random.default_rng(1))

    @few
    @given(data=st.data())
    def test_what_is_asked_for_changes_no_bit(self, name, options, data):
        holds(checking.what_is_asked_changes_no_bit, name, options, data)

    @few
    @given(data=st.data())
    def test_a_bad_parameter_costs_its_member_alone(self, name, options, data):
        holds(checking.a_bad_parameter_costs_its_member, name, options, data, least=2)

    @few
    @given(data=st.data())
    def test_a_gap_never_passes_in_silence(self, name, options, data):
        holds(checking.a_gap_is_not_silent, name, options, data)


OF_THE_SCENARIO = {"chain", "executable", "side_by_side"}
"""Kernels whose tables a scenario declares, or those of other kernels."""


OF_FLUXES = {"random_forest", "forest_importance", "forest_validation"}
"""Kernels without a stock."""


def made_in_every_way():
    """Yield the tables of every kernel, in every combination of options that makes one."""
    for name in sorted(set(stages.known()) - OF_THE_SCENARIO):
        for options in stages.choices(kernels.get(name)):
            with suppress(kernels.Unfit):
                yield kernels.get(name).made(options, None)


def test_every_stock_has_a_limit_or_says_why_it_has_none():
    stocks = {(k.name, o.name): o for k in made_in_every_way() for o in k.outputs if is_stock(o)}
    without = {*stages.known()} - OF_THE_SCENARIO - OF_FLUXES - {name for name, _ in stocks}
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
