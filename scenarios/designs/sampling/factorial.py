"""Full factorials: of values, of quantiles, of whole designs; the first factor is slowest.

Row i of factors of n_0, n_1, ... rows uses row (i // stride_k) mod n_k of factor k, where
stride_k is the product of the later sizes. So nothing is stored, and which rows agree in
some parameters follows from the index alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from kernels import F8, I8
from scenarios.designs._contract import Design
from scenarios.designs.sampling.levels import Levels, by_appearance, single, span


@dataclass(frozen=True)
class Factorial:
    """A full factorial of designs; see `Design`.

    Attributes
    ----------
    factors : tuple of Design
        First slowest.
    attributes : dict
        With ``shape``, the factors' sizes, and ``factors``, a label of each: a response
        (..., size) reshaped to (..., *shape) has one axis per factor.
    """

    factors: tuple[Design, ...]
    attributes: dict[str, Any]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the parameters of all factors, in order."""
        return tuple(name for factor in self.factors for name in factor.parameters)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the factors' sizes."""
        return tuple(factor.size for factor in self.factors)

    @property
    def size(self) -> int:
        """Return the number of rows."""
        return prod(self.shape)

    @property
    def rows_together(self) -> int:
        """Return how many rows of the fastest factor belong together: no others stay so."""
        return self.factors[-1].rows_together

    @property
    def extendable(self) -> bool:
        """Return whether the slowest factor is: its new rows come last."""
        return self.factors[0].extendable

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return each parameter's values, shape (1 or L, stop - start), kernel units."""
        span(self.size, start, stop)
        columns = {}
        for k, factor in enumerate(self.factors):
            touched = _Touched(factor.size, self._stride(k), start, stop)
            values = touched.gather(factor)
            if not touched.in_order:
                position = touched.position()
                values = {n: np.take(v, position, axis=1) for n, v in values.items()}
            columns.update(values)
        return columns

    def levels(self, names: Collection[str], start: int, stop: int) -> Levels:
        """Return ``(first, level)`` of the distinct rows of the named parameters."""
        span(self.size, start, stop)
        involved = [
            k for k, f in enumerate(self.factors) if not set(f.parameters).isdisjoint(names)
        ]
        if not involved or start == stop:
            return single(start, stop)
        # Rows differ only every ``run`` rows and recur after ``period`` such runs, so a
        # window of that many runs holds every combination once, in order of appearance.
        run = self._stride(involved[-1])
        period = prod(self.shape[involved[0] : involved[-1] + 1])
        begin, end = start // run, (stop - 1) // run + 1
        window = min(end - begin, period)
        offset = begin * run - start
        first = np.arange(offset, offset + window * run, run)
        # The run that the first row is in may begin before it.
        first[0] = 0
        level = _numbered(run, start, stop, period)
        within = self._within(names, involved, begin, begin + window, run)
        return (first, level) if within is None else (first[within[0]], within[1][level])

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return nothing: the analysis of variance needs ``shape`` alone."""
        return {}

    def _stride(self, k: int) -> int:
        return prod(self.shape[k + 1 :])

    def _within(
        self, names: Collection[str], involved: Sequence[int], begin: int, end: int, run: int
    ) -> Levels | None:
        """Return levels of the runs ``begin`` to ``end``; None where all of them differ."""
        parts = []
        for k in involved:
            touched = _Touched(self.factors[k].size, self._stride(k) // run, begin, end)
            parts.append((touched, *touched.levels(self.factors[k], names)))
        contiguous = involved[-1] - involved[0] + 1 == len(involved)
        if contiguous and all(len(first) == len(level) for _, first, level in parts):
            return None
        keys = np.zeros(end - begin, dtype=np.int64)
        for touched, first, level in parts:
            # Renumbered after each factor, so that the product never overflows.
            keys = by_appearance(keys * len(first) + level[touched.position()])[1]
        return by_appearance(keys)


@dataclass(frozen=True)
class _Touched:
    """The rows of one factor that a range of the factorial touches."""

    size: int
    stride: int
    start: int
    stop: int

    @property
    def whole(self) -> bool:
        """Return whether all of the factor's rows are touched: then in the factor's order."""
        return self.runs >= self.size

    @property
    def runs(self) -> int:
        """Return how many times the factor's row changes, and one."""
        if self.start == self.stop:
            return 0
        return (self.stop - 1) // self.stride + 1 - self.start // self.stride

    @property
    def pieces(self) -> tuple[tuple[int, int], ...]:
        """Return the ranges of the factor's rows, in order of appearance if not whole."""
        if self.whole:
            return ((0, self.size),)
        begin = self.start // self.stride % self.size
        over = begin + self.runs - self.size
        if over > 0:
            return ((begin, self.size), (0, over))
        return ((begin, begin + self.runs),)

    @property
    def in_order(self) -> bool:
        """Return whether the touched rows are the rows wanted, one for one."""
        if self.stride > 1 or self.runs > self.size:
            return False
        return not self.whole or self.start % self.size == 0

    def position(self) -> I8:
        """Return where among the touched rows each row finds its own, shape (n,)."""
        offset = self.start // self.stride % self.size if self.whole else 0
        return _numbered(self.stride, self.start, self.stop, self.size, offset)

    def gather(self, factor: Design) -> dict[str, F8]:
        """Return the factor's touched rows, shape (1 or L, touched)."""
        parts = [factor.rows(*piece) for piece in self.pieces]
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}

    def levels(self, factor: Design, names: Collection[str]) -> Levels:
        """Return levels of the touched rows; nothing is shared between two pieces."""
        parts = [factor.levels(names, *piece) for piece in self.pieces]
        if len(parts) == 1:
            return parts[0]
        (first, level), (first_2, level_2) = parts
        return (
            np.concatenate([first, first_2 + len(level)]),
            np.concatenate([level, level_2 + len(first)]),
        )


def _numbered(stride: int, start: int, stop: int, period: int, offset: int = 0) -> I8:
    """Return ``(offset + i // stride - start // stride) mod period`` for every row, (n,)."""
    if start == stop:
        return np.arange(0)
    begin, end = start // stride, (stop - 1) // stride + 1
    count = end - begin
    # Copies and repeats, because a remainder per row costs ten times as much.
    numbers = np.arange(offset, offset + min(count, period))
    numbers[period - offset :] -= period
    if len(numbers) < count:
        numbers = np.resize(numbers, count)
    if stride == 1:
        return numbers
    lengths = np.full(count, stride)
    lengths[0] = min((begin + 1) * stride, stop) - start
    if count > 1:
        lengths[-1] = stop - (end - 1) * stride
    return np.repeat(numbers, lengths)
