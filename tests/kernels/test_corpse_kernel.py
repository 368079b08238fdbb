"""CORPSE as a kernel: its tables, its namelists, what it refuses, and the laws of blocks."""

from dataclasses import fields
from functools import partial

import laws
import numpy as np
import pytest
from corpse_cases import CONSTANT, lasting, made, mean, run, seasons
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from laws import assert_same_bits
from support import DATA, needs_data, plan

import kernels
from kernels.contract.fingerprint import fingerprint
from kernels.contract.status import BAD_INPUT, OUT_OF_RANGE
from kernels.corpse import corpse
from kernels.corpse.cohort.lanes import LANES
from kernels.corpse.cohort.namelist import read_namelist
from kernels.corpse.cohort.sets import SETS
from scenarios import ScenarioError, units

KERNEL = corpse.KERNEL
few = hypothesis_settings(max_examples=10)
MODES = {
    "mean": {"drivers": "mean"},
    "cold": {"start": "cold"},
    "steady": {"start": "steady", "cycle": 1},
    "layers": {"start": "cold", "litter_option": 2, "set": "testbed_2020"},
}
FILES = {
    "testbed_2017": "testbed/params/corpse_params_12.18d.2017.nml",
    "testbed_2020": "testbed/params/corpse_params_new_march20.nml",
}


def names(table):
    return [entry.name for entry in table]


CHANGES = {"litter_factor", "temperature_offset", "moisture_factor", "initial_carbon_factor"}
"""Parameters that are no constants of the model: of its drivers and its start."""


class TestTables:
    def test_its_name_is_its_file(self):
        assert kernels.get("corpse") is KERNEL
        assert made().name == KERNEL.name == "corpse"

    @pytest.mark.parametrize("named", SETS)
    def test_defaults_are_those_of_the_set(self, named):
        table = made(set=named).parameters
        values = {p.name: p.default for p in table}
        assert {n: values[n] for n in SETS[named]} == SETS[named]
        assert values.keys() - SETS[named].keys() == CHANGES
        assert all(p.source and p.meaning for p in table)

    @pytest.mark.parametrize("word", MODES)
    def test_units_can_be_read(self, word):
        kernel = made(**MODES[word])
        for entry in (*kernel.parameters, *kernel.drivers, *kernel.outputs):
            assert units.readable(entry.units), entry

    def test_litter_is_asked_for_as_it_is_used(self):
        for option, parts in ((1, 2), (2, 4)):
            found = names(made(litter_option=option).drivers)
            assert sum("litter_" in n and "cwd" not in n for n in found) == parts

    def test_time_is_asked_for_where_there_is_any(self):
        kernel = made(drivers="mean")
        assert {v.dims for v in kernel.drivers} == {()}
        assert {v.dims for v in kernel.outputs} == {(), ("corpse_pool",)}
        kernel = made()
        assert {v.name for v in kernel.drivers if v.dims == ()} == {"clay", "porosity"}
        assert {v.name for v in kernel.drivers if v.dims == ("time",)} == {"annual_npp"}

    def test_the_start_is_told_where_it_is_looked_for(self):
        for start, expected in (("cold", 0), ("steady", 2), ("spinup", 2)):
            found = names(made(start=start).outputs)
            assert len({"corpse_cycles", "corpse_drift"} & set(found)) == expected

    def test_pools_have_names(self):
        assert len(made().coords["corpse_pool"].labels) == 14
        labels = made(litter_option=2).coords["corpse_pool"].labels
        assert len(labels) == 21
        assert labels[13] == "bulk_microbes"

    def test_balance_names_outputs(self):
        kernel = made()
        for stocks, gains, losses in kernel.balance:
            assert {*stocks, *gains, *losses} <= set(names(kernel.outputs))

    def test_options_are_frozen(self):
        for option in fields(corpse.Options):
            with pytest.raises(AttributeError):
                setattr(corpse.Options(), option.name, None)

    @pytest.mark.parametrize("word", MODES)
    def test_cost_is_positive_and_grows(self, word):
        options = corpse.Options(**MODES[word])
        short, long = (KERNEL.seconds(options, {"time": n}) for n in (100, 1000))
        assert 0 < short <= long < 1e4

    def test_the_numbers_of_equations_count(self, monkeypatch):
        before = fingerprint(made())
        assert "kernels.corpse.cohort.equations.REFERENCE" in before
        monkeypatch.setattr("kernels.corpse.cohort.cycle.UPDATE", 1e-7)
        after = fingerprint(made())
        changed = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
        assert "kernels.corpse.cohort.cycle.UPDATE" in changed


NAMELIST = """\
&soil_carbon_nml
    vmaxref=1000e0,25D0,.4e3   ! a comment, with = and &
    Ea=5e3,30e3,
       3e3
    kC=3*.01
    microbe_driven_protection=.FALSE.
    litterDensity=22.0
/
&CORPSE_casa_nml
    initial_C=0.0,1.5,0.0
    exudate_npp_frac=0.03,0.0,0.0
/
"""


class TestNamelist:
    @needs_data
    @pytest.mark.parametrize("named", FILES)
    def test_files_of_the_testbed_are_the_sets(self, named):
        file = DATA / FILES[named]
        chosen = {"namelist": file.name, "litter_option": 1 if named == "testbed_2017" else 2}
        kernel = KERNEL.made(corpse.Options(**chosen), file.parent)
        own = {p.name: p for p in kernel.parameters if p.name not in CHANGES}
        assert {n: p.default for n, p in own.items()} == SETS[named]
        assert kernel.files == {file.name: file}
        assert all(file.name in p.source for n, p in own.items() if n != "theta_exp")

    def test_what_fortran_reads(self):
        found = read_namelist(NAMELIST, "a.nml")
        assert not found.faults
        assert found.initial == (0.0, 1.5, 0.0)
        assert found.litter_option is None
        values = found.values
        assert [values[f"vmaxref_{x}"] for x in ("labile", "recalc", "necro")] == [1e3, 25, 400]
        assert [values[f"Ea_{x}"] for x in ("labile", "recalc", "necro")] == [5e3, 3e4, 3e3]
        assert (values["kC"], values["exudate_npp_frac"]) == (0.01, 0.03)
        # Silence means the code's own defaults.
        assert (values["tProtected"], values["protection_recalc"]) == (45.0, 1e-4)

    def test_it_starts_where_the_file_says(self, tmp_path):
        (tmp_path / "a.nml").write_text(NAMELIST)
        options = corpse.Options(namelist="a.nml", start="cold")
        kernel = KERNEL.made(options, tmp_path)
        assert "kernels.corpse.cohort.equations.REFERENCE" in fingerprint(kernel)
        assert "corpse.files.a.nml" in fingerprint(kernel)
        # Behind what changes drivers.
        read = kernel.stages[0].open.args[0].keywords["read"]
        assert read.initial == (0.0, 1.5, 0.0)

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("    Vmax=3", "Vmax: no such constant"),
            ("    tmic=quick", "needed numbers"),
            ("    eup=0.6, 0.6", "found 2 numbers; needed 3"),
            ("    kC=.01,.02,.03", "the same for each species"),
            ("    microbe_driven_protection=.TRUE.", "not part of the kernel"),
            ("    exudate_npp_frac=.02,.01,0", "exudates are labile"),
        ],
    )
    def test_what_it_cannot_mean_has_a_line(self, tmp_path, line, said):
        group = "CORPSE_casa_nml" if "exudate" in line else "soil_carbon_nml"
        (tmp_path / "a.nml").write_text(f"&{group}\n{line}\n/\n")
        with pytest.raises(kernels.Unfit, match=said) as caught:
            KERNEL.made(corpse.Options(namelist="a.nml"), tmp_path)
        assert caught.value.faults[0].line == 2

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("&CORPSE_casa_nml\nlitter_option=2\n/\n", "found 1, and a.nml says 2"),
            ("&soil_carbon_nml\nTmic=-1\n/\n", r"'Tmic'.*outside"),
        ],
    )
    def test_what_does_not_fit(self, tmp_path, text, said):
        (tmp_path / "a.nml").write_text(text)
        with pytest.raises(kernels.Unfit, match=said):
            KERNEL.made(corpse.Options(namelist="a.nml"), tmp_path)

    def test_no_such_file(self, tmp_path):
        with pytest.raises(kernels.Unfit, match="no such file"):
            KERNEL.made(corpse.Options(namelist="a.nml"), tmp_path)

    def test_the_store_has_its_copy(self, tmp_path):
        (tmp_path / kernels.contract.paths.kept_as("x/a.nml")).write_text(NAMELIST)
        kernel = KERNEL.made(corpse.Options(namelist="x/a.nml"), tmp_path)
        assert {p.name: p.default for p in kernel.parameters}["exudate_npp_frac"] == 0.03


SCENARIO = """
version: 1
name: soils
kernel: {{name: corpse, {chosen}}}
forcing: {{reader: synthetic_models, n: 4}}
design: {{method: monte_carlo, n: 8, parameters: {{et: {{uniform: [0.4, 0.8]}}}}}}
outputs: {{rh: last}}
"""


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("set: testbed_2018", "testbed_2017"),
        ("litter_option: 3", "litter_option"),
        ("cycle: 0", r"kernel\.cycle.*1 or more"),
        ("spinup_years: 0", r"kernel\.spinup_years.*1 or more"),
        ("tolerance: 0", r"kernel\.tolerance.*1e-13"),
        ("namelist: none.nml", r"kernel\.namelist.*no such file"),
    ],
)
def test_refused_at_plan_time_with_its_place(tmp_path, chosen, said):
    with pytest.raises(ScenarioError, match=said):
        plan(tmp_path, text=SCENARIO.format(chosen=chosen))


# --- laws ---


def forcing(word):
    chosen = MODES[word]
    drivers = seasons(1, option=chosen.get("litter_option", 1))
    if "drivers" not in chosen:
        return drivers
    return {n: v if v.ndim == 1 else v.mean(axis=1) for n, v in drivers.items()}


@st.composite
def designs(draw, least=1):
    """Draw rows (S,) of some parameters, few distinct values each."""
    samples = draw(st.integers(least, 40))
    rows = {}
    for name in ("vmaxref_recalc", "Ea_recalc", "Tmic", "tProtected", "gas_diffusion_exp"):
        value = SETS["testbed_2017"][name]
        values = value * np.array(draw(st.lists(st.floats(0.6, 1.8), min_size=1, max_size=4)))
        picks = st.lists(st.integers(0, len(values) - 1), min_size=samples, max_size=samples)
        rows[name] = values[draw(picks)]
    return rows


def members(word, rows, **how):
    return run(forcing(word), rows, **MODES[word], **how)


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
        drivers, rows = forcing(word), {"Tmic": [0.2, 0.3]}
        whole = run(drivers, rows, **MODES[word]).out
        for at in range(3):
            one = {n: v[at : at + 1] for n, v in drivers.items()}
            alone = run(one, rows, **MODES[word]).out
            assert_same_bits(alone, {n: v[at : at + 1] for n, v in whole.items()})

    def test_parameters_may_differ_by_location(self, word):
        tmic = np.array([[0.2, 0.3], [0.25, 0.4], [0.5, 0.1]])
        whole = members(word, {"Tmic": tmic}).out
        for at in range(3):
            alone = members(word, {"Tmic": tmic[at]}).out
            assert_same_bits(
                {n: v[at] for n, v in whole.items()}, {n: v[at] for n, v in alone.items()}
            )

    def test_inputs_are_left_as_they_were(self, word):
        drivers = forcing(word)
        before = {n: v.copy() for n, v in drivers.items()}
        run(drivers, **MODES[word])
        assert_same_bits(drivers, before)

    def test_no_sample_at_all(self, word):
        found = members(word, {"Tmic": np.empty(0)}, share=False)
        assert found.status.shape == (3, 0)

    def test_where_every_member_fails_each_has_its_status(self, word):
        found = members(word, {"Tmic": np.array([-1.0, np.nan])}, share=False)
        assert found.status.tolist() == [[OUT_OF_RANGE, BAD_INPUT]] * 3
        assert all(np.isnan(values).all() for values in found.out.values())


@pytest.mark.parametrize("word", MODES)
def test_more_members_than_are_held_at_once(word, monkeypatch):
    rows = {"Tmic": np.linspace(0.1, 0.9, 2 * LANES + 3)}
    whole = members(word, rows).out
    monkeypatch.setattr(corpse, "CELLS_AT_ONCE", 1)
    assert_same_bits(members(word, rows).out, whole)


def test_drivers_that_must_not_be_written_to_are_the_same():
    drivers = seasons(1)
    expected = run(drivers, start="cold").out
    for values in drivers.values():
        values.flags.writeable = False
    assert_same_bits(run(drivers, start="cold").out, expected)


def test_the_steady_state_of_a_year_like_another():
    still = run(mean(CONSTANT), drivers="mean").out["soil_litter_carbon"].item()
    for cycle in (1, 2, 20):
        found = run(lasting(CONSTANT, 2), cycle=cycle).out["soil_litter_carbon"]
        np.testing.assert_allclose(found, still, rtol=1e-10)
