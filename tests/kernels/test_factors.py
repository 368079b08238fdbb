"""Factors on drivers: a member is what it is where the forcing itself is changed, to the bit."""

from dataclasses import replace
from functools import cache, partial

import casa_cases
import corpse_cases
import mimics_cases
import numpy as np
import pytest
import stages
import testbed_mimics
from laws import assert_same_bits, take
from profile_cases import BNF, EBF, over, with_14c
from profile_cases import CASES as PROFILES
from profile_cases import run as run_profile

import kernels
from kernels import BAD_INPUT, OK, OUT_OF_RANGE, Parameter
from kernels.contract.build import BLOCKS
from kernels.contract.factors import (
    LITTERFALL,
    MOISTURE,
    TEMPERATURE,
    Factor,
    open_changed,
)
from kernels.contract.fingerprint import fingerprint
from kernels.mimics import mimics, mimics_profile

FEW = (4.0, 11.0, 30.0)


def compiled():
    """Return how many kinds of calls every block has been compiled for."""
    return {
        (block.__module__, block.__name__): len(block.dispatcher.signatures)
        for block in BLOCKS
        if "dispatcher" in block.__dict__
    }


def changed_forcing(drivers, by):
    """Return drivers changed as factors do, by hand."""
    found = {name: np.array(values, float) for name, values in drivers.items()}
    for name, (change, value) in by.items():
        if change == "plus":
            found[name] = found[name] + value
        else:
            found[name] = found[name] * value
            if change == "water":
                found[name] = np.minimum(found[name], 1.0)
    return found


# --- the mechanism ---


class TestChange:
    DRIVER = np.array([[0.2, 0.9, 1.3], [0.5, np.nan, -0.0]])
    BY = np.array([2.0, 1.0])

    def test_times_and_plus(self):
        times = Factor(LITTERFALL.parameter, ("a",), "times").changed(self.DRIVER, self.BY)
        np.testing.assert_array_equal(times, [[0.4, 1.8, 2.6], [0.5, np.nan, 0.0]])
        plus = Factor(LITTERFALL.parameter, ("a",), "plus").changed(self.DRIVER, self.BY)
        np.testing.assert_array_equal(plus, [[2.2, 2.9, 3.3], [1.5, np.nan, 1.0]])

    def test_water_is_held_up_to_the_pore_space_and_what_none_can_hold_is_left_to_be_refused(self):
        water = MOISTURE.changed(self.DRIVER, self.BY)
        np.testing.assert_array_equal(water, [[0.4, 1.0, 1.3], [0.5, np.nan, 0.0]])

    def test_one_that_changes_no_driver_is_no_part_of_a_kernel(self):
        declared = kernels.get("mimics")
        with pytest.raises(ValueError, match=r"'litter_factor' changes \['rain'\], none of"):
            declared.of_stage(
                "s", None, parameters=(), drivers=(), outputs=(), factors=[LITTERFALL.of("rain")]
            )

    def test_it_counts_in_the_fingerprint(self, monkeypatch):
        kernel = mimics_profile.KERNEL.made(mimics_profile.Options(), None)
        before = fingerprint(kernel)
        assert "kernels.contract.factors.open_changed" in before
        other = replace(TEMPERATURE, change="times")
        factors = (*mimics_profile.FACTORS[:-1], other)
        monkeypatch.setattr(mimics_profile, "FACTORS", factors)
        after = fingerprint(mimics_profile.KERNEL.made(mimics_profile.Options(), None))
        assert {n for n in before if before[n] != after[n]} == {"mimics_profile.stages"}


# --- kernels ---


def factors_of(kernel):
    """Return the factors of a kernel's stages."""
    opens = [stage.open for stage in kernel.stages]
    return [f for o in opens if getattr(o, "func", None) is open_changed for f in o.args[1]]


def members(kernel, options, coords, drivers, rows):
    """Run members whose other parameters have their defaults."""
    rows = {n: np.atleast_2d(v) for n, v in rows.items()}
    samples = max(v.shape[1] for v in rows.values())
    own = {p.name: np.full((1, samples), p.default) for p in kernel.parameters}
    given = {d.name: drivers[d.name] for d in kernel.drivers}
    return stages.run(kernel, options, given, coords, own | rows, share=False)


def opened(name, drivers, coords, varied, /, **chosen):
    """Return a runner of a kernel, its drivers, rows of five samples, and its factors."""
    declared = kernels.get(name)
    options = declared.options(**chosen)
    kernel = declared.made(options, None)
    coords = {n: c.values for n, c in kernel.coords.items()} | coords
    default = next(p.default for p in kernel.parameters if p.name == varied)
    rows = {varied: default * np.array([1.0, 1.5, 1.0, 1.25, 1.0])}
    given = {d.name: drivers[d.name] for d in kernel.drivers}
    return partial(members, kernel, options, coords), given, rows, factors_of(kernel)


PROFILE_MODES = {
    "steady": {},
    "tracer": {"carbon14": "tracer"},
    "separate": {"carbon14": "separate", "tolerance": 1e-5},
    "sign": {"stability": "sign"},
    "spinup": {"steady": "spinup", "change": 1e-2, "tolerance": 1e-5},
    "transient": {"mode": "transient", "tolerance": 1e-5},
}


def profile(word):
    """Return two sites of MIMICS by depth."""
    drivers, coords = with_14c(PROFILES["V2"], 1960)
    if word == "transient":
        drivers, coords = over(PROFILES["V2"], 3), {"year": np.arange(2001, 2004)}
    drivers = {n: np.repeat(v, 2, axis=0) for n, v in drivers.items()}
    drivers["soil_temperature"][1] += 7.0
    layers = (5.0, 10.0, 30.0)
    return opened("mimics_profile", drivers, coords, "x_v", layers=layers, **PROFILE_MODES[word])


def one_layer(word):
    """Return two sites of MIMICS in one layer, with water."""
    case, lasting = mimics_cases.CASES["S2"], word == "steady"
    drivers = {n: np.repeat(v, 2) for n, v in case.drivers.items()} | {"theta_f": np.full(2, 0.1)}
    drivers["soil_temperature"] = drivers["soil_temperature"] - np.array([0.0, 9.0])
    if not lasting:
        still = ("clay", "depth")
        drivers = {n: v if n in still else np.tile(v[:, None], (1, 3)) for n, v in drivers.items()}
    coords = {} if lasting else {"year": np.arange(2001, 2004)}
    how = {"set": "testbed", "form": "reverse", "moisture": "corpse", "mode": word}
    return opened("mimics", drivers, coords, "aV", **how)


YEARS = 2
DAYS = {"year": np.arange(2001, 2001 + YEARS), "date": np.arange(365 * YEARS)}


@cache
def of_casa():
    """Return drivers of CASA's kernels at two places: weather, and litter of its vegetation."""
    given, _ = casa_cases.with_litter(casa_cases.weather(YEARS), YEARS, start="cold")
    return {n: v[:2] for n, v in given.items()}


def by_days(name):
    give, varied, chosen = {
        "casa_vegetation": (of_casa, "x_wood_age", {"phenology": "drivers"}),
        "casa_cnp": (of_casa, "tau_slow", {}),
        "casa_debris": (of_casa, "tau_cwd", {}),
        "mimics_testbed": (lambda: testbed_mimics.climates(2, YEARS, seed=3), "x_depth", {}),
        "corpse": (lambda: corpse_cases.seasons(YEARS, 2), "Tmic", {}),
        "corpse-litter": (
            lambda: corpse_cases.seasons(YEARS, 2, option=2), "Tmic", {"litter_option": 2},
        ),
    }[name]  # fmt: skip
    return opened(name.partition("-")[0], give(), DAYS, varied, cycle=1, **chosen)


def by_means(name):
    give, varied = {
        "casa_cnp": (of_casa, "tau_slow"),
        "casa_debris": (of_casa, "tau_cwd"),
        "mimics_testbed": (lambda: testbed_mimics.climates(2, YEARS, seed=3), "x_depth"),
        "corpse": (lambda: corpse_cases.seasons(YEARS, 2), "Tmic"),
    }[name]
    drivers = {n: v if v.ndim == 1 else v.mean(axis=1) for n, v in give().items()}
    return opened(name, drivers, {}, varied, drivers="mean")


CASES = {
    **{f"mimics_profile-{word}": partial(profile, word) for word in PROFILE_MODES},
    **{f"mimics-{word}": partial(one_layer, word) for word in ("steady", "transient", "spinup")},
    **{
        name: partial(by_days, name)
        for name in (
            "casa_vegetation", "casa_cnp", "casa_debris", "mimics_testbed", "corpse",
            "corpse-litter",
        )
    },
    **{
        f"{name}-mean": partial(by_means, name)
        for name in ("casa_cnp", "casa_debris", "mimics_testbed", "corpse")
    },
}  # fmt: skip
VALUES = {"times": 0.7, "plus": 1.5, "water": 1.4}
every_case = pytest.mark.parametrize("name", CASES)
NAMED = {
    "mimics_profile": {"litter_above_factor", "litter_below_factor", "temperature_offset"},
    "mimics": {"litter_factor", "temperature_offset", "moisture_factor"},
    "casa_vegetation": {"gpp_factor", "air_temperature_offset", "temperature_offset"},
    "casa_debris": {"litter_factor", "temperature_offset", "moisture_factor"},
    "casa_cnp": {"litter_factor", "temperature_offset", "moisture_factor"},
    "mimics_testbed": {"litter_factor", "temperature_offset", "moisture_factor"},
    "corpse": {"litter_factor", "temperature_offset", "moisture_factor"},
}


def made_of(name):
    """Return a kernel for each choice of its options that makes one."""
    for options in stages.choices(kernels.get(name)):
        try:
            yield kernels.get(name).made(options, None)
        except kernels.Unfit:
            continue


@pytest.mark.parametrize(
    "name", sorted(stages.known().keys() - {"chain", "executable", "side_by_side"})
)
def test_every_kernel_with_factors_is_looked_at(name):
    found = {f.parameter.name for kernel in made_of(name) for f in factors_of(kernel)}
    assert found == NAMED.get(name, set())
    assert not found or any(case.partition("-")[0] == name for case in CASES)


@every_case
class TestLaw:
    def test_each_factor_is_the_forcing_changed(self, name):
        run, drivers, rows, factors = CASES[name]()
        plain = run(drivers, rows)
        assert (plain.status == OK).all()
        for factor in factors:
            value = VALUES[factor.change]
            by = dict.fromkeys(factor.drivers, (factor.change, value))
            by = {n: change for n, change in by.items() if n in drivers}
            forced = run(changed_forcing(drivers, by), rows)
            own = np.where([True, False, True, True, False], value, factor.parameter.default)
            found = run(drivers, rows | {factor.parameter.name: own})
            assert (found.status == OK).all()
            for where, same in ([0, 2, 3], forced), ([1, 4], plain):
                assert_same_bits(take(found.out, where), take(same.out, where))
            differ = [n for n, v in found.out.items() if not np.array_equal(v, plain.out[n])]
            assert differ, factor

    def test_all_at_once_each_member_its_own_and_by_location(self, name):
        run, drivers, rows, factors = CASES[name]()
        draw = np.random.default_rng(5)
        own = {
            f.parameter.name: draw.uniform(0.8, 1.2, (2, 5)) - (f.change == "plus") for f in factors
        }
        found = run(drivers, rows | own)
        assert (found.status == OK).all()
        for s in range(5):
            by = {
                n: (f.change, own[f.parameter.name][:, s])
                for f in factors
                for n in f.drivers
                if n in drivers
            }
            by = {n: (c, v.reshape(-1, *(1,) * (drivers[n].ndim - 1))) for n, (c, v) in by.items()}
            alone = run(changed_forcing(drivers, by), {n: v[s : s + 1] for n, v in rows.items()})
            assert_same_bits(take(found.out, slice(s, s + 1)), alone.out)

    def test_what_is_none_or_out_of_bounds_fails_alone(self, name):
        run, drivers, rows, factors = CASES[name]()
        plain = run(drivers, rows)
        for factor in factors:
            p = factor.parameter
            own = np.full(5, p.default)
            own[1], own[3] = np.nan, 2.0 * p.upper
            found = run(drivers, rows | {p.name: own})
            assert (found.status[:, 1] == BAD_INPUT).all()
            assert (found.status[:, 3] == OUT_OF_RANGE).all()
            assert all(np.isnan(v[..., [1, 3]]).all() for v in found.out.values())
            assert_same_bits(take(found.out, [0, 2, 4]), take(plain.out, [0, 2, 4]))

    def test_no_block_is_compiled_for_it(self, name):
        run, drivers, rows, factors = CASES[name]()
        run(drivers, rows)
        before = compiled()
        run(drivers, rows | {f.parameter.name: np.linspace(0.9, 1.1, 5) for f in factors})
        assert compiled() == before


# --- figure 8 of Wang et al. (2021) ---

TENS = (10.0,) * 10
SITES = {"EBF": (PROFILES["V3"], EBF), "BNF": (PROFILES["V4"], BNF)}
RELATIVE = np.linspace(0.25, 2.0, 8)


def without_diffusion(site, **rows):
    case, fitted = SITES[site]
    options = mimics_profile.Options(preset="w21_code", layers=TENS)
    return run_profile(options, case.drivers, fitted | {"x_D": 0.0} | rows)


def layer_alone(site, j, relative):
    """Return SOC of a layer by the model of one layer, which knows nothing of depth."""
    case, x = SITES[site]
    (above, below), alpha = case.litter, x["alpha_r"] / 100
    edges = np.exp(-alpha * np.arange(0.0, 101.0, 10.0))
    roots = (edges[j] - edges[j + 1]) / (1.0 - edges[10])
    kernel = mimics.KERNEL.made(mimics.Options(set="wang_code"), None)
    own = {p.name: p.default for p in kernel.parameters}
    falling = np.exp(-x["alpha_v"] * (j + 0.5) / 10)
    own |= {"aV": own["aV"] * x["x_v"] * falling, "aK": own["aK"] * x["x_k"]}
    own |= {"D1": own["D1"] * x["x_d"], "beta": x["beta"]}
    drivers = {
        "litter_input": below * roots * relative,
        "annual_npp": np.full_like(relative, above + below),
        "soil_temperature": np.full_like(relative, case.temperature),
        "lignin_n": np.full_like(relative, case.lignin_n[1]),
        "clay": np.full_like(relative, case.clay),
        "depth": np.full_like(relative, 10.0),
    }
    out, status = {"soc": np.empty((len(relative), 1))}, np.zeros((len(relative), 1), np.uint8)
    rows = {n: np.array([[v]]) for n, v in own.items()}
    kernel.stages[0].open(mimics.Options(set="wang_code"))(
        kernels.Batch(rows, drivers, {}), out, status
    )
    assert (status == OK).all()
    return out["soc"][:, 0]


@pytest.mark.parametrize("site", SITES)
class TestFigure8:
    """Root litter relative to its value, without diffusion: layers at 15 and at 35 cm."""

    @pytest.mark.parametrize("j", [1, 3])
    def test_a_curve_is_that_of_the_layer_alone(self, site, j):
        found = without_diffusion(site, litter_below_factor=RELATIVE)
        assert (found.status == OK).all()
        np.testing.assert_allclose(
            found.out["soc"][0, j], layer_alone(site, j, RELATIVE), rtol=1e-10
        )

    @pytest.mark.parametrize("j", [1, 3])
    @pytest.mark.parametrize("change", [0.75, 1.25])
    def test_the_triangles_lie_on_it(self, site, j, change):
        """Another decline of roots is, for one layer, another input."""
        alpha = SITES[site][1]["alpha_r"]
        plain, other = without_diffusion(site), without_diffusion(site, alpha_r=alpha * change)
        edges = [np.exp(-a / 100 * np.arange(0.0, 101.0, 10.0)) for a in (alpha, alpha * change)]
        shares = [(e[j] - e[j + 1]) / (1.0 - e[10]) for e in edges]
        x = shares[1] / shares[0]
        on_curve = without_diffusion(site, litter_below_factor=x)
        found, expected = on_curve.out["soc"][0, j, 0], other.out["soc"][0, j, 0]
        assert found == pytest.approx(expected, rel=1e-10)
        assert found != pytest.approx(plain.out["soc"][0, j, 0], rel=1e-3)

    def test_deeper_layers_do_not_ask_for_the_litter_above(self, site):
        one, other = without_diffusion(site), without_diffusion(site, litter_above_factor=3.0)
        deep = [v.out["soc"][0, 1:] for v in (one, other)]
        np.testing.assert_array_equal(*deep)
        assert one.out["soc"][0, 0, 0] != other.out["soc"][0, 0, 0]


def test_no_litter_at_all_has_no_equilibrium():
    found = run_profile(
        mimics_profile.Options(layers=FEW),
        PROFILES["V2"].drivers,
        {"litter_above_factor": [0.0, 0.0, 1.0], "litter_below_factor": [0.0, 1.0, 0.0]},
    )
    assert found.status.tolist() == [[OUT_OF_RANGE, OK, OK]]


@pytest.mark.parametrize("factor", [LITTERFALL, TEMPERATURE, MOISTURE])
def test_a_default_changes_nothing(factor):
    values = np.array([[0.0, 0.3, 1.0], [5.0, 1e-300, 0.7]])
    by = np.full(2, factor.parameter.default)
    assert_same_bits({"a": factor.changed(values, by)}, {"a": values})


def test_parameters_of_factors_are_parameters():
    made = mimics_profile.KERNEL.made(mimics_profile.Options(), None)
    names = [p.name for p in made.parameters]
    assert names[-3:] == ["litter_above_factor", "litter_below_factor", "temperature_offset"]
    assert made.stages[0].parameters == tuple(names)
    assert all(isinstance(p, Parameter) for p in made.parameters)
