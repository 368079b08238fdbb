"""What kernels need of parameters and drivers together, beside the members of a design."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from ensemble.members.experiment import Experiment
from ensemble.members.layout import Layout
from ensemble.planning.notices import DESIGN, Notice, percent
from ensemble.planning.parameter_ranges import spread_rows
from kernels import F8, Condition
from scenarios.forcing import spread

MOST_PLACES = 64
"""Locations of a forcing, spread over those whose drivers are looked at."""


def condition_notices(
    layout: Layout, seen: Experiment, told: Collection[str] = ()
) -> Iterator[Notice]:
    """Yield conditions that do not hold for some members, with how many of those looked at.

    Parameters
    ----------
    layout : Layout
    seen : Experiment
        With the drivers that a plan looks at, of some or all locations of the layout's.
    told : collection of str
        Drivers that are known to be wrong: nothing is said of what they bring about.
    """
    conditions = [one for one in seen.kernel.conditions if not {*one.of} & {*told}]
    if not conditions:
        return
    rows = _Rows(layout)
    places = spread(len(seen.locations.names), MOST_PLACES).tolist()
    for condition in conditions:
        tally = _Tally()
        for forcing in range(len(seen.forcings)):
            for place in places:
                name = seen.locations.names[place]
                drawn = rows.of(forcing, name)
                tally.add(largest(seen, condition, forcing, place, drawn), condition, name)
        if tally.failing:
            yield _notice(layout, condition, tally, len(places))


def largest(
    experiment: Experiment, condition: Condition, forcing: int, place: int,
    parameters: Mapping[str, F8],
) -> F8:  # fmt: skip
    """Return the largest value over time of a condition at a location, (S,), of parameters (S,).

    NaN where it is of no number, and nobody knows.
    """
    inputs: dict[str, F8] = {}
    for name in condition.of:
        if name in parameters:
            inputs[name] = parameters[name][:, np.newaxis]
        else:
            inputs[name] = np.asarray(experiment.drivers[forcing][name][place]).reshape(1, -1)
    with np.errstate(all="ignore"):
        values: F8 = np.fmax.reduce(condition.value(inputs), axis=1)
    return values


class _Tally:
    """Members for which a condition does not hold, and the worst of them."""

    def __init__(self) -> None:
        self.failing, self.members, self.worst, self.where = 0, 0, -np.inf, ""

    def add(self, values: F8, condition: Condition, where: str) -> None:
        out = values > condition.most
        self.failing += int(out.sum())
        self.members += len(values)
        if out.any() and values[out].max() > self.worst:
            self.worst, self.where = float(values[out].max()), where


class _Rows:
    """Parameters of a design's rows, spread over it, at a location; each drawn once."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._number = {name: k for k, name in enumerate(layout.experiment.locations.names)}
        self._drawn: dict[tuple[int, int], Mapping[str, F8]] = {}

    def of(self, forcing: int, name: str) -> Mapping[str, F8]:
        """Return every parameter of the kernel, (S,) each."""
        place, sampler = self._number[name], self._layout.sampler
        by_forcing, by_location = map(sampler.varies_by, ("forcing", "location"))
        design = forcing if by_forcing else 0, place if by_location else 0
        if design not in self._drawn:
            self._drawn[design] = spread_rows(sampler, *design)[1]
        drawn = self._drawn[design]
        here = slice(place, place + 1)
        control = self._layout.experiment.control_rows(forcing, here).values
        size = len(next(iter(drawn.values()), np.zeros(1)))
        return {n: drawn.get(n, np.repeat(v[0], size)) for n, v in control.items()}


def _notice(layout: Layout, condition: Condition, tally: _Tally, places: int) -> Notice:
    """Return what is said of a condition that does not hold for some."""
    share = tally.failing / tally.members
    varied = [name for name in condition.of if name in layout.sampler.parameters]
    advice = f"narrow {' or '.join(varied)}" if varied else f"correct {' or '.join(condition.of)}"
    locations = f"{places} location{'s' if places > 1 else ''} of each forcing"
    text = (
        f"{condition.text}, is above {condition.most:g} in {percent(share)} of {tally.members:,} "
        f"members looked at ({locations}), up to {tally.worst:.4g} ({tally.where}): these fail; "
        f"{advice}"
    )
    return Notice(
        DESIGN, text, ", ".join(condition.of), share, tally.worst, upper=condition.most, units="1",
        place=tally.where, fails=True,
    )  # fmt: skip
