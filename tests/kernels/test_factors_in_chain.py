"""Factors in the testbed's chain: one parameter of all links; stages that read none share."""

from functools import cache

import casa_cases
import numpy as np
import pytest
import stages
from laws import assert_same_bits, take

import kernels
from ensemble.members.stages import reads_of
from kernels import OK
from scenarios import read_options

YEARS = 2
WORDS = {
    "links": [
        {"name": "casa_vegetation", "phenology": "drivers"},
        "casa_debris",
        {"models": ["casa_cnp", "mimics_testbed", "corpse"]},
    ],
    "cycle": 2,
}
ASKED = (
    "npp", "c_leaf", "c_cwd", "rh", "litter_input", "soil_litter_carbon", "casa_start",
    "mimics_start", "corpse_start", "lignin_n",
)  # fmt: skip


@cache
def chain():
    plain = kernels.get("chain")
    options = read_options(WORDS, plain)
    return plain.made(options, None), options


@cache
def forcing():
    given = casa_cases.weather(YEARS)
    return {d.name: np.ascontiguousarray(given[d.name][:2]) for d in chain()[0].drivers}


def run(drivers, samples=1, **rows):
    kernel, options = chain()
    own = {p.name: np.full((1, samples), p.default) for p in kernel.parameters}
    own |= {n: np.atleast_2d(np.asarray(v, float)) for n, v in rows.items()}
    coords = casa_cases.coords(YEARS) | {n: c.values for n, c in kernel.coords.items()}
    coords |= {"date": np.arange(365 * YEARS)}
    found = stages.run(kernel, options, drivers, coords, own, outputs=ASKED)
    assert (found.status == OK).all()
    return found.out


def test_one_parameter_is_of_all_links_that_read_the_driver():
    kernel, _ = chain()
    names = [p.name for p in kernel.parameters if p.name.endswith(("_factor", "_offset"))]
    assert sorted(names) == [
        "air_temperature_offset", "gpp_factor", "initial_carbon_factor",
        "litter_factor", "moisture_factor", "temperature_offset",
    ]  # fmt: skip
    soils = {"casa_cnp", "mimics_testbed", "corpse"}
    readers = {
        name: {stage.name for stage in kernel.stages if name in stage.parameters} for name in names
    }
    assert readers == {
        "air_temperature_offset": {"casa_vegetation"},
        "gpp_factor": {"casa_vegetation"},
        "temperature_offset": {"casa_vegetation", "casa_debris", *soils},
        "moisture_factor": {"casa_debris", *soils},
        "litter_factor": {"casa_debris", *soils},
        "initial_carbon_factor": soils,
    }


@pytest.mark.parametrize("varied", ["litter_factor", "moisture_factor", "initial_carbon_factor"])
def test_what_vegetation_does_not_read_leaves_it_shared(varied):
    reads = reads_of(chain()[0].stages)
    assert varied not in reads["casa_vegetation"]
    assert (varied in reads["casa_debris"]) == (varied != "initial_carbon_factor")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("temperature_offset", {"soil_temperature": lambda v, x: v + x}),
        ("air_temperature_offset", {"air_temperature": lambda v, x: v + x}),
        ("gpp_factor", {"gpp": lambda v, x: v * x}),
        (
            "moisture_factor",
            dict.fromkeys(("theta_l", "theta_f"), lambda v, x: np.minimum(v * x, 1.0)),
        ),
    ],
)
def test_the_chain_has_the_bits_of_the_forcing_changed(name, changes):
    plain, value = forcing(), 1.3
    changed = plain | {n: change(plain[n], value) for n, change in changes.items()}
    default = next(p.default for p in chain()[0].parameters if p.name == name)
    found = run(plain, 3, **{name: [value, default, value]})
    assert_same_bits(take(found, [1]), run(plain))
    assert_same_bits(take(found, [0]), run(changed))
    assert_same_bits(take(found, [2]), take(found, [0]))
    soil = found["soil_litter_carbon"]
    assert (soil[..., 0] != soil[..., 1]).all()


def test_litter_is_multiplied_once_wood_and_all():
    """CASA's soil and woody debris are in proportion to litter; what MIMICS and CORPSE get, too."""
    found = run(forcing(), 2, litter_factor=[1.0, 1.3])
    for name in ("npp", "c_leaf"):
        np.testing.assert_array_equal(found[name][..., 0], found[name][..., -1])
    for name in ("c_cwd", "litter_input", "casa_start"):
        one, more = found[name][..., 0], found[name][..., 1]
        np.testing.assert_allclose(more, 1.3 * one, rtol=1e-9, err_msg=name)
    one, more = found["soil_litter_carbon"][..., 0], found["soil_litter_carbon"][..., 1]
    np.testing.assert_allclose(more[:, 0], 1.3 * one[:, 0], rtol=1e-9)
    # Microbes are not in proportion: their efficiency and turnover ask for how much there is.
    assert (abs(more[:, 1:] / one[:, 1:] - 1.3) > 1e-6).all()


def test_the_quality_of_litter_stays_where_its_amount_changes():
    """Lignin over nitrogen is weighted by fluxes, all of which the factor multiplies."""
    found = run(forcing(), 2, litter_factor=[1.0, 1.3])
    one, more = found["lignin_n"][..., 0], found["lignin_n"][..., 1]
    # Below a least flux the testbed weights by that instead.
    same = np.isclose(one, more, rtol=1e-9)
    assert same.mean() > 0.5
    assert (more[~same] > one[~same]).all()


def test_each_model_starts_from_so_much_of_its_own_carbon():
    found = run(forcing(), 2, initial_carbon_factor=[1.0, 0.6])
    for name in ("mimics_start", "corpse_start"):
        # CORPSE tells its pools in g, a rounding of those in kg.
        one, less = found[name][..., 0], found[name][..., 1]
        np.testing.assert_allclose(less, 0.6 * one, rtol=5e-16)
    casa, woody = found["casa_start"], 2
    np.testing.assert_array_equal(casa[:, woody, 1], casa[:, woody, 0])
    others = np.delete(casa, woody, axis=1)
    np.testing.assert_array_equal(others[..., 1], 0.6 * others[..., 0])
    np.testing.assert_array_equal(found["c_cwd"][..., 0], found["c_cwd"][..., -1])
