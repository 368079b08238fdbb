"""What is taken of an output slab after slab of steps, so that no run of steps is held whole.

Reductions go on with what stands open: a season that a slab's end cuts, the sums of each month
over years. Steps are added in their order, one after the other, so no bit depends on slabs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ensemble.members.in_time import Level, Reduced
from kernels import F8, I8, highest_of


class Taker(Protocol):
    """Takes the steps of one output of a tile."""

    def take(self, values: F8, first: int) -> None:
        """Take some steps, (l, *dims, s) with time among the dims, of which one is the first."""
        ...

    def result(self) -> F8:
        """Return what is left when all steps are taken."""
        ...


@dataclass(frozen=True)
class Stream:
    """An array that is made of the steps of an output as they come.

    Attributes
    ----------
    array, output : str
        What the tile calls it, and the kernel.
    shape : tuple of int
        Of what is left, between location and sample.
    begin : callable
        Returns a `Taker`.
    steps : ndarray, shape (k,), int64, optional
        Those that it is made of, and are all of it.
    """

    array: str
    output: str
    shape: tuple[int, ...]
    begin: Callable[[], Taker]
    steps: I8 | None = None

    @property
    def may_be_filled(self) -> bool:
        """Return whether a stage with `picks` may fill it itself."""
        return self.steps is not None or self.array == highest_of(self.output)


def at_of(output: str) -> str:
    """Return what a tile calls the steps that are looked at of an output it does not have whole."""
    return f"{output}/at"


def last_of(output: str) -> str:
    """Return what a tile calls the last of an output's steps."""
    return f"{output}/last"


class Highest:
    """The highest of all steps that are numbers; NaN where none is."""

    def __init__(self, axis: int) -> None:
        self._axis = axis
        self._most: F8 | None = None

    def take(self, values: F8, first: int) -> None:
        """Take some steps."""
        most = np.fmax.reduce(values, axis=self._axis)
        self._most = most if self._most is None else np.fmax(self._most, most, out=self._most)

    def result(self) -> F8:
        """Return the highest, (l, *dims, s) without time."""
        assert self._most is not None
        return self._most


class Picked:
    """Some steps, in their order."""

    def __init__(self, steps: I8, axis: int) -> None:
        self._steps, self._axis = steps, axis
        self._parts: list[F8] = []

    def take(self, values: F8, first: int) -> None:
        """Take some steps."""
        begin, end = np.searchsorted(self._steps, [first, first + values.shape[self._axis]])
        self._parts.append(np.take(values, self._steps[begin:end] - first, axis=self._axis))

    def result(self) -> F8:
        """Return the steps, (l, *dims, s) with these along time."""
        return self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts, self._axis)


class Last:
    """The last step."""

    def __init__(self, axis: int) -> None:
        self._axis = axis
        self._values: F8 | None = None

    def take(self, values: F8, first: int) -> None:
        """Take some steps."""
        self._values = np.take(values, -1, axis=self._axis)

    def result(self) -> F8:
        """Return the last, (l, *dims, s) without time."""
        assert self._values is not None
        return self._values


@dataclass(frozen=True)
class _Within:
    """Which groups have places in a span, where, which went on before it and which end in it."""

    which: I8
    places: tuple[I8, ...]
    goes_on: NDArray[np.bool_]
    ends: NDArray[np.bool_]


class _Order:
    """The groups of a level by place; spans are the same for all members, and looked up once."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.lengths = np.array([len(group) for group in level.groups])
        owner = np.repeat(np.arange(len(level.groups)), self.lengths)
        place = np.concatenate(level.groups)
        order = np.argsort(place, kind="stable")
        self._owner, self._place = owner[order], place[order]
        self._first = np.array([group[0] for group in level.groups])
        self._last = np.array([group[-1] for group in level.groups])
        self._known: dict[tuple[int, int], _Within] = {}

    def within(self, begin: int, end: int) -> _Within:
        """Return what of the groups is in a span of places."""
        if (begin, end) not in self._known:
            low, high = np.searchsorted(self._place, [begin, end])
            owner, place = self._owner[low:high], self._place[low:high] - begin
            which, counts = np.unique(owner, return_counts=True)
            ordered = place[np.argsort(owner, kind="stable")]
            places = tuple(np.split(ordered, np.cumsum(counts)[:-1])) if len(which) else ()
            goes_on, ends = self._first[which] < begin, self._last[which] < end
            self._known[begin, end] = _Within(which, places, goes_on, ends)
        return self._known[begin, end]


def orders_of(done: Reduced) -> tuple[_Order, ...]:
    """Return the levels of a reduction, ready for `Running`; one set for all tiles."""
    return tuple(map(_Order, done.levels))


class Running:
    """A reduction in time, slab after slab: cells of steps, and those of each group over years.

    Parameters
    ----------
    orders : tuple
        See `orders_of`.
    axis : int
        Where time is in values.
    squeezed : bool
        Whether what is left has no time.
    """

    def __init__(self, orders: tuple[_Order, ...], axis: int, *, squeezed: bool) -> None:
        self._cells = orders[:-1]
        self._final, self._axis, self._squeezed = orders[-1], axis, squeezed
        self._open: list[F8 | None] = [None] * len(self._cells)
        self._made: F8 | None = None

    def take(self, values: F8, first: int) -> None:
        """Take some steps."""
        for k, order in enumerate(self._cells):
            within = order.within(first, first + values.shape[self._axis])
            if not len(within.which):
                return
            total = self._folded(order, within, values, self._open[k])
            self._open[k] = np.compress(~within.ends, total, axis=self._axis)
            if not within.ends.any():
                return
            ended = within.which[within.ends]
            # Cells lie one after the other, so those that end do, too.
            first, values = int(ended[0]), np.compress(within.ends, total, axis=self._axis)
            values = order.level.finish(values, order.lengths[ended], self._axis)
        within = self._final.within(first, first + values.shape[self._axis])
        if len(within.which):
            self._add(within, values)

    def _folded(self, order: _Order, within: _Within, values: F8, so_far: F8 | None) -> F8:
        return order.level.fold(values, within.places, self._axis, so_far, within.goes_on)

    def _add(self, within: _Within, values: F8) -> None:
        """Add to the last level, all of which is held."""
        order, axis = self._final, self._axis
        if self._made is None:
            shape = list(values.shape)
            shape[axis] = len(order.lengths)
            self._made = np.empty(shape)
        held = np.moveaxis(self._made, axis, 0)
        so_far = np.moveaxis(held[within.which[within.goes_on]], 0, axis)
        total = self._folded(order, within, values, so_far)
        ended = np.compress(within.ends, total, axis=axis)
        ended = order.level.finish(ended, order.lengths[within.which[within.ends]], axis)
        parts = np.moveaxis(total, axis, 0)
        parts[within.ends] = np.moveaxis(ended, axis, 0)
        held[within.which] = parts

    def result(self) -> F8:
        """Return what is left of all steps."""
        assert self._made is not None
        return np.moveaxis(self._made, self._axis, 0)[0] if self._squeezed else self._made
