"""CORPSE for its tests: constant drivers, how to run it, and its day written again in plain Python.

The plain version takes nothing from the kernel but the names and values of its constants.
"""

from math import exp, log10

import numpy as np
import stages
from reference_forcing import table

from kernels.corpse import corpse
from kernels.corpse.cohort.sets import NAMES, SETS

OF_FILE = {"12.18d": "testbed_2017", "march20": "testbed_2020"}
PUBLISHED = ("c_labile", "c_recalc", "c_necro", "p_labile", "p_recalc", "p_necro", "microbes")
COHORTS = {"rhiz": 0, "bulk": 1, "soil rhiz": 0, "soil bulk": 1, "litter layer": 2}

# CC-1: constant drivers.
CONSTANT = {
    "litter_met": 0.6,
    "litter_str": 0.9,
    "cwd_to_litter": 0.0,
    "cwd_respiration": 0.0,
    "soil_temperature": 15.0,
    "theta_l": 0.5,
    "theta_f": 0.1,
    "annual_npp": 600.0,
    "clay": 0.2,
    "porosity": 0.45,
}


def published(name):
    """Return a table of states: what is no pool, and pools (7,) and CO2."""
    for row in table(name):
        yield row, np.array([row[pool] for pool in PUBLISHED]), row["co2"]


def lasting(values, years):
    """Return drivers of one location that are the same every day."""
    lengths = dict.fromkeys(values, 365 * years) | {"annual_npp": years}
    return {
        name: np.array([value])
        if name in ("clay", "porosity")
        else np.full((1, lengths[name]), value)
        for name, value in values.items()
    }


def mean(values):
    return {name: np.array([value]) for name, value in values.items()}


def seasons(years=2, sites=3, seed=1, option=1):
    """Return daily drivers of unlike sites: cold, warm, dry, with weather."""
    rng = np.random.default_rng(seed)
    days, shape = 365 * years, (sites, 365 * years)
    swing = np.sin(2 * np.pi * np.arange(days) / 365)
    rows = rng.uniform(-12, 25, (sites, 1)), rng.uniform(0, 15, (sites, 1))
    ice = np.clip(-(rows[0] + rows[1] * swing) / 4, 0, 0.85)
    water = np.clip(rng.uniform(0.2, 0.9, (sites, 1)) + 0.1 * rng.standard_normal(shape), 0, 1)
    one = ("litter_met", "litter_str")
    two = ("leaf_litter_met", "leaf_litter_str", "froot_litter_met", "froot_litter_str")
    litter = (*(one if option == 1 else two), "cwd_to_litter", "cwd_respiration")
    return {
        **{name: rng.uniform(0, 1.0) * rng.uniform(0, 1, shape) for name in litter},
        "soil_temperature": rows[0] + rows[1] * swing,
        "theta_l": water * (1 - ice),
        "theta_f": water * ice,
        "annual_npp": rng.uniform(50, 900, (sites, years)),
        "clay": rng.uniform(0.05, 0.6, sites),
        "porosity": rng.uniform(0.35, 0.55, sites),
    }


def made(**chosen):
    return corpse.KERNEL.made(corpse.Options(**chosen), None)


def run(forcing, rows=None, outputs=None, share=True, **chosen):
    """Run the kernel with the control's parameters but those in ``rows``."""
    options = corpse.Options(**chosen)
    kernel = corpse.KERNEL.made(options, None)
    rows = {n: np.atleast_2d(np.asarray(v, np.float64)) for n, v in (rows or {}).items()}
    samples = max((v.shape[1] for v in rows.values()), default=1)
    held = {p.name: np.full((1, samples), p.default) for p in kernel.parameters} | rows
    coords = {"corpse_pool": kernel.coords["corpse_pool"].values}
    if options.drivers == "daily":
        years = forcing["annual_npp"].shape[1]
        coords |= {"year": np.arange(1901, 1901 + years), "date": np.arange(365 * years)}
    return stages.run(kernel, options, forcing, coords, held, outputs=outputs, share=share)


def row(named, **changed):
    values = SETS[named] | changed
    return np.array([values[name] for name in NAMES])


# --- the day, written again from the text ---


def plain_moisture(p, theta_l, theta_f):
    liquid = min(1.0, theta_l)
    air = max(0.0, 1.0 - liquid - min(1.0, theta_f))
    wet = (liquid ** p["theta_exp"] + 0.001) * max(air ** p["gas_diffusion_exp"], 0.003)
    return max(p["fWmin"], wet)


def plain_rates(p, temperature, theta_l, theta_f):
    """Return V_i fW, yr-1."""
    warm = 1 / (temperature + 273.15) - 1 / 293.15
    wet = plain_moisture(p, theta_l, theta_f) if theta_l > 0 else 0.0
    return [
        p[f"vmaxref_{x}"] * exp(-p[f"Ea_{x}"] / 8.314472 * warm) * wet
        for x in ("labile", "recalc", "necro")
    ]


def plain_q_max(clay, porosity):
    if clay == 0.0:
        return 0.0
    return max(0.0, 10 ** (0.4833 * log10(100 * clay) + 2.3282) * (1 - porosity) * 2650e-6)


def plain_day(p, y, share, exuded, labile, recalc, ex, v, qmax, dt=1 / 365):
    """Return seven pools after a day, and its CO2."""
    c, protected, m = list(y[:3]), list(y[3:6]), y[6]
    rest = labile - ex
    if rest > 0:
        labile = rest
    else:
        ex, labile = labile, 0.0
    least = p["minMicrobeC"]
    c[0] += share * (1 - least) * labile + exuded * ex
    c[1] += share * (1 - least) * recalc
    m += share * least * (labile + recalc)
    total = sum(c)
    d = [0.0] * 3
    if total > 0 and m > 0:
        d = [v[i] * c[i] * m / (p["kC"] * total + m) for i in range(3)]
        d = [min(d[i], c[i] / dt) for i in range(3)]
    c = [c[i] - dt * d[i] for i in range(3)]
    turn = max(0.0, (m - least * sum(c)) / p["Tmic"])
    eup = [p[f"eup_{x}"] for x in ("labile", "recalc", "necro")]
    m += dt * (sum(e * x for e, x in zip(eup, d, strict=True)) - turn)
    c[2] += dt * p["et"] * turn
    co2 = dt * (sum((1 - e) * x for e, x in zip(eup, d, strict=True)) + (1 - p["et"]) * turn)
    for i, x in enumerate(("labile", "recalc", "necro")):
        rate = p["protection_rate"] * p[f"protection_{x}"] * qmax
        gain = min(c[i], dt * rate * c[i]) - dt * protected[i] / p["tProtected"]
        protected[i] += gain
        c[i] -= gain
    return [*c, *protected, m], co2


def plain_slopes(p, y, share, exuded, labile, recalc, ex, v, qmax):
    """Return rates of seven pools and of CO2 in continuous time; inputs are of a day."""
    if labile - ex > 0:
        labile -= ex
    else:
        ex, labile = labile, 0.0
    c, protected, m = y[:3], y[3:6], y[6]
    least, total = p["minMicrobeC"], y[0] + y[1] + y[2]
    below = p["kC"] * total + m
    d = [v[i] * c[i] * m / below if below > 0 else 0.0 for i in range(3)]
    turn = max(0.0, (m - least * total) / p["Tmic"])
    names = ("labile", "recalc", "necro")
    gain = [
        p["protection_rate"] * p[f"protection_{x}"] * qmax * c[i] - protected[i] / p["tProtected"]
        for i, x in enumerate(names)
    ]
    fresh = [
        365 * (share * (1 - least) * labile + exuded * ex),
        365 * share * (1 - least) * recalc,
        p["et"] * turn,
    ]
    grown = sum(p[f"eup_{x}"] * d[i] for i, x in enumerate(names))
    microbes = 365 * share * least * (labile + recalc) + grown - turn
    co2 = sum((1 - p[f"eup_{x}"]) * d[i] for i, x in enumerate(names)) + (1 - p["et"]) * turn
    return [*(fresh[i] - d[i] - gain[i] for i in range(3)), *gain, microbes, co2]
