"""Defaults and designs beside the bounds of parameters, and beside what is plausible of them.

Shares come from distribution functions (`scenarios.designs`), not from draws, so a part in a
million is told as it is.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ensemble.members.experiment import Experiment, Sampler
from ensemble.members.layout import Layout
from ensemble.planning.causes import Sample, cause
from ensemble.planning.notices import DEFAULT, DESIGN, Notice, between, percent, with_unit
from kernels import F8, Parameter, Range

Flags = NDArray[np.bool_]

ASK = "look at the units and the years of the drivers"

RUNS, LENGTH = 32, 8
"""Rows are looked at in so many runs of so many neighbours, spread evenly over the design."""

TOLD = 0.5
"""Rows expected out of bounds from which on a distribution is told of."""


def parameter_notices(layout: Layout) -> Iterator[Notice]:
    """Yield defaults out of bounds, and distributions that leave the bounds or what is likely."""
    experiment, sampler = layout.experiment, layout.sampler
    yield from _defaults(experiment)
    outside = sampler.first.attributes.get("outside_bounds", {})
    drawn = spread_rows(sampler, 0, 0)[1]
    for parameter in experiment.kernel.parameters:
        if parameter.name not in drawn:
            continue
        share, values = float(outside.get(parameter.name, 0.0)), drawn[parameter.name]
        if elsewhere := list(_elsewhere(parameter, values)):
            yield from elsewhere
        elif share * sampler.size >= TOLD:
            yield _leaving(parameter, values, share)


def spread_rows(sampler: Sampler, forcing: int, place: int) -> tuple[list[int], dict[str, F8]]:
    """Return numbers of rows spread over the design and what it varies at a location, (n,)."""
    size = sampler.size
    length = size if size <= RUNS * LENGTH else LENGTH
    runs = max(1, min(RUNS, size // length))
    starts = [k * (size - length) // max(1, runs - 1) for k in range(runs)]
    numbers = [k + i for k in starts for i in range(length)]
    drawn = sampler.picked(forcing, slice(place, place + 1), numbers)
    return numbers, {n: values[0] for n, values in drawn.items()}


def _range(parameter: Parameter) -> Range:
    """Return bounds and what is likely as drivers have them, to look for causes."""
    low, high = (float(end) for end in parameter.likely())
    if not low < high:
        low, high = parameter.lower, parameter.upper
    return Range(parameter.lower, parameter.upper, low, high)


def _defaults(experiment: Experiment) -> Iterator[Notice]:
    """Yield parameters of control members that are beyond the kernel's bounds."""
    everywhere = slice(0, len(experiment.locations.names))
    rows = [experiment.control_rows(f, everywhere).values for f in range(len(experiment.forcings))]
    for parameter in experiment.kernel.parameters:
        values = np.stack([found[parameter.name][:, 0] for found in rows])
        out = ~((values >= parameter.lower) & (values <= parameter.upper))
        if not out.any():
            continue
        if (unknown := np.isnan(values)).any():
            yield _without(experiment, parameter, unknown)
            out &= ~unknown
        if out.any():
            yield _beyond(experiment, parameter, values, out)


def _without(experiment: Experiment, parameter: Parameter, unknown: Flags) -> Notice:
    """Return where a default that follows from the forcing does not exist."""
    where = _place(experiment, int(unknown.argmax()))
    text = (
        f"{parameter.name}: no default follows from the drivers at {unknown.sum():,} of "
        f"{unknown.size:,} locations, such as {where}, and the control member fails there: {ASK}"
    )
    return Notice(
        DEFAULT, text, parameter.name, float(unknown.mean()), np.nan, parameter.lower,
        parameter.upper, parameter.units, where,
    )  # fmt: skip


def _beyond(experiment: Experiment, parameter: Parameter, values: F8, out: Flags) -> Notice:
    """Return what is said of defaults (forcing, location) that are beyond the kernel's bounds."""
    distance = np.where(out, np.maximum(parameter.lower - values, values - parameter.upper), -1.0)
    at = int(distance.argmax())
    worst, where = float(values.reshape(-1)[at]), _place(experiment, at)
    sample = Sample(worst, float(np.nanmedian(values)), float(np.nanmax(values)))
    why = cause(sample, parameter.units, _range(parameter))
    bounds = between(parameter.lower, parameter.upper, parameter.units)
    text = (
        f"{parameter.name}: the control member's is outside {bounds}, the kernel's bounds, at "
        f"{out.sum():,} of {out.size:,} locations; the worst is "
        f"{with_unit(worst, parameter.units)} ({where}): "
        f"{why or 'say parameters: with another value'}"
    )
    return Notice(
        DEFAULT, text, parameter.name, float(out.mean()), worst, parameter.lower,
        parameter.upper, parameter.units, where, why,
    )  # fmt: skip


def _place(experiment: Experiment, flat: int) -> str:
    """Return the forcing and location of a number of (forcing, location) counted in order."""
    f, place = divmod(flat, len(experiment.locations.names))
    return f"{experiment.forcings[f]}, {experiment.locations.names[place]}"


def _leaving(parameter: Parameter, drawn: F8, share: float) -> Notice:
    """Return what is said of a distribution that leaves the kernel's bounds."""
    distance = np.maximum(parameter.lower - drawn, drawn - parameter.upper)
    worst = float(drawn[int(distance.argmax())])
    why = cause(_sample(worst, drawn), parameter.units, _range(parameter))
    text = (
        f"{parameter.name}: {percent(share)} of its distribution is outside "
        f"{between(parameter.lower, parameter.upper, parameter.units)}, the kernel's bounds; "
        f"members there may fail: {why or 'add lower: or upper: to cut it'}"
    )
    return Notice(
        DESIGN, text, parameter.name, share, worst, parameter.lower, parameter.upper,
        parameter.units, "design", why,
    )  # fmt: skip


def _elsewhere(parameter: Parameter, drawn: F8) -> Iterator[Notice]:
    """Yield a parameter of which no value is likely, if another unit explains it."""
    range_ = _range(parameter)
    out = (drawn < range_.low) | (drawn > range_.high)
    if not out.all():
        return
    # Tails of a distribution may well lie beyond what is plausible in the right unit, too.
    middle = float(np.median(drawn))
    why = cause(Sample(middle, middle, float(drawn.max())), parameter.units, range_)
    if not why:
        return
    found = with_unit(middle, parameter.units)
    text = (
        f"{parameter.name}: all of its values are outside "
        f"{between(range_.low, range_.high, parameter.units)}, what is plausible "
        f"({parameter.plausible.source}); the middle one is {found}: {why}"
    )
    yield Notice(
        DESIGN, text, parameter.name, 1.0, middle, range_.low, range_.high, parameter.units,
        "design", why,
    )  # fmt: skip


def _sample(worst: float, drawn: F8) -> Sample:
    return Sample(worst, float(np.median(drawn)), float(drawn.max()))
