"""MIMICS of the testbed for its tests: made-up climates, how to run members, and RF-1."""

import numpy as np
import stages

from kernels import Batch
from kernels.mimics import mimics_testbed

POOLS = ("lit_m", "lit_s", "mic_r", "mic_k", "som_p", "som_c", "som_a")
LITTER = ("mimics_litter_met", "mimics_litter_str", "cwd_to_litter")
DAYS = 365


def climates(count, years, seed=0, *, cold=False):
    """Return drivers of random seasonal places, no year like another."""
    draw = np.random.default_rng(seed)

    def at(low, high):
        return draw.uniform(low, high, (count, 1))

    day = np.arange(DAYS * years)
    season = np.cos(2 * np.pi * (day - at(0, DAYS)) / DAYS)
    noise = draw.uniform(0.8, 1.2, (count, years)).repeat(DAYS, axis=1)
    npp = at(0.05, 1.0) if cold else at(0.05, 4.0)
    litter, woody, metabolic = (
        npp * (1 + at(0, 0.9) * season) * noise,
        0.3 * npp * noise,
        at(0.2, 0.6),
    )
    warmth = at(-18, 0) if cold else at(-12, 28)
    temperature = warmth + at(0, 20) * season + (noise - 1) * 5
    frozen = np.clip(-temperature / 10, 0, 1) * at(0.2, 0.8)
    return {
        "mimics_litter_met": metabolic * litter,
        "mimics_litter_str": (1 - metabolic) * litter,
        "cwd_to_litter": 0.52 * woody,
        "cwd_respiration": 0.48 * woody,
        "lignin_n": at(5, 45) * (1 + 0.1 * season),
        "soil_temperature": temperature,
        "theta_l": np.clip(at(0.1, 0.9) * (1 + 0.3 * season) - frozen, 0, 1),
        "theta_f": frozen,
        "annual_npp": 400 * npp * noise[:, ::DAYS],
        "pft": draw.choice([1.0, 2, 5, 7, 10, 12, 18], count),
        "clay": at(0.05, 0.6)[:, 0],
    }


def means(climate):
    """Return drivers without time."""
    return {n: v if v.ndim == 1 else v.mean(axis=1) for n, v in climate.items()}


def lasting(site, years):
    """Return drivers day by day of what does not change."""
    lengths = {n: years if n == "annual_npp" else years * DAYS for n in site}
    still = ("pft", "clay")
    return {n: v if n in still else np.full((1, lengths[n]), v) for n, v in site.items()}


def made(base=None, **chosen):
    return mimics_testbed.KERNEL.made(mimics_testbed.Options(**chosen), base)


def rows_of(kernel, changed):
    """Return parameters (S,) or (L, S): those of ``changed``, the others at their defaults."""
    changed = {name: np.atleast_1d(np.asarray(v, float)) for name, v in (changed or {}).items()}
    samples = max((v.shape[-1] for v in changed.values()), default=1)
    rows = {p.name: np.full(samples, p.default) for p in kernel.parameters}
    return rows | {n: np.broadcast_to(v, (*v.shape[:-1], samples)) for n, v in changed.items()}


def coords_of(climate):
    years = climate["annual_npp"].shape[1] if climate["annual_npp"].ndim > 1 else 1
    return {
        "year": np.arange(2001, 2001 + years),
        "date": np.arange(DAYS * years),
        "mimics_pool": np.arange(len(POOLS)),
    }


def run(climate, changed=None, /, *, outputs=None, share=True, base=None, **chosen):
    """Run members with these parameters; see `rows_of`."""
    kernel = made(base, **chosen)
    options = mimics_testbed.Options(**chosen)
    drivers = {d.name: np.asarray(climate[d.name], float) for d in kernel.drivers}
    rows = rows_of(kernel, changed)
    return stages.run(
        kernel, options, drivers, coords_of(climate), rows, outputs=outputs, share=share
    )


def run_from(climate, pools, outputs):
    """Run the default member from given pools, (7,)."""
    kernel, options = made(), mimics_testbed.Options()
    (stage,) = kernel.stages
    coords, count = coords_of(climate), len(climate["clay"])
    sizes = {"time": len(coords["year"]), **{n: len(v) for n, v in coords.items()}}
    out = {n: np.empty((count, *(sizes[d] for d in kernel.variable(n).dims), 1)) for n in outputs}
    status = np.zeros((count, 1), np.uint8)
    batch = Batch(
        parameters={p.name: np.full((1, 1), p.default) for p in kernel.parameters},
        drivers={d.name: climate[d.name] for d in kernel.drivers},
        coords=coords,
        start={"mimics_start": np.tile(np.asarray(pools)[:, np.newaxis], (count, 1, 1))},
    )
    stage.open(options)(batch, out, status)
    assert not status.any()
    return out
