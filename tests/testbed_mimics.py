"""MIMICS of the testbed for its tests: drivers of made-up climates, and how to run members."""

import numpy as np
import stages

from kernels import mimics_testbed

POOLS = ("lit_m", "lit_s", "mic_r", "mic_k", "som_p", "som_c", "som_a")
DAILY = tuple(mimics_testbed._DAILY)


def climates(count, years, seed=0, *, cold=False):
    """Return drivers of random seasonal places, each year another."""
    draw = np.random.default_rng(seed)
    at = lambda low, high: draw.uniform(low, high, (count, 1))  # noqa: E731
    day = np.arange(365 * years)
    season = np.cos(2 * np.pi * (day - at(0, 365)) / 365)
    noise = draw.uniform(0.8, 1.2, (count, years)).repeat(365, axis=1)
    warmth = at(-18, 0) if cold else at(-12, 28)
    npp = at(0.05, 1.0) if cold else at(0.05, 4.0)
    litter = npp * (1 + at(0, 0.9) * season) * noise
    metabolic = at(0.2, 0.6)
    temperature = warmth + at(0, 20) * season + (noise - 1) * 5
    frozen = np.clip(-temperature / 10, 0, 1) * at(0.2, 0.8)
    liquid = np.clip(at(0.1, 0.9) * (1 + 0.3 * season) - frozen, 0, 1)
    woody = 0.3 * npp * noise
    return {
        "mimics_litter_met": metabolic * litter,
        "mimics_litter_str": (1 - metabolic) * litter,
        "cwd_to_litter": 0.52 * woody,
        "cwd_respiration": 0.48 * woody,
        "lignin_n": at(5, 45) * (1 + 0.1 * season),
        "soil_temperature": temperature,
        "theta_l": liquid,
        "theta_f": frozen,
        "annual_npp": 400 * npp * noise[:, ::365],
        "pft": draw.choice([1.0, 2, 5, 7, 10, 12, 18], count),
        "clay": at(0.05, 0.6)[:, 0],
    }


def means(drivers):
    """Return drivers without time."""
    return {n: v if v.ndim == 1 else v.mean(axis=1) for n, v in drivers.items()}


def run(climate, changed=None, /, *, outputs=None, share=True, base=None, **chosen):
    """Run members with these parameters, (S,) each or one; the others have their defaults."""
    options = mimics_testbed.Options(**chosen)
    kernel = mimics_testbed.KERNEL.made(options, base)
    changed = {name: np.atleast_1d(np.asarray(v, float)) for name, v in (changed or {}).items()}
    samples = max((v.shape[-1] for v in changed.values()), default=1)
    rows = {p.name: np.full(samples, p.default) for p in kernel.parameters}
    rows |= {name: np.broadcast_to(v, (*v.shape[:-1], samples)) for name, v in changed.items()}
    drivers = {name: np.asarray(climate[name], float) for name in (d.name for d in kernel.drivers)}
    coords = {"mimics_pool": np.arange(7)}
    if options.drivers == "daily":
        years = drivers["annual_npp"].shape[1]
        coords |= {"year": np.arange(2001, 2001 + years), "date": np.arange(365 * years)}
    return stages.run(kernel, options, drivers, coords, rows, outputs=outputs, share=share)
