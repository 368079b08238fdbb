"""CORPSE behind CASA's vegetation and woody debris: RF-1 as the testbed's Fortran printed it."""

from functools import cache

import numpy as np
import pytest
import reference_forcing
import stages
from corpse_cases import COHORTS, published, row, run
from reference_forcing import SITES, table

import kernels
from kernels.contract.status import OK
from kernels.corpse.cohort.equations import DT, Pools, enter, faster, q_max, step, warmth, wetness
from kernels.corpse.cohort.lanes import constants, exuded
from kernels.corpse.cohort.sets import EA, FW_MIN, VREF

YEARS = 100


def link(name, forcing, years, **chosen):
    """Run one link of the chain with its control's parameters; return drivers and outputs."""
    plain = kernels.get(name)
    options = plain.options(**chosen)
    kernel = plain.made(options, None)
    coords = reference_forcing.coords(years)
    coords |= {dim: axis.values for dim, axis in kernel.coords.items()}
    drivers = {d.name: forcing[d.name] for d in kernel.drivers}
    rows = {p.name: [p.default] for p in kernel.parameters}
    derived = kernel.derive(options, drivers, coords)
    rows |= {n: found.default[:, np.newaxis] for n, found in derived.items()}
    found = stages.run(kernel, options, drivers, coords, rows)
    assert (found.status == OK).all()
    return {**forcing, **{n: v[..., 0] for n, v in found.out.items()}}


@cache
def litter(years=YEARS):
    """Return the drivers of CORPSE, from the cold start."""
    forcing = reference_forcing.drivers(years=years)
    forcing = link("casa_vegetation", forcing, years, start="cold", phenology="drivers")
    return link("casa_debris", forcing, years, start="cold")


@cache
def soil(named, option):
    forcing = litter()
    kernel = kernels.get("corpse").made(kernels.get("corpse").options(litter_option=option), None)
    drivers = {d.name: forcing[d.name] for d in kernel.drivers}
    return run(drivers, set=named, litter_option=option, start="cold").out


def pools_of(out, cohorts):
    pools = out["corpse_pools"][..., 0] / 1000
    return pools.reshape(*pools.shape[:2], cohorts, 7)


def test_inputs_behind_it():
    forcing = litter()
    day = 179
    for at, line in enumerate(table("corpse_rf1_inputs")):
        assert SITES[at] == line["site"]
        found = {
            "q_max": q_max(forcing["clay"][at], forcing["porosity"][at]),
            "leaf_met": forcing["leaf_litter_met"][at, day],
            "leaf_str": forcing["leaf_litter_str"][at, day],
            "froot_met": forcing["froot_litter_met"][at, day],
            "froot_str": forcing["froot_litter_str"][at, day],
            "cwd_to_litter": forcing["cwd_to_litter"][at, day],
            "cwd_respiration": forcing["cwd_respiration"][at, day],
            "npp_used": forcing["annual_npp"][at, 0],
            "cwd": forcing["c_cwd"][at, int(line["year"]) - 1],
        }
        for name, value in found.items():
            assert value == pytest.approx(line[name], rel=1e-9, abs=1e-12), (SITES[at], name)


def test_pools_of_1218d():
    pools, seen = pools_of(soil("testbed_2017", 1), 2), 0
    for line, expected, _ in published("corpse_rf1_2017"):
        if line["day"] == 365:
            at, year = SITES.index(line["site"]), int(line["year"]) - 1
            found = pools[at, year, COHORTS[line["cohort"]]]
            np.testing.assert_allclose(found, expected, rtol=1e-8, err_msg=str(line))
            seen += 1
    assert seen == 42


def test_first_day_of_1218d():
    forcing, values = litter(), row("testbed_2017")
    for line, expected, co2 in published("corpse_rf1_2017"):
        if line["day"] != 1:
            continue
        at, c = SITES.index(line["site"]), COHORTS[line["cohort"]]
        day = {n: forcing[n][at, 0] for n in ("soil_temperature", "theta_l", "theta_f")}
        wet = wetness(day["theta_l"], day["theta_f"], values[FW_MIN], 3.0, 2.5)
        warm = warmth(day["soil_temperature"])
        v = [values[VREF + i] * wet * faster(warm, values[EA + i]) for i in range(3)]
        k = constants(values, q_max(forcing["clay"][at], forcing["porosity"][at]), c)
        y = Pools(0, 1.998, 0, 0, 0, 0, 0.002) if c == 0 else Pools(*[0.0] * 7)
        labile = forcing["litter_met"][at, 0] / 1000
        recalc = (forcing["litter_str"][at, 0] + forcing["cwd_to_litter"][at, 0]) / 1000
        y, _ = enter(y, labile, recalc, exuded(values, forcing["annual_npp"][at, 0]), k)
        y, went = step(y, *v, k, DT)
        np.testing.assert_allclose(y, expected, rtol=1e-8, err_msg=str(line))
        assert went == pytest.approx(co2, rel=1e-8)


def test_respiration_since_the_start():
    out, since = soil("testbed_2017", 1), {}
    for line, _, co2 in published("corpse_rf1_2017"):
        if line["day"] == 365:
            key = (SITES.index(line["site"]), int(line["year"]))
            since[key] = since.get(key, 0.0) + co2
    for (at, year), expected in since.items():
        found = out["corpse_co2"][at, :year, 0].sum() / 1000
        assert found == pytest.approx(expected, rel=1e-8)


def test_years():
    forcing, out = litter(), soil("testbed_2017", 1)
    for line in table("corpse_rf1_annual"):
        at, year = SITES.index(line["site"]), int(line["year"]) - 1
        assert forcing["npp"][at, year] == pytest.approx(line["npp"], rel=1e-8)
        assert forcing["c_cwd"][at, year] == pytest.approx(line["cwd"], rel=1e-8, abs=1e-9)
        assert out["rh"][at, year, 0] == pytest.approx(line["rh"], rel=1e-8)
        stock = out["soil_litter_carbon"][at, year, 0] / 1000
        assert stock == pytest.approx(line["soil_kg"], rel=1e-8)


def test_pools_of_march20_with_a_litter_layer():
    out = soil("testbed_2020", 2)
    pools, since = pools_of(out, 3), {}
    for line, expected, co2 in published("corpse_rf1_2020"):
        at, c = SITES.index(line["site"]), COHORTS[line["cohort"]]
        np.testing.assert_allclose(pools[at, 99, c], expected, rtol=1e-8, err_msg=str(line))
        if c < 2:
            since[at] = since.get(at, 0.0) + co2
            continue
        # What is left of all respiration is the layer's, and the debris'.
        layer = (out["rh"] - out["corpse_co2"])[at].sum() - litter()["cwd_respiration"][at].sum()
        assert layer / 1000 == pytest.approx(co2, rel=1e-8)
    for at, expected in since.items():
        assert out["corpse_co2"][at, :, 0].sum() / 1000 == pytest.approx(expected, rel=1e-8)


def test_the_state_that_the_year_returns_to():
    forcing = link("casa_vegetation", reference_forcing.drivers(), 1, cycle=1, phenology="drivers")
    forcing = link("casa_debris", forcing, 1, cycle=1)
    kernel = kernels.get("corpse").made(kernels.get("corpse").options(), None)
    found = run({d.name: forcing[d.name] for d in kernel.drivers}, cycle=1)
    assert (found.status == OK).all()
    assert found.out["corpse_drift"].max() < 1e-10
    # Litter is what falls; so is what is respired.
    np.testing.assert_allclose(found.out["rh"], found.out["litter_input"], rtol=1e-9)
    np.testing.assert_allclose(found.out["rh"][:, 0, 0], forcing["npp"][:, 0], rtol=1e-5)
