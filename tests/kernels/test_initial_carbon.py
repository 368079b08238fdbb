"""The factor of a start's carbon: pools are multiplied before the first step, and nothing else."""

from functools import cache

import casa_cases
import corpse_cases
import numpy as np
import pytest
import stages
import testbed_mimics
from kernel_examples.two_box import EXAMPLE
from laws import assert_same_bits, take
from mimics_cases import CASES as LAYERS
from mimics_cases import COLD, POOLS, Again
from mimics_cases import run as run_mimics
from profile_cases import CASES as PROFILES
from profile_cases import over
from profile_cases import run as run_profile
from scipy.integrate import solve_ivp

import kernels
from kernels import BAD_INPUT, OK, OUT_OF_RANGE, Batch, Slab
from kernels.contract.factors import INITIAL_CARBON

NAME = INITIAL_CARBON.name
YEARS = 2
DAYS = {"year": np.arange(2001, 2001 + YEARS), "date": np.arange(365 * YEARS)}


@cache
def of_casa():
    given, _ = casa_cases.with_litter(casa_cases.weather(YEARS), YEARS, start="cold")
    return {n: v[:2] for n, v in given.items()}


# name: (drivers, output that holds the start, places of it that are multiplied)
BY_DAYS = {
    "casa_cnp": (of_casa, "casa_start", [0, 1, 3, 4, 5]),
    "mimics_testbed": (
        lambda: testbed_mimics.climates(2, YEARS, seed=3), "mimics_start", [*range(7)],
    ),
    "corpse": (lambda: corpse_cases.seasons(YEARS, 2), "corpse_start", [*range(14)]),
}  # fmt: skip
every_kernel = pytest.mark.parametrize("name", BY_DAYS)
every_start = pytest.mark.parametrize("start", ["steady", "cold", "spinup"])


def run(name, factors, start="steady", *, begun=None, slab=None):
    """Return outputs and statuses of members with these factors (S,)."""
    declared, drivers = kernels.get(name), BY_DAYS[name][0]()
    # A cold place comes to rest slowly.
    soon = {"spinup_tolerance": 1e-3} if start == "spinup" and name != "corpse" else {}
    options = declared.options(start=start, cycle=1, **soon)
    kernel = declared.made(options, None)
    (stage,) = kernel.stages
    parameters = {p.name: np.full((1, len(factors)), p.default) for p in kernel.parameters}
    parameters[NAME] = np.array([factors])
    sizes = {"time": YEARS, "date": 365 * YEARS}
    sizes |= {n: len(c.values) for n, c in kernel.coords.items()}
    out = {v.name: np.zeros((2, *(sizes[d] for d in v.dims), len(factors))) for v in kernel.outputs}
    status = np.zeros((2, len(factors)), np.uint8)
    given = {d.name: drivers[d.name] for d in kernel.drivers}
    batch = Batch(parameters, given, DAYS, start=begun or {}, slab=slab)
    stage.open(options)(batch, out, status)
    return out, status


@every_kernel
class TestByDays:
    @every_start
    def test_the_start_is_multiplied_and_woody_debris_is_not(self, name, start):
        out, status = run(name, [1.0, 0.5, 1.7], start)
        assert (status == OK).all()
        _, begin, places = BY_DAYS[name]
        begun = out[begin]
        assert begun.any()
        for s, factor in enumerate((1.0, 0.5, 1.7)):
            expected = begun[..., 0].copy()
            expected[:, places] *= factor
            # CORPSE tells its pools in g, a rounding of those in kg.
            rtol = 5e-16 if name == "corpse" else 0.0
            np.testing.assert_allclose(begun[..., s], expected, rtol=rtol)
        later = out["soil_litter_carbon"][:, 0]
        assert (later[:, 1] < later[:, 0]).all()
        assert (later[:, 0] < later[:, 2]).all()

    def test_one_is_nothing_and_neighbours_are_left(self, name):
        whole, _ = run(name, [1.0, 0.5, 1.7])
        alone, _ = run(name, [1.0])
        assert_same_bits(take(whole, slice(1)), alone)

    def test_what_is_none_or_out_of_bounds_fails_alone(self, name):
        out, status = run(name, [1.0, np.nan, 1e6, -1.0])
        expected = [OK, BAD_INPUT, OUT_OF_RANGE, OUT_OF_RANGE]
        assert status.tolist() == [expected] * 2
        assert all(np.isnan(v[..., 1:]).all() for v in out.values())

    def test_days_go_on_from_it(self, name):
        """Years from the multiplied start, given, are the years that follow."""
        out, _ = run(name, [1.0, 0.5])
        _, begin, _ = BY_DAYS[name]
        if name == "corpse":
            pools = np.moveaxis(out[begin], 1, -1).reshape(2, 2, 2, 7) / 1000
            kept = {"pools": pools.copy(), "begun": np.zeros((2, 2), np.uint8)}
            again, status = run(name, [1.0, 0.5], slab=Slab(False, kept))
        else:
            again, status = run(name, [1.0, 1.0], "cold", begun={begin: out[begin].copy()})
        assert (status == OK).all()
        for variable in ("rh", "soil_litter_carbon", "rh_daily"):
            rtol = 1e-12 if name == "corpse" else 0.0
            np.testing.assert_allclose(again[variable], out[variable], rtol=rtol)

    def test_carbon_that_is_added_is_respired_in_the_end(self, name):
        """Rh departs from its input, and the balance closes."""
        out, _ = run(name, [1.0, 1.7])
        stock, gain = out["soil_litter_carbon"], out["litter_input"] - out["rh"]
        if name == "casa_cnp":
            stock = stock + out["casa_cwd"]
        np.testing.assert_allclose(stock[:, 1] - stock[:, 0], gain[:, 1], rtol=1e-8, atol=1e-8)
        assert (gain[:, 0, 1] < gain[:, 0, 0] - 1.0).all()


def test_it_is_where_a_run_starts_from_a_state():
    """Of every kernel, every choice of options that makes one."""
    has, excluded = {"casa_cnp", "mimics_testbed", "corpse", "mimics", "mimics_profile"}, set()
    for name, kernel in stages.known().items():
        if name in ("chain", "executable", "side_by_side"):
            continue
        for options in stages.choices(kernel):
            try:
                made = kernel.made(options, None)
            except kernels.Unfit:
                continue
            mode = getattr(options, "mode", getattr(options, "drivers", ""))
            found = NAME in {p.name for p in made.parameters}
            assert found == (name == "two_box" or (name in has and mode in ("daily", "transient")))
            excluded |= set() if found else {name}
    assert excluded >= has


def transient(case, factors, years=3, **how):
    drivers = {
        n: v if n in ("clay", "depth") else np.tile(v[:, None], (1, years))
        for n, v in case.drivers.items()
    }
    options = case.options(mode="transient", tolerance=1e-10, **how)
    return run_mimics(options, drivers, case.changed | {NAME: factors}, steps=years)


class TestOneLayer:
    @pytest.mark.parametrize("name", ["S1", "S2"])
    def test_against_the_model_written_again(self, name):
        found = transient(LAYERS[name], [0.5, 1.0, 2.0], start="cold")
        for s, factor in enumerate((0.5, 1.0, 2.0)):
            ends = 8760.0 * np.arange(1.0, 4.0)
            expected = solve_ivp(
                Again(LAYERS[name]), (0, ends[-1]), factor * COLD, "Radau", ends, rtol=1e-10,
                atol=1e-13,
            ).y  # fmt: skip
            own = np.stack([found.out[n][0, :, s] for n in POOLS])
            np.testing.assert_allclose(own, expected, rtol=1e-6)

    @pytest.mark.parametrize("integrator", ["adaptive", "hourly"])
    def test_a_steady_start_rests_as_it_is_and_moves_if_it_is_more(self, integrator):
        found = transient(LAYERS["S1"].with_(beta=1.2), [1.0, 1.5], integrator=integrator)
        rest = found.out["respiration"] / found.out["carbon_input"]
        np.testing.assert_allclose(rest[0, :, 0], 1.0, rtol=1e-8)
        assert (rest[0, :, 1] > 1.01).all()

    def test_bounds(self):
        found = transient(LAYERS["S1"], [1.0, np.nan, 1e6])
        assert found.status.tolist() == [[OK, BAD_INPUT, OUT_OF_RANGE]]


@pytest.mark.parametrize("start", ["steady", "cold"])
def test_by_depth_the_column_starts_with_so_much_carbon(start):
    case, factors = PROFILES["V2"], np.array([1.0, 0.5, 1.7])
    options = case.options(mode="transient", start=start, tolerance=1e-7)
    found = run_profile(options, over(case, 2), {NAME: factors})
    assert (found.status == OK).all()
    out = {n: v[0] for n, v in found.out.items()}
    begun = out["carbon_stock"][0] - out["column_input"][0] + out["column_respiration"][0]
    if start == "cold":
        np.testing.assert_allclose(begun[0], 16.5, rtol=1e-10)
    else:
        at_rest = run_profile(case.options(), case.drivers).out["carbon_stock"][0, 0]
        np.testing.assert_allclose(begun[0], at_rest, rtol=1e-8)
    np.testing.assert_allclose(begun, begun[0] * factors, rtol=1e-8)
    bad = run_profile(options, over(case, 2), {NAME: [1.0, np.nan, 1e6]})
    assert bad.status.tolist() == [[OK, BAD_INPUT, OUT_OF_RANGE]]


@pytest.mark.parametrize("scheme", ["implicit", "explicit", "exponential"])
class TestTwoBoxes:
    def run(self, scheme, factors, **more):
        kernel = kernels.get("two_box")
        rows = {p.name: np.full(len(factors), p.default) for p in kernel.parameters}
        rows |= {NAME: np.array(factors)} | more
        options = kernel.options(scheme=scheme)
        return stages.run(kernel, options, EXAMPLE.drivers, EXAMPLE.coords, rows)

    def test_what_is_added_decays_as_all_soil_does(self, scheme):
        factors = np.array([1.0, 0.5, 1.7])
        found = self.run(scheme, factors)
        assert (found.status == OK).all()
        soil, shift = found.out["c_soil"], found.out["tau_soil_shift"]
        tau = found.out["tau_soil_model"][..., :1] + shift[:, np.newaxis, :1]
        left = {
            "implicit": tau / (tau + 1.0),
            "explicit": 1.0 - 1.0 / tau,
            "exponential": np.exp(-1.0 / tau),
        }[scheme]
        left[:, 0] = 1.0
        added = soil[:, :1, :1] * (factors - 1.0)
        expected = soil[..., :1] + added * np.cumprod(left, axis=1)
        np.testing.assert_allclose(soil, expected, rtol=1e-12)
        npp, rh = EXAMPLE.drivers["npp"][..., np.newaxis], found.out["rh_box"]
        np.testing.assert_allclose(rh[:, 0], npp[:, 0] * factors, rtol=1e-15)
        stock = found.out["c_veg"] + soil
        gain = np.diff(stock, axis=1)
        np.testing.assert_allclose(gain, (npp - rh)[:, 1:], atol=1e-10)

    def test_vegetation_and_turnover_times_are_shared(self, scheme):
        kernel = kernels.get("two_box")
        reads = {stage.name: stage.parameters for stage in kernel.stages}
        assert [name for name, own in reads.items() if NAME in own] == ["soil"]

    def test_bounds(self, scheme):
        found = self.run(scheme, [1.0, np.nan, 1e6, 1.0])
        assert (found.status == [OK, BAD_INPUT, OUT_OF_RANGE, OK]).all()
        for name in ("c_soil", "rh_box", "c_total"):
            assert np.isnan(found.out[name][..., 1:3]).all()
            assert np.isfinite(found.out[name][..., [0, 3]]).all()
