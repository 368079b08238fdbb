"""MIMICS for its tests: the published cases, how to run them, and the model written again."""

from dataclasses import dataclass, field, replace

import numpy as np
import stages

from kernels.mimics import mimics
from kernels.mimics.one_layer.sets import FORM_OF, SETS

POOLS = ("lit_m", "lit_s", "mic_r", "mic_k", "som_p", "som_c", "som_a")
COLD = np.array([1.65, 1.65, 0.4125, 0.4125, 1.85625, 6.1875, 4.33125])
YEAR = 8760.0
CHANGING = ("litter_input", "annual_npp", "soil_temperature", "lignin_n", "theta_l", "theta_f")


def numbers(text):
    return np.array([float(cell) for cell in text.split("|")])


@dataclass(frozen=True)
class Case:
    """A set with what a case changes of it, and the drivers of its site."""

    named: str
    litter: float
    temperature: float
    clay: float
    lignin_n: float
    depth: float
    changed: dict = field(default_factory=dict)
    water: tuple = ()

    @property
    def constants(self):
        return SETS[self.named] | self.changed

    @property
    def drivers(self):
        found = {
            "litter_input": self.litter,
            "annual_npp": self.litter,
            "soil_temperature": self.temperature,
            "clay": self.clay,
            "lignin_n": self.lignin_n,
            "depth": self.depth,
        } | dict(zip(("theta_l", "theta_f"), self.water, strict=False))
        return {name: np.array([value]) for name, value in found.items()}

    def options(self, **chosen):
        own = {"set": self.named, "form": FORM_OF[self.named]}
        return mimics.Options(**own, moisture="corpse" if self.water else "none", **chosen)

    def with_(self, **changed):
        return replace(self, changed=self.changed | changed)


FORWARD = Case("wieder2015", 400.0, 10.0, 0.20, 20.0, 30.0)
# All six V times 4, all six K times 8, D times 2.
SCALED = {"beta": 1.2, "aV": 4 * 8e-6, "aK": 8 * 10.0, "D1": 2 * 1.5e-5}
CASES = {
    "S1": FORWARD,
    "S2": Case("testbed", 500.0, 15.0, 0.30, 25.0, 100.0, water=(0.4, 0.0)),
    "S3": Case("sandbox", 372.0, 7.1, 0.15, 20.58823529, 30.0),
    "S4": FORWARD.with_(beta=1.5),
    "S5": Case("wang_code", 400.0, 10.0, 0.20, 20.0, 30.0, SCALED),
}


def run(options, drivers, changed=None, *, steps=0, outputs=None, coords=None, share=True):
    """Run members with these parameters, (S,) each or one; the others have their defaults."""
    kernel = mimics.KERNEL.made(options, None)
    changed = {name: np.atleast_1d(np.asarray(v, float)) for name, v in (changed or {}).items()}
    samples = max((v.shape[-1] for v in changed.values()), default=1)
    rows = {p.name: np.full(samples, p.default) for p in kernel.parameters}
    rows |= {name: np.broadcast_to(v, (*v.shape[:-1], samples)) for name, v in changed.items()}
    coords = coords or ({"year": np.arange(2001, 2001 + steps)} if steps else {})
    drivers = {name: np.asarray(drivers[name], float) for name in (d.name for d in kernel.drivers)}
    return stages.run(kernel, options, drivers, coords, rows, outputs=outputs, share=share)


def lasting(drivers, steps):
    """Return drivers in time that stay as they are."""
    return {
        name: np.repeat(values[:, np.newaxis], steps, axis=1) if name in CHANGING else values
        for name, values in drivers.items()
    }


def pools(found, *, location=0, sample=0):
    """Return the pools of one member, (7,) or (T, 7)."""
    return np.stack([found.out[name][location, ..., sample] for name in POOLS], axis=-1)


# --- the model again, from its description, in vectors over microbes ---


def scalar_of_water(water):
    if not water:
        return 1.0
    liquid, frozen = water
    return max(0.05, liquid**3 * max(0, 1 - liquid - frozen) ** 2.5 / 0.022600567942709)


class Again:
    """Rates of a case; arrays are (microbe r and k, substrate m, s and a)."""

    def __init__(self, case):
        q = case.constants
        self.reverse = FORM_OF[case.named] == "reverse"
        water = scalar_of_water(case.water)
        both = lambda *words: np.array([[q[w.format(b=b)] for w in words] for b in "rk"])  # noqa: E731
        met = max(0.0, q["q1"] * (q["q2"] - q["q3"] * min(case.lignin_n, q["lignin_n_most"])))
        litter = case.litter / 10 / case.depth / YEAR
        self.litter = litter * np.array([met, 1 - met])
        self.at_once = np.array([q["fi_m"], q["fi_s"]])
        warm = np.exp(q["Vslope"] * case.temperature + q["Vint"])
        self.v = q["aV"] * warm * water * both("vmod_{b}m", "vmod_{b}s", "vmod_{b}a")
        slopes = np.array([q["Kslope_m"], q["Kslope_s"], q["Kslope_a"]])
        clay = np.array([1, 1, q["p1"] * np.exp(q["p2"] * np.sqrt(case.clay))])
        kmod = both("kmod_{b}m", "kmod_{b}s", "kmod_{b}a") * clay
        self.half = q["aK"] * np.exp(slopes * case.temperature + q["Kint"]) / kmod
        self.ko = both("KO_{b}")[:, 0] * self.half[:, 1]
        self.eaten = np.array([[q["e1"], q["e2"], q["e1"]], [q["e3"], q["e4"], q["e3"]]])
        npp = np.clip(np.sqrt(case.litter / q["tau_npp"]), q["tau_low"], q["tau_high"])
        tau = both("tau_{b}1", "tau_{b}2")
        self.mu = tau[:, 0] * np.exp(tau[:, 1] * met) * npp * q["tau_extra"] * water
        self.beta = q["beta"]
        kept = both("fP_{b}", "fP_{b}_clay")
        self.f_p = kept[:, 0] * np.exp(kept[:, 1] * case.clay)
        bound = both("fC_{b}", "fC_{b}_met", "fC_{b}_scale")
        self.f_c = np.minimum(bound[:, 0] * np.exp(bound[:, 1] * met) * bound[:, 2], 1 - self.f_p)
        self.desorption = q["D1"] * np.exp(q["D2"] * case.clay)

    def __call__(self, t, c):
        """Return the rates of the pools, mg C cm-3 h-1."""
        food, b, old = c[[0, 1, 6]], c[[2, 3]][:, np.newaxis], c[5]
        by = b if self.reverse else food
        u = self.v * b * food / (self.half + by)
        chosen = b[:, 0] if self.reverse else old
        oxidised = (self.v[:, 1] * b[:, 0] * old / (self.ko + chosen)).sum()
        dead = self.mu * b[:, 0] ** self.beta
        freed = self.desorption * c[4]
        ate = u.sum(axis=0)
        into = self.litter * (1 - self.at_once)
        direct = self.litter * self.at_once
        return np.array(
            [
                into[0] - ate[0],
                into[1] - ate[1],
                *((self.eaten * u).sum(axis=1) - dead),
                direct[0] + self.f_p @ dead - freed,
                direct[1] + self.f_c @ dead - oxidised,
                (1 - self.f_p - self.f_c) @ dead + freed + oxidised - ate[2],
            ]
        )
