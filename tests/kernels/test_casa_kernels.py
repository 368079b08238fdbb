"""The CASA kernels as kernels: tables, options, statuses and the laws of blocks."""

from functools import cache

import numpy as np
import pytest
from casa_cases import (
    LITTER,
    debris,
    made,
    run,
    soil,
    vegetation,
    weather,
    with_litter,
)
from hypothesis import given as drawn
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from laws import assert_same_bits
from reference_forcing import drivers

import kernels
from kernels import Unfit
from kernels.casa import casa_cnp, casa_debris, casa_vegetation
from kernels.casa.plants.lanes import LANES
from kernels.contract.fingerprint import fingerprint
from kernels.contract.status import BAD_INPUT, OK, OUT_OF_RANGE
from scenarios import units

few = hypothesis_settings(max_examples=4, deadline=None)
MODULES = {"casa_vegetation": casa_vegetation, "casa_debris": casa_debris, "casa_cnp": casa_cnp}
EACH = pytest.mark.parametrize("name", MODULES)
SOIL_FIRST = pytest.mark.parametrize(
    "name", ["casa_debris", "casa_cnp", pytest.param("casa_vegetation", marks=pytest.mark.slow)]
)
"""Years of plants compile longest: their laws are left to CI."""

YEARS = 2


@cache
def example():
    """Return RF-1 of two years that differ, with the litter of its vegetation."""
    given, _ = with_litter(weather(YEARS), YEARS, start="cold")
    return given


def call(name, given=None, **how):
    extra = {"phenology": "drivers"} if name == "casa_vegetation" else {}
    return run(MODULES[name], example() if given is None else given, YEARS, **extra | how)


def designs(name, samples, seed):
    """Return rows of a design about the defaults, one of them the defaults."""
    draw = np.random.default_rng(seed)
    rows = {}
    for p in made(MODULES[name]).parameters:
        low, high = max(p.lower, 0.8 * p.default), min(p.upper, 1.2 * p.default)
        rows[p.name] = draw.uniform(low, high, samples)
        rows[p.name][0] = p.default
    return rows


@EACH
class TestTables:
    def test_its_name_is_its_file(self, name):
        assert kernels.get(name) is MODULES[name].KERNEL
        assert made(MODULES[name]).name == name

    def test_units_can_be_read(self, name):
        kernel = made(MODULES[name])
        for entry in (*kernel.parameters, *kernel.drivers, *kernel.outputs):
            if entry.units != "degrees_north":
                assert units.readable(entry.units), entry
            assert entry.meaning
        assert all(p.source for p in kernel.parameters)

    def test_tables_say_nothing_twice_across_kernels(self, name):
        kernel = made(MODULES[name])
        for other in map(made, MODULES.values()):
            theirs = {p.name: p for p in other.parameters}
            for p in kernel.parameters:
                assert theirs.get(p.name, p) == p
            shared = {v.name: v for v in (*other.drivers, *other.outputs)}
            for v in (*kernel.drivers, *kernel.outputs):
                one = shared.get(v.name, v)
                assert (one.units, one.meaning) == (v.units, v.meaning)

    def test_its_fingerprint_can_be_made(self, name):
        found = fingerprint(made(MODULES[name]))
        assert any("casa.shared.equations" in part for part in found)

    def test_cost_grows(self, name):
        kernel = made(MODULES[name])
        short, long = (
            kernel.seconds(MODULES[name].Options(), {"date": 365 * y, "time": y}) for y in (1, 50)
        )
        assert 0 < short < long


class TestChain:
    def test_what_one_gives_the_next_asks_for(self):
        given = {v.name: v for v in made(casa_vegetation).outputs}
        for module in (casa_cnp, casa_debris):
            for driver in made(module).drivers:
                if driver.name in LITTER:
                    assert given[driver.name].units == driver.units
                    assert given[driver.name].meaning == driver.meaning

    def test_splits_add_up(self):
        plants = vegetation(years=1, start="cold").out
        total = plants["litter_leaf"] + plants["litter_froot"]
        for kind in ("litter", "mimics_litter"):
            both = plants[f"{kind}_met"] + plants[f"{kind}_str"]
            np.testing.assert_allclose(both, total, rtol=1e-14)
        for part in ("met", "str"):
            both = plants[f"leaf_litter_{part}"] + plants[f"froot_litter_{part}"]
            np.testing.assert_allclose(both, plants[f"litter_{part}"], rtol=1e-14)
        assert (plants["mimics_litter_met"] >= plants["litter_met"]).all()

    @pytest.mark.slow
    def test_the_balance_of_years_closes(self):
        rows = designs("casa_cnp", 5, 1)
        ground = soil(example(), YEARS, rows=rows)
        ((stocks, _, _),) = made(casa_cnp).balance
        total = sum(ground.out[name] for name in stocks)
        change = np.diff(total, axis=1, prepend=ground.out["casa_start"].sum(axis=1)[:, np.newaxis])
        gain = ground.out["litter_input"] - ground.out["rh"]
        assert np.abs(change - gain).max() <= 1e-13 * total.max()
        fallen = sum(example()[n] for n in ("litter_met", "litter_str", "litter_cwd"))
        fallen = fallen.reshape(-1, YEARS, 365).sum(axis=2)[..., np.newaxis]
        fallen = fallen * rows["litter_factor"]
        np.testing.assert_allclose(ground.out["litter_input"] - fallen, 0, atol=1e-9)
        without = total - ground.out["casa_cwd"]
        np.testing.assert_allclose(ground.out["soil_litter_carbon"], without, rtol=1e-13)

    @pytest.mark.slow
    def test_debris_is_the_woody_debris_of_casa(self):
        rows = {n: v for n, v in designs("casa_debris", 4, 2).items()}
        wood, ground = debris(example(), YEARS, rows=rows), soil(example(), YEARS, rows=rows)
        np.testing.assert_allclose(wood.out["c_cwd"], ground.out["casa_cwd"], rtol=1e-12)
        lost = wood.out["cwd_to_litter"] + wood.out["cwd_respiration"]
        lost = lost.reshape(len(lost), YEARS, 365, -1).sum(axis=2)
        fallen = example()["litter_cwd"].reshape(-1, YEARS, 365, 1).sum(axis=2)
        fallen = fallen * rows["litter_factor"]
        change = np.diff(wood.out["c_cwd"], axis=1, prepend=wood.out["debris_start"])
        np.testing.assert_allclose(change, fallen - lost, atol=1e-9)

    def test_means_are_the_days_of_constant_drivers(self):
        constant = {
            n: np.repeat(v.mean(axis=1, keepdims=True), 365, axis=1) if v.ndim == 2 else v
            for n, v in example().items()
        }
        means = {n: v.mean(axis=1) if v.ndim == 2 else v for n, v in example().items()}
        for one, daily in ((soil, soil(constant)), (debris, debris(constant))):
            mean = one(means, drivers="mean")
            for name, values in mean.out.items():
                last = daily.out[name][:, -1]
                np.testing.assert_allclose(values, last, rtol=1e-10, err_msg=name)

    @pytest.mark.slow
    def test_a_chain_goes_on_where_it_ended(self):
        half = {n: v[:, :365] if v.ndim == 2 else v for n, v in example().items()}
        rest = {n: v[:, 365:] if v.ndim == 2 else v for n, v in example().items()}
        for call_, name in ((soil, "casa"), (debris, "debris"), (vegetation, "vegetation")):
            whole = call_(example(), YEARS, cycle=1)
            first = call_(half, 1, cycle=1)
            start = {f"{name}_start": first.out[f"{name}_end"]}
            second = call_(rest, 1, begun=start)
            end = f"{name}_end"
            np.testing.assert_array_equal(second.out[end], whole.out[end])


@SOIL_FIRST
class TestLaws:
    @few
    @drawn(seed=st.integers(0, 999), cut=st.integers(1, LANES + 7))
    def test_slices_change_no_bit(self, name, seed, cut):
        count = LANES + 8
        rows = designs(name, count, seed)
        given = {n: v[[2, 4]] for n, v in example().items()}
        whole = call(name, given, rows=rows)
        assert (whole.status == OK).all()
        parts = [
            call(name, given, rows={n: v[s] for n, v in rows.items()}).out
            for s in (slice(cut), slice(cut, None))
        ]
        joined = {n: np.concatenate([p[n] for p in parts], axis=-1) for n in parts[0]}
        assert_same_bits(joined, whole.out)

    def test_a_member_alone_is_itself(self, name):
        rows = designs(name, 5, 3)
        whole = call(name, rows=rows)
        for s in (0, 4):
            alone = call(name, rows={n: v[s : s + 1] for n, v in rows.items()})
            assert_same_bits(alone.out, {n: v[..., s : s + 1] for n, v in whole.out.items()})

    def test_a_location_alone_is_itself(self, name):
        rows = designs(name, 3, 4)
        whole = call(name, rows=rows)
        alone = call(name, {n: v[2:3] for n, v in example().items()}, rows=rows)
        assert_same_bits(alone.out, {n: v[2:3] for n, v in whole.out.items()})

    def test_parameters_of_locations(self, name):
        rows = designs(name, 2, 5)
        whole = call(name, rows=rows)
        spread = {n: np.tile(v, (len(example()["pft"]), 1)) for n, v in rows.items()}
        assert_same_bits(call(name, rows=spread).out, whole.out)

    @few
    @drawn(data=st.data())
    def test_what_is_asked_for_changes_no_bit(self, name, data):
        rows = designs(name, 3, 6)
        everything = call(name, rows=rows).out
        asked = data.draw(st.sets(st.sampled_from(sorted(everything)), min_size=1))
        found = call(name, rows=rows, outputs=asked).out
        assert_same_bits(found, {n: everything[n] for n in asked})

    @few
    @drawn(data=st.data(), value=st.sampled_from([np.nan, np.inf, -np.inf, 1e9]))
    def test_a_bad_parameter_costs_its_member_alone(self, name, data, value):
        rows = designs(name, 4, 7)
        spoilt = {n: v.copy() for n, v in rows.items()}
        spoilt[data.draw(st.sampled_from(sorted(rows)))][2] = value
        good, found = call(name, rows=rows), call(name, rows=spoilt)
        assert (found.status[:, [0, 1, 3]] == OK).all()
        assert (found.status[:, 2] == (OUT_OF_RANGE if value == 1e9 else BAD_INPUT)).all()
        assert all(np.isnan(v[..., 2]).all() for v in found.out.values())
        others = [0, 1, 3]
        assert_same_bits(
            {n: v[..., others] for n, v in found.out.items()},
            {n: v[..., others] for n, v in good.out.items()},
        )

    @few
    @drawn(data=st.data(), value=st.sampled_from([np.nan, np.inf, 1e9]))
    def test_a_gap_never_passes_in_silence(self, name, data, value):
        extra = {"phenology": "drivers"} if name == "casa_vegetation" else {}
        names = [v.name for v in made(MODULES[name], **extra).drivers]
        spoilt = {n: v.copy() for n, v in example().items()}
        chosen = spoilt[data.draw(st.sampled_from(names))]
        chosen[(3, data.draw(st.integers(0, 729))) if chosen.ndim == 2 else 3] = value
        good, found = call(name), call(name, spoilt)
        others = [0, 1, 2, 4, 5, 6]
        assert (found.status[others] == OK).all()
        assert (found.status[3] != OK).all()
        assert all(np.isnan(v[3]).all() for v in found.out.values())
        assert_same_bits(
            {n: v[others] for n, v in found.out.items()},
            {n: v[others] for n, v in good.out.items()},
        )

    def test_types_that_are_not_simulated_have_no_numbers(self, name):
        other = {n: v.copy() for n, v in example().items()}
        other["pft"][:5] = [11, 13, 15, 17, 2.5]
        found = call(name, other)
        assert (found.status[:5] == OUT_OF_RANGE).all()
        assert (found.status[5:] == OK).all()
        assert all(np.isnan(v[:5]).all() for v in found.out.values())

    def test_no_sample_is_no_fault(self, name):
        none = {p.name: np.empty((1, 0)) for p in made(MODULES[name]).parameters}
        found = call(name, rows=none)
        assert found.status.shape == (7, 0)

    def test_outputs_need_not_be_of_one_piece(self, name):
        whole = call(name, rows=designs(name, 3, 8))
        apart = call(name, rows=designs(name, 3, 8), apart=True)
        assert_same_bits(apart.out, whole.out)

    def test_inputs_are_left_as_they_were(self, name):
        before = {n: v.copy() for n, v in example().items()}
        call(name)
        assert_same_bits(example(), before)

    def test_days_that_are_no_years_are_refused(self, name):
        short = {n: v[:, :-1] if v.ndim == 2 else v for n, v in example().items()}
        with pytest.raises(ValueError, match="365 of each"):
            call(name, short)

    @pytest.mark.parametrize("start", ["steady", "cold", "spinup"])
    def test_every_start_runs(self, name, start):
        some = {n: v[[4, 6]] for n, v in example().items()}
        how = {} if name == "casa_vegetation" else {"spinup_tolerance": 1e-3}
        assert (call(name, some, start=start, **how).status == OK).all()

    def test_options_out_of_range_are_refused(self, name):
        for option in ("cycle", "spinup_years"):
            with pytest.raises(Unfit, match="1 or more"):
                made(MODULES[name], **{option: 0})


class TestSoils:
    def test_more_than_there_is_does_not_decompose(self):
        crop = {n: v[4:5] for n, v in example().items()}
        crop["pft"] = np.array([16.0])
        rows = {"x_kopt_litter": np.array([1.0, 10.0]), "tau_met": np.array([0.04, 0.02])}
        assert soil(crop, YEARS, rows=rows).status.tolist() == [[OK, OUT_OF_RANGE]]

    def test_clay_and_silt_are_no_more_than_all(self):
        crowded = example() | {"clay": example()["clay"] + 0.7}
        found = soil(crowded, YEARS).status[:, 0]
        assert (found[example()["clay"] + example()["silt"] > 0.31] == OUT_OF_RANGE).all()

    def test_a_spinup_that_is_too_short_is_given_up(self):
        found = soil(example(), YEARS, start="spinup", spinup_years=4)
        assert (found.status == 4).all()


class TestVegetations:
    def test_the_table_is_asked_where_no_days_are_given(self):
        names = {v.name for v in made(casa_vegetation).drivers}
        assert "latitude" in names
        assert not names & {"greenup", "fall"}
        found = run(casa_vegetation, drivers(), outputs=("npp",), start="cold")
        expected = vegetation(outputs=("npp",), start="cold")
        # Sites A, B and G do not turn; our rows are near those of the others.
        at = [0, 1, 6]
        np.testing.assert_array_equal(found.out["npp"][at], expected.out["npp"][at])
        np.testing.assert_allclose(found.out["npp"], expected.out["npp"], rtol=0.02)

    @pytest.mark.parametrize("ramp", ["linear", "step"])
    def test_random_weather_comes_back(self, ramp):
        found = vegetation(weather(4, seed=11), 4, cycle=4, cold_ramp=ramp)
        assert (found.status == OK).all()
        drift = found.out["vegetation_drift"][:, 0]
        assert (drift[2:] < 1e-12).all()
        # Evergreen leaves about their least area may dither for ever.
        assert (drift[:2] < 1e-2).all()

    def test_allocations_that_change_keep_their_sum(self):
        rows = {"x_a_leaf": np.array([1.0, 2.0]), "x_a_wood": np.array([1.0, 0.5])}
        found = vegetation(years=1, rows=rows).out
        fallen = sum(found[n] for n in ("litter_leaf", "litter_froot", "litter_cwd")).sum(axis=1)
        np.testing.assert_allclose(fallen, found["npp"][:, 0], rtol=1e-5)
