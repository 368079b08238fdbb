"""The published tables of RF-1: vegetation, woody debris and MIMICS, each by its own kernel."""

import numpy as np
import pytest
import reference_forcing
import stages
from testbed_mimics import POOLS, run

from kernels.casa import casa_debris, casa_vegetation

YEARS = 100
SITES = reference_forcing.SITES


def link(module, drivers, years, **chosen):
    """Return drivers with what the default member of a kernel makes of them."""
    options = module.Options(**chosen)
    kernel = module.KERNEL.made(options, None)
    coords = reference_forcing.coords(years)
    coords |= {name: np.arange(len(c.values)) for name, c in kernel.coords.items()}
    rows = {p.name: np.full(1, p.default) for p in kernel.parameters}
    mine = {d.name: drivers[d.name] for d in kernel.drivers}
    found = stages.run(kernel, options, mine, coords, rows)
    assert not found.status.any()
    return drivers | {name: values[..., 0] for name, values in found.out.items()}


def litter(years, **chosen):
    """Return the drivers of RF-1 with litter and debris."""
    drivers = reference_forcing.drivers(years=years)
    drivers = link(casa_vegetation, drivers, years, phenology="drivers", **chosen)
    return link(casa_debris, drivers, years, **chosen)


@pytest.fixture(scope="module")
def cold():
    drivers = litter(YEARS, start="cold")
    return drivers, run(drivers, start="cold", outputs=["mimics_daily", "rh_daily"]).out


def test_pools_and_respiration(cold):
    _, out = cold
    rows = reference_forcing.table("mimics_rf1_pools")
    assert len(rows) == 4 * len(SITES)
    for row in rows:
        at, day = SITES.index(row["site"]), int(365 * (row["year"] - 1) + row["day"] - 1)
        expected = [row[name] for name in POOLS]
        found = out["mimics_daily"][at, day, :, 0]
        np.testing.assert_allclose(found, expected, rtol=1e-8, err_msg=f"{row['site']} {day}")
        # Of the day, mg C cm-3 over 100 cm, with that of woody debris.
        respired = out["rh_daily"][at, day, 0] / 1000
        assert respired == pytest.approx(row["respired"], rel=1e-8)


def test_coefficients_of_a_day(cold):
    from kernels.mimics.one_layer.equations import corpse, metabolic_fraction
    from kernels.mimics.one_layer.sets import SETS

    drivers, _ = cold
    q, day = SETS["testbed"], 179
    for row in reference_forcing.table("mimics_rf1_day180"):
        at = SITES.index(row["site"])
        lignin_n, clay = drivers["lignin_n"][at, day], drivers["clay"][at]
        f_met = metabolic_fraction(lignin_n, q["lignin_n_most"], q["q1"], q["q2"], q["q3"])
        f_w = corpse(drivers["theta_l"][at, day], drivers["theta_f"][at, day])
        npp = np.clip(np.sqrt(drivers["annual_npp"][at, 0] / 100), 0.6, 1.3)
        found = {
            "lignin_n": lignin_n,
            "fmet": f_met,
            "f_w": f_w,
            "fphys_r": q["fP_r"] * np.exp(q["fP_r_clay"] * clay),
            "fphys_k": q["fP_k"] * np.exp(q["fP_k_clay"] * clay),
            "tau_r": q["tau_r1"] * np.exp(q["tau_r2"] * f_met) * npp * f_w,
            "tau_k": q["tau_k1"] * np.exp(q["tau_k2"] * f_met) * npp * f_w,
        }
        for name, value in found.items():
            assert value == pytest.approx(row[name], rel=1e-8), (row["site"], name)


def test_the_cycle_of_its_year():
    """All three links from the state that the year repeats: rh is what falls as litter."""
    drivers = litter(2, start="steady", cycle=1)
    found = run(drivers, start="steady", cycle=1)
    assert not found.status.any()
    np.testing.assert_allclose(found.out["mimics_end"], found.out["mimics_start"], rtol=1e-8)
    np.testing.assert_allclose(found.out["rh"], found.out["litter_input"], rtol=1e-8)
    wood = drivers["litter_cwd"] + drivers["litter_leaf"] + drivers["litter_froot"]
    fell = wood.reshape(len(SITES), 2, 365).sum(axis=2)
    np.testing.assert_allclose(found.out["litter_input"][..., 0], fell, rtol=1e-6)
