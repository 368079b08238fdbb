"""Factors on drivers: a member is what it is where the forcing itself is changed, to the bit."""

from dataclasses import replace

import numpy as np
import pytest
from laws import assert_same_bits, take
from profile_cases import BNF, EBF, over, with_14c
from profile_cases import CASES as PROFILES
from profile_cases import run as run_profile

import kernels
from kernels import BAD_INPUT, OK, OUT_OF_RANGE, Parameter
from kernels.contract.build import BLOCKS
from kernels.contract.factors import LITTER, MOISTURE, TEMPERATURE, Factor
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
        times = Factor(LITTER.parameter, ("a",), "times").changed(self.DRIVER, self.BY)
        np.testing.assert_array_equal(times, [[0.4, 1.8, 2.6], [0.5, np.nan, 0.0]])
        plus = Factor(LITTER.parameter, ("a",), "plus").changed(self.DRIVER, self.BY)
        np.testing.assert_array_equal(plus, [[2.2, 2.9, 3.3], [1.5, np.nan, 1.0]])

    def test_water_is_held_up_to_the_pore_space_and_what_none_can_hold_is_left_to_be_refused(self):
        water = MOISTURE.changed(self.DRIVER, self.BY)
        np.testing.assert_array_equal(water, [[0.4, 1.0, 1.3], [0.5, np.nan, 0.0]])

    def test_one_that_changes_no_driver_is_no_part_of_a_kernel(self):
        declared = kernels.get("mimics")
        with pytest.raises(ValueError, match=r"'litter_factor' changes \['rain'\], none of"):
            declared.of_stage(
                "s", None, parameters=(), drivers=(), outputs=(), factors=[LITTER.of("rain")]
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


def profile(word):
    """Return a runner of MIMICS by depth at two sites, its drivers, and its factors' changes."""
    chosen = {
        "steady": {},
        "tracer": {"carbon14": "tracer"},
        "separate": {"carbon14": "separate", "tolerance": 1e-5},
        "sign": {"stability": "sign"},
        "spinup": {"steady": "spinup", "change": 1e-2, "tolerance": 1e-5},
        "transient": {"mode": "transient", "tolerance": 1e-5},
    }[word]
    options = mimics_profile.Options(layers=(5.0, 10.0, 30.0), **chosen)
    drivers, coords = with_14c(PROFILES["V2"], 1960)
    if word == "transient":
        drivers = over(PROFILES["V2"], 3)
    drivers = {n: np.repeat(v, 2, axis=0) for n, v in drivers.items()}
    drivers["soil_temperature"][1] += 7.0

    def run(drivers, rows, **more):
        return run_profile(options, drivers, rows, coords=coords, **more)

    return run, drivers, {"x_v": np.array([4.0, 6.0, 4.0, 5.0, 4.0])}, mimics_profile.FACTORS


CASES = {
    f"mimics_profile-{word}": (profile, word)
    for word in ("steady", "tracer", "separate", "sign", "spinup", "transient")
}
VALUES = {"times": 0.7, "plus": 1.5, "water": 1.4}
every_case = pytest.mark.parametrize("name", CASES)


def opened(name):
    make, *arguments = CASES[name]
    return make(*arguments)


@every_case
class TestLaw:
    def test_each_factor_is_the_forcing_changed(self, name):
        run, drivers, rows, factors = opened(name)
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
        run, drivers, rows, factors = opened(name)
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
        run, drivers, rows, factors = opened(name)
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
        run, drivers, rows, factors = opened(name)
        run(drivers, {n: v[:0] for n, v in rows.items()}, share=False)
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


@pytest.mark.parametrize("factor", [LITTER, TEMPERATURE, MOISTURE])
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
