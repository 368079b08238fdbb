"""MIMICS by depth for its tests: the published cases and tables, and how to run them."""

from dataclasses import dataclass, field, replace

import numpy as np
import stages

from kernels.mimics import mimics_profile

PROFILE_POOLS = ("lit_m", "lit_s", "mic_r", "mic_k", "som_p", "som_c", "som_a")


@dataclass(frozen=True)
class Case:
    """A preset and layers, the drivers of a site, and parameters that differ from defaults."""

    preset: str
    temperature: float
    clay: float
    lignin_n: tuple
    litter: tuple
    changed: dict = field(default_factory=dict)
    layers: tuple = (5.0,) * 20

    @property
    def drivers(self):
        found = {
            "litter_above": self.litter[0],
            "litter_below": self.litter[1],
            "lignin_n_above": self.lignin_n[0],
            "lignin_n_below": self.lignin_n[1],
            "annual_npp": sum(self.litter),
            "soil_temperature": self.temperature,
            "clay": self.clay,
        }
        return {name: np.array([value], float) for name, value in found.items()}

    def options(self, **chosen):
        return mimics_profile.Options(preset=self.preset, layers=self.layers, **chosen)

    def with_(self, **changed):
        return replace(self, changed=self.changed | changed)


NAMES = ("x_v", "x_k", "x_d", "x_D", "alpha_r", "alpha_v", "beta")


def xs(*values):
    return dict(zip(NAMES, values, strict=True))


PLAIN = xs(4, 8, 2, 0.75, 10, 1, 1.2)
EBF = xs(7.75, 11.72, 1.44, 1.55, 22.74, 4.71, 1.19)
BNF = xs(8.96, 23.97, 1.89, 0.06, 14.59, 3.89, 1.62)
DBF = xs(8.91, 15.49, 4.19, 0.63, 10.51, 1.56, 1.40)
ENF = xs(22.10, 22.31, 7.45, 8.59, 17.40, 2.41, 1.11)
CASES = {
    "V0": Case("w21_code", 10, 0.25, (18, 22), (300, 200), DBF | {"x_D": 0.0}),
    "V1": Case("w21_text", 10, 0.20, (20, 25), (300, 200), PLAIN),
    "V2": Case("w21_code", 10, 0.20, (20, 25), (300, 200), PLAIN),
    "V3": Case("w21_code", 20, 0.30, (15, 20), (500, 400), EBF),
    "V4": Case("w21_code", 2, 0.10, (30, 30), (150, 100), BNF),
    "V5": Case("w21_code", 10, 0.20, (20, 25), (300, 200), PLAIN, (2.0, 3, 5, 10, 10, 20, 25, 25)),
}


def run(options, drivers, changed=None, *, outputs=None, coords=None, share=True, wanted=None):
    """Run members with these parameters, (S,) each or one; the others have their defaults."""
    kernel = mimics_profile.KERNEL.made(options, None)
    changed = {name: np.atleast_1d(np.asarray(v, float)) for name, v in (changed or {}).items()}
    samples = max((v.shape[-1] for v in changed.values()), default=1)
    rows = {p.name: np.full(samples, p.default) for p in kernel.parameters}
    rows |= {name: np.broadcast_to(v, (*v.shape[:-1], samples)) for name, v in changed.items()}
    coords = dict(coords or {})
    if options.mode == "transient":
        coords |= {"year": np.arange(drivers["litter_above"].shape[1]) + 2001}
    coords |= {name: c.values for name, c in kernel.coords.items()}
    drivers = {d.name: np.asarray(drivers[d.name], float) for d in kernel.drivers}
    how = {"outputs": outputs, "share": share, "wanted": wanted}
    return stages.run(kernel, options, drivers, coords, rows, **how)


def solved(name, **chosen):
    """Return the members of a case's equilibrium."""
    case = CASES[name]
    return run(case.options(**chosen), case.drivers, case.changed)


def pools(found, *, location=0, sample=0):
    """Return the pools of one member, (layer, 7)."""
    return np.stack([found.out[n][location, ..., sample] for n in PROFILE_POOLS], axis=-1)


def over(case, years):
    """Return the drivers of a case that stay as they are for some years."""
    return {n: v if n == "clay" else np.tile(v, (1, years)) for n, v in case.drivers.items()}


def synthetic_air(first=1949, last=1999):
    """Return years and the made-up fraction modern of the 14C tables."""
    years = np.arange(first, last + 1)
    rise = 0.975 + (1.80 - 0.975) * (years - 1955) / 9
    air = np.where(years <= 1955, 0.975, np.where(years <= 1964, rise, 0.0))
    return years, np.where(years > 1964, 1.05 + 0.75 * np.exp(-(years - 1964) / 16), air)


def with_14c(case, sampled):
    """Return drivers and coords of a case with the made-up atmosphere."""
    years, air = synthetic_air()
    drivers = {"sampling_year": np.array([float(sampled)]), "atmosphere": air[np.newaxis]}
    return case.drivers | drivers, {"atmosphere_year": years}
