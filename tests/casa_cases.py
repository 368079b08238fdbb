"""Runs of the CASA kernels alone and one after another, and the lanes that they run in."""

from dataclasses import dataclass

import numpy as np
from reference_forcing import SITES, coords, drivers

from kernels import Batch
from kernels.casa import casa_cnp, casa_debris, casa_vegetation

LITTER = ("litter_met", "litter_str", "litter_cwd", "litter_leaf", "litter_froot")
PLANTS = ("leaf", "wood", "froot")
POOLS = ("met", "str", "cwd", "fast", "slow", "pass")


@dataclass(frozen=True)
class Ran:
    """Outputs (L, *dims, S) and statuses (L, S)."""

    out: dict
    status: np.ndarray


def made(module, **options):
    return module.KERNEL.made(module.Options(**options), None)


def defaults(kernel):
    return {p.name: np.array([[p.default]]) for p in kernel.parameters}


def run(module, given, years=1, *, rows=None, outputs=None, begun=None, apart=False, **options):
    """Run a kernel; ``rows`` (S,) or (L, S) stand for defaults, ``begun`` are restart pools.

    ``apart`` gives it outputs whose members are not neighbours.
    """
    kernel, chosen = made(module, **options), module.Options(**options)
    given = {v.name: given[v.name] for v in kernel.drivers}
    count, (stage,) = len(next(iter(given.values()))), kernel.stages
    parameters = defaults(kernel) | {n: np.atleast_2d(v) for n, v in (rows or {}).items()}
    shapes = [v.shape[1] for v in parameters.values()]
    samples = 0 if 0 in shapes else max(shapes)
    parameters = {
        n: np.ascontiguousarray(np.broadcast_to(v, (len(v), samples)))
        for n, v in parameters.items()
    }
    sizes = {"time": years, "date": 365 * years}
    sizes |= {n: len(c.values) for n, c in kernel.coords.items()}
    out = {
        v.name: np.full((count, *(sizes[d] for d in v.dims), samples), 1e300)
        for v in kernel.outputs
        if outputs is None or v.name in outputs
    }
    if apart:
        out = {n: np.repeat(v, 2, axis=-1)[..., ::2] for n, v in out.items()}
    status = np.zeros((count, samples), np.uint8)
    batch = Batch(parameters, given, coords(years), start=begun or {})
    stage.open(chosen)(batch, out, status)
    return Ran(out, status)


def vegetation(given=None, years=1, **how):
    given = drivers(years=years) if given is None else given
    return run(casa_vegetation, given, years, **{"phenology": "drivers"} | how)


def with_litter(given=None, years=1, **options):
    """Return drivers together with the litter of their vegetation."""
    given = drivers(years=years) if given is None else given
    plants = vegetation(given, years, outputs=(*LITTER, "npp"), **options)
    assert not plants.status.any()
    return given | {n: plants.out[n][..., 0] for n in LITTER}, plants


def soil(given, years=1, **how):
    return run(casa_cnp, given, years, **how)


def debris(given, years=1, **how):
    return run(casa_debris, given, years, **how)


def place(site):
    return SITES.index(site)


def weather(years, seed=5):
    """Return RF-1 with years that differ: warmer or cooler, more or less GPP, drier."""
    given, draw = drivers(years=years), np.random.default_rng(seed)
    shape = (len(SITES), years)
    warmer, more = draw.normal(0, 1.5, shape), draw.uniform(0.7, 1.3, shape)
    drier = draw.uniform(0.7, 1.0, shape)

    def daily(values):
        return np.repeat(values, 365, axis=1)

    given["air_temperature"] = given["air_temperature"] + daily(warmer)
    given["soil_temperature"] = given["soil_temperature"] + daily(warmer)
    given["gpp"] = given["gpp"] * daily(more)
    given["theta_l"] = given["theta_l"] * daily(drier)
    return given
