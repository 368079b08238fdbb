"""Numbers of a run, finished or not: what committed blocks vouch for, and NaN elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError
from ensemble.members.limits import EXCLUDED
from ensemble.members.moments import pooled
from ensemble.members.tile import blanked
from ensemble.store.committed import Committed
from ensemble.store.grid import Axis, Grid
from ensemble.store.journal import Key
from ensemble.store.store import Store
from ensemble.tables.signs import never_negative
from kernels import F8
from scenarios.outputs import array_names


@dataclass(frozen=True)
class Summary:
    """A response over the ensemble: arrays (forcing, location), NaN where unknown."""

    name: str
    units: str
    meaning: str
    control: F8
    mean: F8
    std: F8
    never_negative: bool = False

    def at(self, place: int) -> tuple[F8, F8, F8]:
        """Return control, mean and standard deviation at one location, each (forcing,)."""
        return self.control[:, place], self.mean[:, place], self.std[:, place]


class Results:
    """What a store holds so far: only what a line of a journal vouches for.

    Parameters
    ----------
    store : Store
    committed : Committed, optional
        What its journals say, where they have been read.

    Attributes
    ----------
    damage : list of str
        Chunks that were committed and cannot be read; filled while reading.
    """

    def __init__(self, store: Store, committed: Committed | None = None) -> None:
        self.store = store
        self.committed = store.committed() if committed is None else committed
        self.damage: list[str] = []
        status = store.specs["status"]
        axes = zip(status.dims, status.shape, status.chunks, strict=True)
        self.grid = Grid(tuple(Axis(*axis) for axis in axes))
        self.forcings = store.read_strings("forcing")
        self.locations = store.read_strings("location")

    @property
    def complete(self) -> bool:
        """Return whether every block is committed."""
        return len(self.committed) == self.grid.blocks

    @cached_property
    def finished(self) -> NDArray[np.bool_]:
        """Return where all samples are committed, (forcing, location)."""
        forcings, locations, _ = self.grid.axes
        whole = np.repeat(self.committed.done.all(axis=2), locations.length, axis=1)
        return np.repeat(whole, forcings.length, axis=0)[: forcings.size, : locations.size]

    def chunk(self, path: str, key: Key) -> NDArray[Any] | None:
        """Return what a block wrote into an array; None where it wrote nothing readable.

        Of outputs and responses what excluded members hold is NaN.
        """
        spec = self.store.specs[path]
        if key not in self.committed or not self.grid.owns(key, spec):
            return None
        try:
            values = self.store.read_chunk(path, self.grid.index(key, spec))
            if EXCLUDED in self.store.specs and path in self._of_members:
                out = self.store.read_chunk(EXCLUDED, key) == 1
                values = np.stack([blanked(f, o) for f, o in zip(values, out, strict=True)])
            return values
        except (OSError, ValueError) as error:
            self._damaged(f"{path}, block {list(key)}: {error}")
            return None

    @cached_property
    def _of_members(self) -> frozenset[str]:
        """Return the outputs and responses of members."""
        scenario = self.store.attrs["identity"]["scenario"]
        return frozenset((*array_names(scenario["outputs"]), *scenario["responses"]))

    def cells(self, path: str) -> F8:
        """Return a statistic or a control array (forcing, location, ...) as far as it is known."""
        if not self.complete:
            spec = self.store.specs[path]
            return self._so_far.get(path, np.full(spec.shape, np.nan))
        return self.whole(path)

    def whole(self, path: str) -> F8:
        """Return an array that a run ends with; NaN where it is not there."""
        try:
            return np.asarray(self.store.read_whole(path), dtype=np.float64)
        except (OSError, ValueError) as error:
            self._damaged(f"{path}: {error}; the same `run` again writes it anew")
            return np.full(self.store.specs[path].shape, np.nan)

    def _damaged(self, text: str) -> None:
        if text not in self.damage:
            self.damage.append(text)

    @cached_property
    def _so_far(self) -> dict[str, F8]:
        """Return what an unfinished run would end with, where all samples are committed."""
        from ensemble.members.finishing import merged_sums
        from ensemble.members.reopening import open_layout

        merged_so_far: dict[str, F8] = {}
        try:
            layout = open_layout(self.store)
        except PlanError as error:
            self._damaged(str(error))
            return merged_so_far
        forcings, locations, samples = self.grid.axes
        for block in np.ndindex(forcings.blocks, locations.blocks):
            here = (forcings.span(block[0]), locations.span(block[1]))
            if not self.finished[here].all():
                continue
            merged = merged_sums(self.store, layout, (*block, 0), range(samples.blocks))
            for path, values in merged.items():
                if path.endswith(("_histogram", "_edges", "_extremes")):
                    continue
                empty = np.full(self.store.specs[path].shape, np.nan)
                merged_so_far.setdefault(path, empty)[here] = values
        return merged_so_far

    def moments(self, name: str) -> tuple[F8, F8]:
        """Return mean and standard deviation of a response of the members, block by block."""
        shape = (len(self.forcings), len(self.locations))
        n, mean, spread = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for key in self.committed:
            part = self.chunk(name, key)
            if part is None:
                continue
            here = tuple(a.span(k) for a, k in zip(self.grid.axes[:2], key, strict=False))
            merge_moments((n[here], mean[here], spread[here]), part)
        with_mean = self.finished & (n > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            std = np.sqrt(spread / n)
        return np.where(with_mean, mean, np.nan), np.where(with_mean, std, np.nan)

    def summaries(self) -> list[Summary]:
        """Return every response that has a mean, or members to take it from."""
        every = []
        for name in self.responses:
            spec = self.store.specs[f"control/{name}"]
            if f"statistics/{name}_mean" in self.store.specs:
                mean = self.cells(f"statistics/{name}_mean")
                std = np.full(mean.shape, np.nan)
                if f"statistics/{name}_std" in self.store.specs:
                    std = self.cells(f"statistics/{name}_std")
            elif name in self.store.specs:
                mean, std = self.moments(name)
            else:
                continue
            label = (name, spec.attrs["units"], spec.attrs["long_name"])
            sign = never_negative(self.store, name)
            control, spread = self.cells(f"control/{name}"), without_rounding(std, mean)
            every.append(Summary(*label, control, mean, spread, sign))
        return every

    @property
    def responses(self) -> list[str]:
        """Return the names of the scenario's responses."""
        return list(self.store.attrs["identity"]["scenario"]["responses"])

    @property
    def published(self) -> Mapping[str, Any] | None:
        """Return the scenario's published numbers."""
        reference: Mapping[str, Any] | None = self.store.attrs["identity"]["scenario"]["reference"]
        return reference


def merge_moments(sums: tuple[F8, F8, F8], values: NDArray[Any]) -> None:
    """Add finite ``values`` (..., s) to number, mean and sum of squares (...), in place."""
    n, mean, spread = sums
    off = np.array(values, dtype=np.float64)
    bad = ~np.isfinite(off)
    more: Any = values.shape[-1]
    if failed := bool(bad.any()):
        off[bad] = 0.0
        more = (~bad).sum(axis=-1)
    centre = off.sum(axis=-1) / np.maximum(more, 1)
    off -= centre[..., None]
    if failed:
        off[bad] = 0.0
    n[...], mean[...], between = pooled(n, mean, more, centre)
    spread += np.einsum("...s,...s", off, off) + between


ROUNDING = 1e-12
"""Spread, as a share of the values' size, at which equal values are told apart by rounding."""


def without_rounding(spread: F8, size: F8) -> F8:
    """Return standard deviations, 0 where they are rounding of values that are equal."""
    with np.errstate(invalid="ignore"):
        return np.where(spread <= ROUNDING * np.abs(size), 0.0, spread)


def known_mean(values: F8) -> float:
    """Return the mean of what is known; NaN where nothing is."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def known_std(values: F8) -> float:
    """Return the population standard deviation of what is known; NaN where nothing is."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return float("nan")
    return float(without_rounding(finite.std(), np.abs(finite).max()))
