"""MIMICS of the testbed as a kernel: its tables and file, what it refuses, the laws of blocks."""

from dataclasses import fields

import numpy as np
import pytest
from laws import assert_same_bits
from support import DATA, needs_data
from testbed_mimics import POOLS, climates, made, means, run

import kernels
from kernels import OK
from kernels.contract.fingerprint import fingerprint
from kernels.contract.status import BAD_INPUT, OUT_OF_RANGE
from kernels.mimics import mimics_testbed
from kernels.mimics.daily.lanes import LANES
from kernels.mimics.daily.parameter_file import _LABELS, DEFAULT, read_table
from kernels.mimics.one_layer.sets import SETS
from scenarios import units

FILE = "pftlookup_LIDET-MIM-REV_lowerKM_v11.28.2017.csv"
MODES = {
    "daily": {},
    "cold": {"start": "cold"},
    "spinup": {"start": "spinup", "spinup_tolerance": 0.5},
    "mean": {"drivers": "mean"},
}
COMMON = ("rh", "litter_input", "soil_litter_carbon")


def names(table):
    return [entry.name for entry in table]


class TestTables:
    def test_its_name_is_its_file(self):
        assert kernels.get("mimics_testbed") is mimics_testbed.KERNEL
        assert made().name == mimics_testbed.KERNEL.name == "mimics_testbed"

    def test_parameters_are_those_of_mimics_and_depth(self):
        table = {p.name: p.default for p in made().parameters}
        multiplied = ("x_depth", "litter_factor", "moisture_factor", "initial_carbon_factor")
        changes = dict.fromkeys(multiplied, 1.0) | {"temperature_offset": 0.0}
        assert table == SETS["testbed"] | changes

    @pytest.mark.parametrize("word", MODES)
    def test_units_can_be_read(self, word):
        kernel = made(**MODES[word])
        for entry in (*kernel.parameters, *kernel.drivers, *kernel.outputs):
            assert units.readable(entry.units), entry

    def test_time_is_there_where_drivers_are_daily(self):
        daily, mean = made(), made(drivers="mean")
        assert {v.dims for v in daily.drivers} == {("date",), ("time",), ()}
        assert {v.dims for v in mean.drivers} == {()}
        for name in (*COMMON, *POOLS):
            assert daily.variable(name).dims == ("time",)
            assert mean.variable(name).dims == ()
        assert names(daily.drivers) == names(mean.drivers)

    @pytest.mark.parametrize("word", MODES)
    def test_cost_is_positive_and_grows(self, word):
        short, long = (
            mimics_testbed._seconds(mimics_testbed.Options(**MODES[word]), {"time": n})
            for n in (1, 100)
        )
        assert 0 < short <= long < 10

    def test_the_numbers_of_equations_count(self):
        found = fingerprint(made())
        for name in ("daily.equations.flows", "daily.day.push", "one_layer.equations.corpse"):
            assert f"kernels.mimics.{name}" in found
        assert "kernels.mimics.daily.cycle.REPEATS" in found

    def test_options_are_frozen(self):
        for option in fields(mimics_testbed.Options):
            with pytest.raises(AttributeError):
                setattr(mimics_testbed.Options(), option.name, None)


def written(folder, **changed):
    """Write a parameter file as the testbed has it, and return its name."""
    lines = ["vegtype,Description", "1,Forest", "Fixed Parameters,"]
    lines += [f"{changed.get(n, SETS['testbed'][n])},{label} ,text" for label, n in _LABELS.items()]
    lines += ["Biome-Specific Parameters,", "vegtype,SOM depth (cm)"]
    lines += [f"{i},{changed.get('depth', 100) if i == 2 else 100}" for i in range(1, 19)]
    lines += [f"{changed.get('water', 3)},mimicsbiome%fWFunction (3=CORPSE),"]
    (folder / "mimics.csv").write_text("\n".join(lines) + "\n")
    return "mimics.csv"


class TestFile:
    @needs_data
    def test_the_published_one_is_built_in(self):
        found = read_table(DATA / "testbed" / "params" / FILE)
        assert found.values == DEFAULT.values
        np.testing.assert_array_equal(found.depth, DEFAULT.depth)

    @needs_data
    def test_that_of_2016_differs_in_desorption(self):
        found = read_table(DATA / "testbed" / "params" / FILE.replace("11.28.2017", "11.09.2016_e"))
        other = {n for n, v in found.values.items() if v != DEFAULT.values[n]}
        assert (other, found.values["D2"]) == ({"D2"}, -3.5)

    def test_its_values_are_defaults_and_depth_is_by_type(self, tmp_path):
        table = written(tmp_path, aV=2e-8, depth=50)
        kernel = made(tmp_path, table=table)
        assert next(p for p in kernel.parameters if p.name == "aV").default == 2e-8
        climate = climates(2, 1)
        climate["pft"][:] = 1.0, 2.0
        found = run(climate, base=tmp_path, table=table, start="cold").out
        same = run(climate, {"aV": [2e-8, 2e-8], "x_depth": [1.0, 0.5]}, start="cold").out
        for name in ("rh", "lit_m"):
            np.testing.assert_array_equal(found[name][:, :, 0], same[name][[0, 1], :, [0, 1]])

    def test_it_travels_into_the_store(self, tmp_path):
        table = written(tmp_path, aV=2e-8)
        kernel = made(tmp_path, table=table)
        (kept,) = kernel.kept
        before = fingerprint(kernel)
        store = tmp_path / "store"
        store.mkdir()
        (store / kept).write_bytes((tmp_path / table).read_bytes())
        (tmp_path / table).unlink()
        again = made(store, table=table)
        assert (again.parameters, fingerprint(again)) == (kernel.parameters, before)

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"water": 1}, "moisture function 1; needed 3"),
            ({"e1": "half"}, "found 'half'; needed a number"),
            ({"depth": "deep"}, "found '2,deep'; needed a vegetation type and a depth"),
        ],
    )
    def test_what_is_wrong_has_its_line(self, tmp_path, changed, said):
        table = written(tmp_path, **changed)
        with pytest.raises(kernels.Unfit, match=said) as error:
            made(tmp_path, table=table)
        assert any(fault.line for fault in error.value.faults)

    def test_one_value_for_all_fluxes(self, tmp_path):
        table = written(tmp_path)
        text = (tmp_path / table).read_text().replace("1.25e-08,av(k3)", "2e-08,av(k3)")
        (tmp_path / table).write_text(text)
        with pytest.raises(kernels.Unfit, match=r"av\(k3\) is 2e-08, others of aV are 1.25e-08"):
            made(tmp_path, table=table)

    def test_no_file_and_another_file(self, tmp_path):
        with pytest.raises(kernels.Unfit, match="cannot be read"):
            made(tmp_path, table="none.csv")
        (tmp_path / "other.csv").write_text("a,b\n1,2\n")
        with pytest.raises(kernels.Unfit, match="needed a MIMICS pftlookup file"):
            made(tmp_path, table="other.csv")


class TestRefusals:
    @pytest.mark.parametrize(
        "chosen", [{"cycle": 0}, {"spinup_years": 0}, {"solves": 0}, {"spinup_tolerance": 0.0}]
    )
    def test_options(self, chosen):
        with pytest.raises(kernels.Unfit, match=next(iter(chosen))):
            made(**chosen)

    def test_days_that_are_no_years(self):
        climate = climates(1, 2)
        climate["annual_npp"] = climate["annual_npp"][:, :1]
        with pytest.raises(ValueError, match="730 days of 1 years"):
            run(climate, start="cold")


def members(word, climate, rows, **how):
    return run(means(climate) if word == "mean" else climate, rows, **MODES[word], **how)


def take(found, *where):
    return {n: v[where[0]][..., where[1]] for n, v in found.out.items()}


@pytest.fixture(scope="module")
def place():
    """Return more members than lanes: five climates, nine rows."""
    draw = np.random.default_rng(8)
    rows = {n: SETS["testbed"][n] * draw.uniform(0.7, 1.4, 9) for n in ("aV", "aK", "D1", "tau_k1")}
    return climates(5, 1, seed=4), rows | {"beta": np.where(np.arange(9) == 4, 1.4, 1.0)}


@pytest.mark.parametrize("word", MODES)
class TestLaws:
    def test_order_and_neighbours_change_no_bit(self, word, place):
        climate, rows = place
        assert len(rows["aV"]) * 5 > LANES
        whole = members(word, climate, rows)
        assert (whole.status == OK).all()
        at, samples = np.array([3, 0, 4, 1, 2]), np.array([8, 1, 0, 7, 2, 6, 4, 5, 3])
        moved = members(
            word, {n: v[at] for n, v in climate.items()}, {n: v[samples] for n, v in rows.items()}
        )
        assert_same_bits(moved.out, take(whole, at, samples))
        alone = members(
            word, {n: v[2:3] for n, v in climate.items()}, {n: v[5:6] for n, v in rows.items()}
        )
        assert_same_bits(alone.out, take(whole, slice(2, 3), slice(5, 6)))

    def test_parameters_may_differ_by_location(self, word, place):
        climate, rows = place
        given = {n: np.stack([np.roll(v, i) for i in range(5)]) for n, v in rows.items()}
        found = members(word, climate, given)
        whole = members(word, climate, rows)
        for i in range(5):
            assert_same_bits(
                take(found, slice(i, i + 1), slice(None)),
                take(whole, slice(i, i + 1), np.roll(np.arange(9), i)),
            )

    def test_what_is_asked_for_changes_no_bit(self, word, place, monkeypatch):
        whole = members(word, *place).out
        monkeypatch.setattr(mimics_testbed, "FLOATS_AT_ONCE", 7 * mimics_testbed.COLUMNS)
        few = members(word, *place, outputs=["rh", "mimics_end"]).out
        assert_same_bits(few, {n: whole[n] for n in ("rh", "mimics_end")})

    def test_bad_members_leave_their_neighbours(self, word, place):
        climate, rows = place
        whole = members(word, climate, rows)
        spoilt = {n: v.copy() for n, v in climate.items()}
        spoilt["soil_temperature"][1, 0] = np.nan
        spoilt["theta_l"][2] = 1.5
        spoilt["pft"][3] = 15.0
        wrong = {n: v.copy() for n, v in rows.items()}
        wrong["aV"][2], wrong["D1"][6] = np.nan, 2.0
        found = members(word, spoilt, wrong)
        good = np.setdiff1d(np.arange(9), [2, 6])
        assert (found.status[[0, 4]][:, good] == OK).all()
        assert (found.status[1] == BAD_INPUT).all()
        assert (found.status[[2, 3]] == OUT_OF_RANGE).all()
        assert (found.status[0, 2], found.status[0, 6]) == (BAD_INPUT, OUT_OF_RANGE)
        for values in found.out.values():
            assert np.isnan(np.moveaxis(values, -1, 1)[found.status != OK]).all()
        kept = np.array([0, 4])
        assert_same_bits(take(found, kept, good), take(whole, kept, good))

    def test_inputs_are_left_as_they_were(self, word, place):
        climate, rows = place
        before = {n: v.copy() for n, v in climate.items()}
        members(word, climate, rows)
        assert_same_bits(climate, before)

    def test_no_sample_at_all(self, word, place):
        found = members(word, place[0], {"beta": np.empty(0)}, share=False)
        assert found.status.shape == (5, 0)
