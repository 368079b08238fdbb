"""Sums of pairs over some locations, in two parts, and the scores that follow from them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.benchmarks import SUMS, Moments, Pairs, Prepared, Sums
from ensemble.members.evaluation.compiled import add_pairs, add_steps
from kernels import F8, I8

THREE = SUMS[:3]
"""Sums that groups are put together of, made where one of the last two is asked for."""


def words_of(pairs: Pairs) -> tuple[str, ...]:
    """Return the sums that are made of pairs, in their order; none where values are kept."""
    asked = {*pairs.sums, *(THREE if {*pairs.sums} & {*THREE[1:]} else ())}
    return tuple(word for word in SUMS if word in asked)


class OfMoments:
    """What moments have of steps that come some at a time; a moment is added up step after step.

    Parameters
    ----------
    moments : Moments
    steps : int
        Of the output, in all.
    axis : int
        Where time is in values.
    """

    def __init__(self, moments: Moments, steps: int, axis: int) -> None:
        owner = np.repeat(np.arange(len(moments)), np.diff(moments.ends, prepend=0))
        by_step = np.argsort(moments.steps, kind="stable")
        self._moment, self._share = owner[by_step], moments.shares[by_step]
        self._begins = np.searchsorted(moments.steps[by_step], np.arange(steps + 1))
        self._count, self._axis = len(moments), axis
        self._made: F8 | None = None
        self._shape: tuple[int, ...] = ()

    def take(self, values: F8, first: int) -> None:
        """Take some steps, (l, *dims, s) with time among the dims, of which one is the first."""
        moved = np.moveaxis(values, self._axis, -2)
        flat = np.ascontiguousarray(moved).reshape(-1, *moved.shape[-2:])
        if self._made is None:
            self._shape = (*moved.shape[:-2], self._count, moved.shape[-1])
            self._made = np.zeros((len(flat), self._count, flat.shape[-1]))
        add_steps(flat, first, self._begins, self._moment, self._share, self._made)

    def result(self) -> F8:
        """Return what the moments have, (l, *dims, s) with them along time."""
        assert self._made is not None
        return np.moveaxis(self._made.reshape(self._shape), -2, self._axis)


class PairSums:
    """Sums of pairs over the locations of a block, or what each pair has.

    Parameters
    ----------
    pairs : Pairs
    moments : ndarray, shape (m,), int64
        Where the moments of the pairs are in values.
    locations : slice
        Of the run.
    rows, width : int
        Of values: other dimensions together, and members.
    each : bool
        Whether what each pair has is kept, too.
    """

    def __init__(
        self,
        pairs: Pairs,
        moments: I8,
        locations: slice,
        rows: int,
        width: int,
        *,
        each: bool = False,
    ) -> None:
        self.pairs, self._moments, self._first = pairs, moments, locations.start
        begin, end = np.searchsorted(pairs.place, [locations.start, locations.stop])
        self.here = slice(int(begin), int(end))
        self.held = np.unique(pairs.group[self.here])
        self.words = words_of(pairs)
        self.high = np.zeros((len(self.held), len(self.words), rows, width))
        self.low = np.zeros_like(self.high)
        kept = end - begin if each or not self.words else 0
        self.modelled = np.empty((kept, rows, width))

    def take(self, values: F8, locations: slice, first: int) -> None:
        """Add moments (l, d, m, s) of some locations of the block; members from ``first`` on."""
        place = self.pairs.place
        ends = self._first + locations.start, self._first + locations.stop
        begin, end = np.searchsorted(place, ends)
        some = slice(int(begin), int(end))
        moment = self._moments[self.pairs.moment[some]]
        where = place[some] - ends[0]
        if len(self.modelled):
            kept = slice(some.start - self.here.start, some.stop - self.here.start)
            members = slice(first, first + values.shape[-1])
            self.modelled[kept, :, members] = values[where, :, moment]
        if self.words:
            self._add(values, where, moment, some, first)

    def _add(self, values: F8, where: I8, moment: I8, some: slice, first: int) -> None:
        pairs = self.pairs
        group, observed = np.searchsorted(self.held, pairs.group[some]), pairs.observed[some]
        apart = observed - pairs.seen.mean[pairs.group[some]]
        reach = observed if pairs.tolerance is None else pairs.tolerance[some]
        about = (np.ascontiguousarray(values), where, moment, group, pairs.weight[some])
        what = np.array([SUMS.index(word) for word in self.words])
        add_pairs(*about, observed, apart, reach, what, first, self.high, self.low)

    def partials(self) -> dict[str, NDArray[Any]]:
        """Return ``high`` and ``low``, (group, word, d, s), and ``modelled``, (pair, d, s)."""
        parts: dict[str, NDArray[Any]] = {"modelled": self.modelled} if len(self.modelled) else {}
        return parts | ({"high": self.high, "low": self.low} if self.words else {})


def sums_of(pairs: Pairs, total: F8 | None, modelled: F8 | None) -> Sums:
    """Return the sums of all locations as benchmarks take them.

    Parameters
    ----------
    pairs : Pairs
    total : ndarray, shape (group, word, d, s), optional
        By `words_of`.
    modelled : ndarray, shape (pair, d, s), optional
    """
    of: dict[str, F8] = {}
    if total is not None:
        flat = total.reshape(*total.shape[:2], -1)
        of = {word: flat[:, k] for k, word in enumerate(words_of(pairs))}
    each = None if modelled is None else modelled.reshape(len(modelled), -1)
    return Sums(pairs, pairs.seen, pairs.count, of, each)


def modelled_of(prepared: Prepared, outputs: Mapping[str, F8]) -> dict[str, F8]:
    """Return what one member has of every pair, (p,), by the name of the pairs.

    Parameters
    ----------
    prepared : Prepared
    outputs : mapping of str to ndarray, shape (l, t, 1)
        Every output of its pairs; one without time has one step.
    """
    found = {}
    for name, pairs in prepared.pairs.items():
        moments = OfMoments(pairs.moments, outputs[pairs.output].shape[1], 1)
        moments.take(outputs[pairs.output], 0)
        found[name] = moments.result()[pairs.place, pairs.moment, 0]
    return found


def of_outputs(prepared: Prepared, outputs: Mapping[str, F8]) -> dict[str, Sums]:
    """Return the sums of whole outputs, as a run's blocks add them up.

    Parameters
    ----------
    prepared : Prepared
    outputs : mapping of str to ndarray, shape (l, t, s)
        Every output of its pairs; one without time has one step.
    """
    found = {}
    for name, pairs in prepared.pairs.items():
        values = outputs[pairs.output]
        places, steps, members = values.shape
        moments = OfMoments(pairs.moments, steps, 1)
        moments.take(values, 0)
        everywhere = slice(0, places)
        made = PairSums(pairs, np.arange(len(pairs.moments)), everywhere, 1, members)
        made.take(moments.result()[:, None], everywhere, 0)
        modelled = made.modelled if len(made.modelled) else None
        total = None
        if made.words:
            total = np.zeros((pairs.groups, len(made.words), 1, members))
            total[made.held] = made.high + made.low
        found[name] = sums_of(pairs, total, modelled)
    return found
