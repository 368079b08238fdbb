"""Factors on drivers: parameters that change what drives a member, and factors on its start.

A kernel names those that make sense for it (`kernels.Kernel.of_stage`) and never sees them:
before its stage runs, drivers are multiplied or added to, and members whose factors differ have
drivers of their own (`contract.groups`). So whatever reads a driver follows, a member has the bits
that it has where the forcing itself is changed so, and a stage of which no factor differs from its
default is given what it is given without any. What is no number, or out of bounds, in a forcing
that is changed so is found by the kernel itself.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any, Literal

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.batches import parameter_status, worse
from kernels.contract.entries import Parameter
from kernels.contract.groups import run_in_groups
from kernels.contract.plausible import Plausible
from kernels.contract.stages import Batch, Run
from kernels.contract.status import OK

FLOATS_AT_ONCE = 1 << 20
"""Of drivers of a call, beyond which it holds no more groups than make its lanes full."""


@dataclass(frozen=True)
class Factor:
    """A parameter that changes drivers.

    Attributes
    ----------
    parameter : Parameter
        Its default changes nothing.
    drivers : tuple of str
        Those that it changes, where a kernel has them.
    change : {"times", "plus", "water"}
        What is done: a product, a sum, or a product that is 1 at most, as what soil holds
        beyond its pore space runs off.
    """

    parameter: Parameter
    drivers: tuple[str, ...]
    change: Literal["times", "plus", "water"] = "times"

    def of(self, *drivers: str) -> "Factor":
        """Return this factor for a kernel whose drivers have these names."""
        return replace(self, drivers=drivers)

    def changed(self, values: F8, by: F8) -> F8:
        """Return drivers (n, *dims) changed by the parameter's values (n,)."""
        by = by.reshape(-1, *(1,) * (values.ndim - 1))
        if self.change == "plus":
            return values + by
        scaled: F8 = by * values
        if self.change == "times":
            return scaled
        # What no soil holds in the forcing is left for the kernel to refuse.
        return np.where(values > 1.0, values, np.minimum(scaled, 1.0))


def open_changed(
    open_: Callable[[Any], Run], factors: Sequence[Factor], lanes: int, options: Any
) -> Run:
    """Return the run of a stage whose drivers parameters change; ``lanes`` as of `Kernel`."""
    run = open_(options)
    names = tuple(factor.parameter.name for factor in factors)

    def changing(batch: Batch, out: Mapping[str, F8], status: U1) -> Sequence[str] | None:
        by = {name: batch.parameters[name] for name in names}
        rest = {n: v for n, v in batch.parameters.items() if n not in names}
        own = replace(batch, parameters=rest)
        if all((by[f.parameter.name] == f.parameter.default).all() for f in factors):
            return run(own, out, status)
        # Members stand at other locations there than whoever asks for them counts.
        own = replace(own, wanted=None)
        held = sum(prod(v.shape[1:]) for v in own.drivers.values())

        def drive(first: I8, drivers: Mapping[str, F8]) -> Mapping[str, F8]:
            return _driven(factors, by, first, drivers)

        def at_once(locations: int) -> int:
            return max(1, lanes // locations, FLOATS_AT_ONCE // (locations * held))

        apart = [row for values in by.values() for row in values]
        notes = run_in_groups(run, own, apart, drive, at_once, out, status)
        wrong = parameter_status([f.parameter for f in factors], by)
        _fail(np.broadcast_to(wrong, status.shape), out, status)
        return notes

    return changing


def but(open_: Callable[[Any], Run], made: Mapping[str, Collection[str]]) -> Callable[[Any], Run]:
    """Return what opens a stage whose factors leave some drivers as they are.

    Parameters
    ----------
    made : mapping of str to collection of str
        Drivers, and the factors by which what they are made of has been changed already.
    """
    if not (isinstance(open_, partial) and open_.func is open_changed):
        return open_
    inner, factors, lanes = open_.args
    left = tuple(
        f.of(*(n for n in f.drivers if f.parameter.name not in made.get(n, ()))) for f in factors
    )
    return partial(open_changed, inner, left, lanes)


def _driven(
    factors: Sequence[Factor], by: Mapping[str, F8], first: I8, drivers: Mapping[str, F8]
) -> Mapping[str, F8]:
    """Return the drivers that factors change, (L many, *dims)."""
    changed: dict[str, F8] = {}
    for factor in factors:
        values = by[factor.parameter.name][:, first]
        for name in factor.drivers:
            before = changed.get(name, drivers[name])
            own = np.broadcast_to(values, (len(before) // len(first), len(first)))
            changed[name] = factor.changed(before, own.ravel())
    return changed


def _fail(codes: U1, out: Mapping[str, F8], status: U1) -> None:
    """Give members whose factors have a status (L, S) it, and NaN."""
    wrong = codes != OK
    status[wrong] = worse(codes, status)[wrong]
    for values in out.values() if wrong.any() else ():
        np.moveaxis(values, -1, 1)[wrong] = np.nan


# --- parameters that several kernels have ---

_OURS = "1: the forcing as it is"
_LIKELY = Plausible(
    0.62,
    1.61,
    "2.6-fold, as NPP of the land differs among the models of CMIP5 (Todd-Brown et al., 2013, "
    "10.5194/bg-10-1717-2013)",
    of="times",
)


def multiplier(name: str, what: str, likely: Plausible = _LIKELY) -> Parameter:
    """Return a parameter that multiplies something, 1 by default."""
    return Parameter(name, "1", 1.0, 0.0, 100.0, f"multiplies {what}", _OURS, likely)


def offset(name: str, what: str) -> Parameter:
    """Return a parameter that is added to a temperature, 0 by default."""
    source = "0: the forcing as it is; the testbed's own perturbations are offsets in K"
    likely = Plausible(-2.0, 2.0, "two degrees either way; ours", of="plus")
    return Parameter(name, "K", 0.0, -50.0, 50.0, f"added to {what}", source, likely)


LITTERFALL = Factor(multiplier("litter_factor", "litter of leaves, fine roots and wood"), ())
TEMPERATURE = Factor(
    offset("temperature_offset", "the temperature of the soil"), ("soil_temperature",), "plus"
)
MOISTURE = Factor(
    multiplier(
        "moisture_factor",
        "water of the soil, which holds its pore space at most",
        Plausible(0.8, 1.2, "a fifth either way; ours", of="times"),
    ),
    ("theta_l", "theta_f"),
    "water",
)

INITIAL_CARBON = Parameter(
    "initial_carbon_factor",
    units="1",
    default=1.0,
    lower=1e-3,
    upper=100.0,
    meaning="multiplies litter, microbes and soil carbon that a run starts from, no woody debris",
    source="1: the start as it is found",
    plausible=Plausible(
        0.4,
        2.4,
        "510 to 3040 Pg C of soil in models of CMIP5, for 1260 observed (Todd-Brown et al., 2013, "
        "10.5194/bg-10-1717-2013)",
        of="times",
    ),
)
"""Of what runs in time from a state."""
