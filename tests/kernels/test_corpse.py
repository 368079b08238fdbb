"""CORPSE: the published tables of its parts and of constant drivers, and what must hold."""

import numpy as np
import pytest
from corpse_cases import (
    COHORTS,
    CONSTANT,
    OF_FILE,
    lasting,
    mean,
    plain_day,
    plain_q_max,
    plain_rates,
    published,
    row,
    run,
    seasons,
)
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from reference_forcing import table

from kernels.contract.status import BAD_INPUT, NOT_CONVERGED, OK, OUT_OF_RANGE
from kernels.corpse.cohort.equations import (
    DT,
    Pools,
    enter,
    faster,
    moisture,
    q_max,
    step,
    warmth,
    wetness,
)
from kernels.corpse.cohort.lanes import constants, exuded
from kernels.corpse.cohort.sets import EA, FW_MIN, NAMES, SETS, VREF, parameters
from kernels.corpse.cohort.steady import steady

few = hypothesis_settings(max_examples=40)
NONE = Pools(*[0.0] * 7)
EPS = np.finfo(float).eps


class TestTables:
    def test_moisture(self):
        for line in table("corpse_moisture"):
            for frozen, name in ((0.0, "f_w"), (0.2, "f_w_frozen")):
                found = moisture(line["theta"], frozen, 0.001, 3.0, 2.5)
                assert found == pytest.approx(line[name], rel=1e-9)

    @pytest.mark.parametrize("named", SETS)
    def test_rates(self, named):
        values = row(named)
        for line in table("corpse_rates"):
            warm = warmth(line["kelvin"] - 273.15)
            for i, which in enumerate(("labile", "recalc", "necro")):
                found = values[VREF + i] * faster(warm, values[EA + i])
                assert found == pytest.approx(line[f"{which}_{named[-4:]}"], rel=1e-9)

    def test_q_max(self):
        for line in table("corpse_q_max"):
            found = q_max(line["clay_percent"] / 100, line["porosity"])
            assert found == pytest.approx(line["q_max"], rel=1e-9)


def constant_days(named, last):
    """Yield day, state and CO2 since the start of both cohorts under constant drivers."""
    values = row(named)
    qmax, ex = q_max(0.2, 0.45), exuded(values, 600.0)
    wet, warm = wetness(0.5, 0.1, values[FW_MIN], 3.0, 2.5), warmth(15.0)
    v = [values[VREF + i] * (wet * faster(warm, values[EA + i])) for i in range(3)]
    ks = [constants(values, qmax, c) for c in range(2)]
    states, co2 = [NONE._replace(c2=1.998, m=0.002), NONE], [0.0, 0.0]
    for day in range(1, last + 1):
        for c in range(2):
            begun, _ = enter(states[c], 0.0006, 0.0009, ex, ks[c])
            states[c], went = step(begun, *v, ks[c], DT)
            co2[c] += went
        yield day, states, co2


@pytest.mark.parametrize("file", OF_FILE)
class TestConstantDrivers:
    def test_first_days(self, file):
        found = {
            day: (list(states), list(co2)) for day, states, co2 in constant_days(OF_FILE[file], 2)
        }
        for line, pools, co2 in published("corpse_cc1"):
            if line["set"] == file and line["day"] in found:
                states, went = found[line["day"]]
                c = COHORTS[line["cohort"]]
                np.testing.assert_allclose(states[c], pools, rtol=1e-8)
                assert went[c] == pytest.approx(co2, rel=1e-8)

    def test_years(self, file):
        out = run(lasting(CONSTANT, 100), set=OF_FILE[file], start="cold").out
        pools = out["corpse_pools"][0, :, :, 0].reshape(100, 2, 7) / 1000
        went = np.zeros(101)
        went[1:] = np.cumsum(out["corpse_co2"][0, :, 0]) / 1000
        published_co2 = {}
        for line, expected, co2 in published("corpse_cc1"):
            if line["set"] == file and line["day"] not in ("steady", 1.0, 2.0):
                year = int(line["day"]) // 365
                np.testing.assert_allclose(
                    pools[year - 1, COHORTS[line["cohort"]]], expected, rtol=1e-8
                )
                published_co2[year] = published_co2.get(year, 0.0) + co2
        assert set(published_co2) == {1, 10, 100}
        for year, co2 in published_co2.items():
            assert went[year] == pytest.approx(co2, rel=1e-8)

    def test_steady_state(self, file):
        found = run(mean(CONSTANT), set=OF_FILE[file], drivers="mean")
        pools = found.out["corpse_pools"][0, :, 0].reshape(2, 7) / 1000
        for line, expected, _ in published("corpse_cc1"):
            if line["set"] == file and line["day"] == "steady":
                np.testing.assert_allclose(pools[COHORTS[line["cohort"]]], expected, rtol=1e-11)
        total = {"12.18d": 7918.689371895, "march20": 18856.0620249667}[file]
        assert found.out["soil_litter_carbon"].item() == pytest.approx(total, rel=1e-12)
        assert found.out["rh"].item() == pytest.approx(547.5, rel=1e-14)
        assert found.out["litter_input"].item() == pytest.approx(547.5, rel=1e-14)

    @pytest.mark.parametrize("integrator", ["daily", "adaptive"])
    def test_the_cycle_of_constant_years_is_the_steady_state(self, file, integrator):
        chosen = {"set": OF_FILE[file], "integrator": integrator}
        expected = run(mean(CONSTANT), drivers="mean", **chosen).out["corpse_pools"]
        out = run(lasting(CONSTANT, 1), **chosen).out
        rtol = 1e-9 if integrator == "daily" else 1e-6
        np.testing.assert_allclose(out["corpse_start"], expected, rtol=rtol)
        np.testing.assert_allclose(out["corpse_end"], expected, rtol=rtol)

    def test_protected_over_unprotected(self, file):
        values = SETS[OF_FILE[file]]
        pools = run(mean(CONSTANT), set=OF_FILE[file], drivers="mean").out["corpse_pools"]
        pools = pools.reshape(2, 7)
        for i, which in enumerate(("labile", "recalc", "necro")):
            rate = 1.5 * values[f"protection_{which}"] * plain_q_max(0.2, 0.45)
            np.testing.assert_allclose(
                pools[:, 3 + i] / pools[:, i], rate * values["tProtected"], rtol=1e-13
            )


# --- a second way ---

amount = st.floats(0, 1e-2)


@st.composite
def states(draw):
    return [draw(st.floats(0, 5)) for _ in range(6)] + [draw(st.floats(0, 0.1))]


@few
@given(
    named=st.sampled_from(sorted(SETS)), y=states(), labile=amount, recalc=amount, ex=amount,
    temperature=st.floats(-40, 40), water=st.floats(0, 1), ice=st.floats(0, 1),
    cohort=st.integers(0, 2), faster_=st.floats(0.1, 1e4),
)  # fmt: skip
def test_a_day_is_that_of_the_text(
    named, y, labile, recalc, ex, temperature, water, ice, cohort, faster_
):
    p = SETS[named] | {"vmaxref_labile": 1000.0 * faster_}
    values = row(named, vmaxref_labile=1000.0 * faster_)
    qmax = plain_q_max(0.3, 0.4) if cohort < 2 else 0.0
    k = constants(values, q_max(0.3, 0.4), cohort)
    wet = wetness(water, ice, values[FW_MIN], 3.0, 2.5)
    v = [values[VREF + i] * wet * faster(warmth(temperature), values[EA + i]) for i in range(3)]
    rates = plain_rates(p, temperature, water, ice)
    np.testing.assert_allclose(v, rates, rtol=1e-12)
    begun, came = enter(Pools(*y), labile, recalc, ex, k)
    found, went = step(begun, *v, k, DT)
    share, gets = ((0.3, 1.0), (0.7, 0.0), (1.0, 0.0))[cohort]
    expected, co2 = plain_day(p, y, share, gets, labile, recalc, ex, rates, qmax)
    # Each way rounds what it takes from what was there, and where all goes nothing else is left.
    rounding = 8 * EPS * (sum(y) + came)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=rounding)
    assert went == pytest.approx(co2, rel=1e-11, abs=rounding)
    # Carbon is conserved, and nothing is negative.
    assert sum(found) - sum(y) == pytest.approx(came - went, abs=rounding)
    assert min(found) >= 0.0


@st.composite
def rows_and_sites(draw):
    """Draw constants from within their bounds, near their defaults or anywhere, and a site."""
    values, wide = [], draw(st.booleans())
    for parameter in parameters(SETS["testbed_2017"], ""):
        factor = draw(st.floats(0.2, 5.0))
        near = min(max(parameter.default * factor, parameter.lower), parameter.upper)
        anywhere = draw(st.floats(parameter.lower, parameter.upper))
        values.append(anywhere if wide and parameter.name not in UNBOUNDED else near)
    inputs = [draw(st.floats(1e-6, 1e-2)) for _ in range(3)]
    climate = draw(st.floats(-30, 40)), draw(st.floats(0.05, 1)), draw(st.floats(0, 0.3))
    return np.array(values), inputs, climate


UNBOUNDED = ("Ea_labile", "Ea_recalc", "Ea_necro", "kC", "rhizosphere_frac")
"""With these anywhere soils are older than numbers are long, or a cohort gets no microbes."""


@hypothesis_settings(max_examples=60)
@given(drawn=rows_and_sites(), cohort=st.integers(0, 2))
def test_a_steady_state_is_the_fixed_point_of_the_day(drawn, cohort):
    values, (labile, recalc, ex), (temperature, water, ice) = drawn
    k = constants(values, q_max(0.3, 0.4), cohort)
    wet = wetness(water, ice, values[FW_MIN], 3.0, 2.5)
    v = [values[VREF + i] * wet * faster(warmth(temperature), values[EA + i]) for i in range(3)]
    fresh, came = enter(NONE, labile, recalc, ex, k)
    found, y = steady(fresh.c1 / DT, fresh.c2 / DT, fresh.m / DT, *v, k, DT)
    assert found
    assert min(y) >= 0.0
    begun, _ = enter(y, labile, recalc, ex, k)
    after, went = step(begun, *v, k, DT)
    np.testing.assert_allclose(after, y, rtol=1e-11, atol=1e-13 * sum(y))
    assert went == pytest.approx(came, rel=1e-9, abs=1e-14 * sum(y))


class TestSeasons:
    def test_start_repeats_and_is_what_stepping_finds(self):
        # Protected carbon of three years, so that stepping ends.
        drivers, quick = seasons(sites=2, seed=3), {"tProtected": [3.0]}
        direct = run(drivers, quick, cycle=2)
        assert (direct.status == OK).all()
        assert direct.out["corpse_drift"].max() < 1e-10
        np.testing.assert_allclose(direct.out["corpse_end"], direct.out["corpse_start"], rtol=1e-10)
        stepped = run(drivers, quick, cycle=2, start="spinup").out
        np.testing.assert_allclose(direct.out["corpse_start"], stepped["corpse_start"], rtol=1e-6)
        assert (stepped["corpse_cycles"] > 3 * direct.out["corpse_cycles"]).all()

    @pytest.mark.parametrize("named", SETS)
    @pytest.mark.parametrize("colder", [0.0, 25.0])
    def test_unlike_sites_all_have_one(self, named, colder):
        drivers = seasons(1, sites=2 * 16, seed=5)
        drivers["soil_temperature"] -= colder
        found = run(drivers, set=named, cycle=1)
        assert (found.status == OK).all()
        assert found.out["corpse_drift"].max() < 1e-10
        assert found.out["corpse_pools"].min() >= 0.0

    def test_fluxes_of_the_cycle_balance(self):
        out = run(seasons(3), cycle=3).out
        np.testing.assert_allclose(
            out["rh"].sum(axis=1), out["litter_input"].sum(axis=1), rtol=1e-10
        )

    def test_a_spinup_that_takes_too_long(self):
        found = run(seasons(), cycle=2, start="spinup", spinup_years=10)
        assert (found.status == NOT_CONVERGED).all()
        assert all(np.isnan(v).all() for v in found.out.values())

    @pytest.mark.parametrize("option", [1, 2])
    def test_summaries_are_sums_of_pools(self, option):
        out = run(seasons(option=option), litter_option=option, start="cold").out
        pools = out["corpse_pools"]
        pools = pools.reshape(*pools.shape[:2], 1 + option, 7, -1).sum(axis=2)
        for name, of in (("unprotected", slice(0, 3)), ("protected", slice(3, 6))):
            np.testing.assert_allclose(
                out[f"corpse_{name}"], pools[:, :, of].sum(axis=2), rtol=1e-14
            )
        np.testing.assert_allclose(out["corpse_microbes"], pools[:, :, 6], rtol=1e-14)
        np.testing.assert_allclose(out["soil_litter_carbon"], pools.sum(axis=2), rtol=1e-14)
        np.testing.assert_array_equal(out["corpse_end"], out["corpse_pools"][:, -1])

    @pytest.mark.parametrize("option", [1, 2])
    def test_carbon_is_conserved_and_never_negative(self, option):
        drivers = seasons(option=option)
        out = run(drivers, litter_option=option, start="cold").out
        litter = sum(v for n, v in drivers.items() if "litter" in n or "cwd" in n)
        given_ = litter.reshape(3, 2, 365).sum(axis=-1)[..., np.newaxis]
        np.testing.assert_allclose(out["litter_input"], given_, rtol=1e-13)
        before = np.concatenate(
            [out["corpse_start"].sum(axis=1)[:, np.newaxis], out["soil_litter_carbon"][:, :-1]], 1
        )
        left_over = out["soil_litter_carbon"] - before - (out["litter_input"] - out["rh"])
        assert np.abs(left_over).max() < 1e-9
        assert out["corpse_pools"].min() >= 0.0

    def test_respiration_of_debris_is_in_rh_alone(self):
        drivers = seasons()
        out, debris = run(drivers, start="cold").out, drivers["cwd_respiration"]
        np.testing.assert_allclose(
            out["rh"] - out["corpse_co2"],
            debris.reshape(3, 2, 365).sum(axis=-1)[..., np.newaxis],
            rtol=1e-11,
        )


class TestExtremes:
    def test_without_litter(self):
        drivers = seasons()
        for name in ("litter_met", "litter_str", "cwd_to_litter", "cwd_respiration"):
            drivers[name] = 0.0 * drivers[name]
        out = run(drivers, start="cold").out
        assert (out["corpse_pools"].reshape(3, 2, 2, 7, 1)[:, :, 1] == 0.0).all()
        assert (out["corpse_microbes"] > 0.0).all()
        for start in ("steady", "spinup"):
            if start == "steady":
                found = run(drivers, start=start, cycle=1)
                assert (found.status == OK).all()
                assert not found.out["corpse_pools"].any()
        still = {n: v if v.ndim == 1 else v[:, 0] for n, v in drivers.items()}
        found = run(still, drivers="mean")
        assert (found.status == OK).all()
        assert not found.out["rh"].any()

    def test_microbes_live_from_the_first_day(self):
        for _, states_, _ in constant_days("testbed_2017", 3):
            assert all(state.m > 0.0 for state in states_)

    def test_where_nothing_decomposes_there_is_no_steady_state(self):
        dry = CONSTANT | {"theta_l": 0.0}
        assert run(mean(dry), drivers="mean").status.item() == NOT_CONVERGED
        assert run(lasting(dry, 1)).status.item() == NOT_CONVERGED
        found = run(lasting(dry, 2), start="cold")
        assert found.status.item() == OK
        assert (found.out["corpse_co2"] < 10.0).all()

    @pytest.mark.parametrize("factor", [1e2, 1e5])
    def test_no_more_decomposes_than_is_there(self, factor):
        fast = {f"vmaxref_{x}": [1000.0 * factor] for x in ("labile", "recalc", "necro")}
        fast |= {"protection_rate": [1e4]}
        still = run(mean(CONSTANT), fast, drivers="mean")
        out = run(lasting(CONSTANT, 1), fast)
        assert out.status.item() == still.status.item() == OK
        np.testing.assert_allclose(
            out.out["corpse_start"], still.out["corpse_pools"], rtol=1e-8, atol=1e-12
        )
        assert run(lasting(CONSTANT, 3), fast, start="cold").out["corpse_pools"].min() >= 0.0

    @pytest.mark.parametrize(
        ("changed", "status"),
        [
            ({"theta_l": np.nan}, BAD_INPUT),
            ({"theta_l": 1.5}, OUT_OF_RANGE),
            ({"clay": -0.1}, OUT_OF_RANGE),
            ({"litter_met": -1.0}, OUT_OF_RANGE),
        ],
    )
    def test_drivers_that_no_soil_has(self, changed, status):
        bad = CONSTANT | changed
        assert run(mean(bad), drivers="mean").status.item() == status
        assert run(lasting(bad, 1), start="cold").status.item() == status

    def test_days_that_are_no_years(self):
        drivers = lasting(CONSTANT, 2)
        drivers["annual_npp"] = drivers["annual_npp"][:, :1]
        assert run_short(drivers).status.item() == BAD_INPUT

    def test_negative_npp_exudes_nothing(self):
        one, other = (
            run(mean(CONSTANT | {"annual_npp": npp}), drivers="mean").out["corpse_pools"]
            for npp in (-500.0, 0.0)
        )
        np.testing.assert_array_equal(one, other)

    def test_exudates_are_no_more_than_labile_litter(self):
        out = run(mean(CONSTANT | {"annual_npp": 5e4}), drivers="mean").out
        bulk = out["corpse_pools"].reshape(2, 7)[1]
        assert bulk[0] == 0.0
        assert out["litter_input"].item() == pytest.approx(547.5)
        found = run(lasting(CONSTANT | {"annual_npp": 5e4}, 1))
        assert found.status.item() == OK
        np.testing.assert_allclose(found.out["corpse_start"], out["corpse_pools"], rtol=1e-9)


def run_short(drivers):
    """Run two years of days with one year of NPP."""
    import stages

    from kernels.corpse import corpse

    options = corpse.Options(start="cold")
    kernel = corpse.KERNEL.made(options, None)
    coords = {"year": [1901], "date": np.arange(730), "corpse_pool": np.arange(14)}
    rows = {p.name: [p.default] for p in kernel.parameters}
    return stages.run(kernel, options, drivers, coords, rows)


def test_names_of_a_row():
    assert [NAMES[VREF], NAMES[EA], NAMES[FW_MIN]] == ["vmaxref_labile", "Ea_labile", "fWmin"]
