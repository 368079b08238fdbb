"""Slabs of years that a run by days goes through, so that its memory does not grow with its years.

The first has the years that the stages' starts look at; the others as many as fill a cache.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ensemble.members.in_time import DAY
from kernels import F8, Batch, Kernel, Stage, Variable

SLAB_BYTES = 4 << 20
"""What the members of one vector group fill in a slab, about. At a quarter of it calls from Python
cost a tenth more, at four times as much memory does."""

DAYS = {"year": 1, DAY: 365}
"""Steps of a year."""

ALL = 1 << 40
"""More years than any run has: no slab."""


@dataclass(frozen=True)
class Span:
    """Some years, and what stages keep and leave from one to the next for the members of a tile.

    Attributes
    ----------
    first, last : int
        Years of the run, the last one not among them.
    kept : dict of str to dict
        Of each stage, see `kernels.Slab`.
    lasting : dict of str to ndarray
        Outputs without time, which stages fill in any slab.
    """

    first: int
    last: int
    kept: dict[str, dict[Any, Any]] = field(default_factory=dict)
    lasting: dict[str, F8] = field(default_factory=dict)


@dataclass(frozen=True)
class Slabs:
    """How a run's years are cut.

    Attributes
    ----------
    steps : mapping of str to int
        Steps of a year along each dimension of time.
    years, first, each : int
        Of the run, of the first slab and of the others.
    along : frozenset of str
        Coordinates that have a value for each step of a time.
    """

    steps: Mapping[str, int]
    years: int
    first: int
    each: int
    along: frozenset[str]

    def spans(self) -> Iterator[Span]:
        """Yield the slabs of a tile."""
        span = Span(0, self.first)
        yield span
        while span.last < self.years:
            span = replace(span, first=span.last, last=min(self.years, span.last + self.each))
            yield span

    def sizes(self, sizes: Mapping[str, int], years: int) -> dict[str, int]:
        """Return the lengths of dimensions in a slab of so many years."""
        return {**sizes, **{dim: each * years for dim, each in self.steps.items() if dim in sizes}}

    def places(self, dims: Sequence[str], span: Span) -> tuple[slice, ...]:
        """Return where the steps of a span are in an array (l, *dims, ...)."""
        axis = next((1 + k for k, dim in enumerate(dims) if dim in self.steps), None)
        if axis is None:
            return ()
        each = self.steps[dims[axis - 1]]
        return (*(slice(None),) * axis, slice(each * span.first, each * span.last))

    def first_step(self, dims: Sequence[str], span: Span) -> int:
        """Return the step along the time of an array that a span begins with."""
        return next(self.steps[dim] for dim in dims if dim in self.steps) * span.first

    def cut(self, base: Batch, here: slice, span: Span, dims: Mapping[str, Sequence[str]]) -> Batch:
        """Return fresh, contiguous arrays of some locations and years; ``dims`` are of drivers."""
        drivers = {
            name: np.array(v[here][self.places(dims[name], span)], dtype=np.float64)
            for name, v in base.drivers.items()
        }
        coords = dict(base.coords)
        for name in self.along & coords.keys():
            each = len(coords[name]) // self.years
            coords[name] = coords[name][each * span.first : each * span.last]
        shared = base.parameters.items()
        parameters = {n: v if len(v) == 1 else v[here] for n, v in shared}
        return replace(base, parameters=parameters, drivers=drivers, coords=coords)


def slabs_of(
    kernel: Kernel,
    stages: Collection[Stage],
    filled: Collection[Variable],
    sizes: Mapping[str, int],
    most: int | None = None,
) -> Slabs | None:
    """Return the slabs that a run goes through; None where it takes all its years at once.

    That is where a stage cannot go on, nothing that stages fill is by days, or years are few or not
    whole.

    Parameters
    ----------
    kernel : Kernel
    stages : collection of Stage
        Those that run.
    filled : collection of Variable
        All that they fill.
    sizes : mapping of str to int
    most : int, optional
        Years of a slab after the first; by default as many as `SLAB_BYTES` hold.
    """
    steps = {dim: DAYS[step] for dim, step in kernel.steps.items() if dim in sizes}
    spans = {sizes[dim] / each for dim, each in steps.items()}
    by_day = [v for v in filled if kernel.steps.get(kernel.time_of(v)) == DAY]
    if len(spans) != 1 or not by_day or not all(map(_goes_on, stages)):
        return None
    if not (whole := spans.pop()).is_integer():
        return None
    one_year, years = {**sizes, **steps}, int(whole)
    values = sum(int(np.prod([one_year[d] for d in v.dims])) for v in filled)
    each = most or max(1, SLAB_BYTES // (8 * values * kernel.lanes))
    first = max([each, *(stage.ahead or 1 for stage in stages)])
    # A dimension of such a name that is no time is the kernel's own.
    along = frozenset({"year", DAY, *steps} - (sizes.keys() - steps.keys()))
    return None if first >= years else Slabs(steps, years, first, each, along)


def _goes_on(stage: Stage) -> bool:
    return stage.ahead is not None
