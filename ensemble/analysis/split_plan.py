"""Of one stored quantity: which axes are factors, its shares of variance, and their arrays."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble.analysis.factorial import REST, Subset, drop_failed, order_of, shares, terms_of
from ensemble.analysis.indices import Found
from ensemble.analysis.share_intervals import CONFIDENCE, Drawn, Spread, mean_shares, moves
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.arrays import ArraySpec
from kernels import F8, I8

if TYPE_CHECKING:
    from ensemble.analysis.shares import Splitter

Read = Callable[[slice], F8]

GROUP = "variance"


@dataclass(frozen=True)
class Source:
    """Stored values of every member, of an output, a response or a sum over space.

    Attributes
    ----------
    name : str
    path : str
        Where its shares go, without their ending.
    place : str
        What its cells in space are: ``location``, ``band``, or nothing.
    places : int
    dims : tuple of str
        Between place and sample.
    shape : tuple of int
    read : callable
        Returns values (forcing, place, *dims, sample) at some places.
    step : int
        Places that are read at a time, where they fit.
    """

    name: str
    path: str
    place: str
    places: int
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    read: Read
    step: int = 1


@dataclass(frozen=True)
class Left:
    """What is left of a place without its failed members.

    Attributes
    ----------
    levels : list of int
        Of every axis that is a factor.
    values : ndarray or None
        None where too much was lost.
    shape : tuple of int
        Levels of the factors of the design.
    kept : sequence of ndarray of int64
        Which those are.
    forcings : ndarray of int64
        Those that are left.
    """

    levels: list[int]
    values: F8 | None
    shape: tuple[int, ...] = ()
    kept: Sequence[I8] = ()
    forcings: I8 = field(default_factory=lambda: np.empty(0, np.int64))


class Plan:
    """Which axes of a source are factors, and what its arrays are called."""

    def __init__(self, splitter: "Splitter", source: Source) -> None:
        self.splitter, self.source = splitter, source
        named = [d for d in source.dims if d in splitter.named]
        sizes = dict(zip(source.dims, source.shape, strict=True))
        self.named = [d for d in named if sizes[d] > 1]
        self.other = [d for d in source.dims if d not in self.named]
        self.forcings = splitter.layout.shape[0]
        # A sample axis of one is no factor.
        self.factors = [(label, n) for label, n in splitter.factors if n > 1]
        self.whole = [sizes[d] for d in self.named]
        self.whole += [self.forcings] * (self.forcings > 1) + [n for _, n in self.factors]
        self.labels = [
            *self.named,
            *["forcing"] * (self.forcings > 1),
            *(label for label, _ in self.factors),
        ]

    @cached_property
    def nest(self) -> tuple[int, int] | None:
        """Return which factor the parameters are drawn anew for, and which the first is."""
        outer = len(self.named)
        return (outer, outer + 1) if self.splitter.nested and self.factors else None

    @cached_property
    def order(self) -> int | None:
        """Return the highest order of interaction that is told apart."""
        return order_of(len(self.labels))

    @cached_property
    def terms(self) -> dict[Subset, str]:
        """Return the terms and what they are called."""
        terms = terms_of(len(self.labels), self.order, self.nest)
        return {subset: self._label(subset) for subset in terms}

    def _label(self, subset: Subset) -> str:
        if subset == REST:
            return f"interactions of more than {self.order}"
        inner = self.nest is not None and any(f >= self.nest[1] for f in subset)
        return " x ".join(self.labels[f] for f in subset) + " within forcing" * inner

    def shares(self, values: F8, levels: tuple[int, ...] = ()) -> F8:
        """Return shares (place, *other dims, term) of (forcing, place, *dims, sample)."""
        values, axes = self._factored(values, levels)
        by_subset = shares(values, axes, order=self.order, nest=self.nest)
        return np.stack([by_subset[subset] for subset in self.terms], axis=-1)

    def _factored(self, values: F8, levels: tuple[int, ...]) -> tuple[F8, list[int]]:
        """Return values with an axis for each factor, and which these are."""
        dims = self.source.dims
        values = values.reshape(*values.shape[:-1], *(levels or [n for _, n in self.factors]))
        axes = [2 + dims.index(d) for d in self.named] + [0] * (self.forcings > 1)
        axes += [2 + len(dims) + k for k in range(len(self.factors))]
        return (values[0], [a - 1 for a in axes]) if self.forcings == 1 else (values, axes)

    @cached_property
    def drawn(self) -> dict[int, int]:
        """Return the rows of a unit of each factor that was drawn, by its place."""
        first = len(self.labels) - len(self.factors)
        told = zip(self.splitter.factors, self.splitter.drawn, strict=True)
        rows = [together for (_, n), together in told if n > 1]
        return {first + k: together for k, together in enumerate(rows) if together}

    def moves(self, values: F8, left: "Left | None" = None) -> list[F8]:
        """Return how far units move the shares, (place, *other dims, stratum, unit, term) each.

        Parameters
        ----------
        values : ndarray, shape (forcing, place, *dims, sample), float64
        left : Left, optional
            Which levels these are, where some are left out: those have units that move nothing.
        """
        every = [n for _, n in self.factors]
        kept = left.kept if left else [np.arange(n) for n in every]
        first = len(self.labels) - len(self.factors)
        drawn = [
            Drawn(f, kept[f - first] // rows, every[f - first] // rows)
            for f, rows in self.drawn.items()
        ]
        if not drawn:
            return []
        table, axes = self._factored(values, left.shape if left else ())
        table = np.moveaxis(table, axes, range(-len(axes), 0))
        cells = table.shape[: -len(axes)]
        table = np.ascontiguousarray(table).reshape(-1, *table.shape[-len(axes) :])
        found = moves(table, drawn, order=self.order, nest=self.nest)
        found = [one.reshape(*cells, *one.shape[1:]) for one in found]
        if left is None or self.nest is None:
            return found
        return [self._within(one, left.forcings) for one in found]

    def _within(self, moved: F8, forcings: I8) -> F8:
        """Return moves within the forcings that are left as those within all."""
        out = np.zeros((*moved.shape[:-3], self.forcings, *moved.shape[-2:]))
        out[..., forcings, :, :] = moved
        return out

    def left_of(self, values: F8) -> "Left":
        """Return one place with failed members, whole levels left out."""
        every = [n for _, n in self.factors]
        bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim - 1)))
        which = np.arange(bad.size, dtype=np.float64).reshape(bad.shape)
        which[bad] = np.nan
        left, removed = drop_failed(which.reshape(self.forcings, *every))
        shape = [n - gone for n, gone in zip((self.forcings, *every), removed, strict=True)]
        levels = [values.shape[2 + self.source.dims.index(d)] for d in self.named]
        levels += shape[0 if self.forcings > 1 else 1 :]
        if left.size < (1 - REFUSE_ABOVE) * bad.size:
            return Left(levels, None)
        forcing, sample = np.divmod(left.astype(np.int64).reshape(shape[0], -1), bad.shape[1])
        kept = [np.unique(part) for part in np.unravel_index(sample[0], every)]
        some = values[forcing[:, 0]][..., sample[0]]
        return Left(levels, some, tuple(shape[1:]), kept, forcing[:, 0])

    def arrays(self, table: F8, levels: I8, spread: Spread) -> Found:
        """Return the arrays of the store, and the names along their last axes."""
        source, end = self.source, "_".join(["", *self.named])
        place = (source.place,) if source.place else ()
        mean = mean_shares(table)
        half = spread.half_widths()
        if not place:
            table, levels, half = table[0], levels[0], half[0]
        attrs = {"units": "1", "target": source.name}
        attrs["drawn"] = ", ".join(self.labels[f] for f in self.drawn)
        words = f"share of the variance of {source.name} over {', '.join(self.labels)}"
        count = "levels that entered the shares, without those of failed or excluded members"
        return {
            **names_of(f"{GROUP}/term{end}", list(self.terms.values())),
            **names_of(f"{GROUP}/axis{end}", self.labels),
            **array_of(
                f"{source.path}_share",
                (*place, *self.other, f"term{end}"),
                table,
                {**attrs, "long_name": words},
            ),
            **array_of(
                f"{source.path}_share_mean",
                (f"term{end}",),
                mean,
                {**attrs, "long_name": f"mean over cells of the {words}"},
            ),
            **(self._intervals(place, half, spread.of_mean(), attrs, words) if self.drawn else {}),
            **array_of(
                f"{source.path}_levels",
                (*place, f"axis{end}"),
                levels,
                {**attrs, "long_name": count, "whole": self.whole},
            ),
        }

    def _intervals(
        self, place: tuple[str, ...], half: F8, of_mean: F8, attrs: dict[str, Any], words: str
    ) -> Found:
        """Return the half widths of the intervals of shares and of their means."""
        path, end = f"{self.source.path}_share", "_".join(["term", *self.named])
        what = f"half width of the {CONFIDENCE:.0%} interval over draws of {attrs['drawn']}"
        cells = {**attrs, "long_name": f"{what} of the {words}"}
        mean = {**attrs, "long_name": f"{what} of the mean over cells of the {words}"}
        return {
            **array_of(f"{path}_conf", (*place, *self.other, end), half, cells),
            **array_of(f"{path}_mean_conf", (end,), of_mean, mean),
        }


def array_of(
    path: str, dims: tuple[str, ...], values: NDArray[Any], attrs: dict[str, Any]
) -> Found:
    """Return an array of the store, by its path."""
    fill = 0 if values.dtype.kind == "i" else math.nan
    spec = ArraySpec(path, values.dtype.name, dims, values.shape, values.shape, fill, attrs)
    return {path: (spec, values)}


def names_of(path: str, names: list[str]) -> Found:
    """Return names along a dimension, which the path ends with."""
    values = np.array(names, dtype=object)
    dims = (path.rpartition("/")[2],)
    return {path: (ArraySpec(path, "string", dims, values.shape, values.shape, ""), values)}
