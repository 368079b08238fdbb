"""Members beyond the limit of a stock: found tile by tile, counted, left out where asked.

A steady state may hold more carbon than any soil does. Such a member ran: it keeps its values
and its status. How many there are, and where, is counted in each block beside its other sums.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble.store.arrays import ArraySpec
from ensemble.store.committed import Committed
from kernels import F8, Kernel, highest_of
from scenarios import Scenario, limit_in_units

if TYPE_CHECKING:
    from ensemble.members.layout import Layout
    from ensemble.members.tile import Tile
    from ensemble.store.store import Store

Flags = NDArray[np.bool_]

GROUP = "limits"
BEYOND, HIGHEST, WHERE = "beyond", "highest", "where"

COUNT = f"{GROUP}/count"
LEFT_OUT = f"{GROUP}/excluded"
EXCLUDED = "excluded"
"""Array of members, beside ``status``: 1 where statistics and indices are made without one."""


@dataclass(frozen=True)
class Watched:
    """An output with a limit.

    Attributes
    ----------
    name, units : str
    above : float
        Values above it are beyond the limit, in ``units``.
    exclude : bool
        Whether members beyond it leave statistics and indices.
    source : str
        What the limit rests on.
    """

    name: str
    units: str
    above: float
    exclude: bool
    source: str

    @property
    def then(self) -> str:
        """Return what becomes of members beyond it, as a scenario says it."""
        return "exclude" if self.exclude else "count"

    @property
    def words(self) -> str:
        """Return the limit for people."""
        return f"{self.above:g} {self.units}"

    @property
    def plain(self) -> dict[str, Any]:
        """Return what changes a count or a statistic, for the identity of a run."""
        return {"above": self.above, "units": self.units, "then": self.then}


def resolve(scenario: Scenario, kernel: Kernel) -> dict[str, Watched]:
    """Return every output with a limit, the kernel's or the scenario's, by name."""
    watched = {}
    for output in kernel.outputs:
        stated, own = scenario.limits.get(output.name), output.limit
        above = own.above if own else math.inf
        source = own.source if own else ""
        if stated is not None and stated.above is not None:
            above, source = limit_in_units(stated.above, output.units), "the limit of the scenario"
        if above < math.inf:
            exclude = stated is not None and stated.then == "exclude"
            watched[output.name] = Watched(output.name, output.units, above, exclude, source)
    return watched


def of_store(store: "Store") -> dict[str, Watched]:
    """Return the limits that a store's members are counted at; none in one of before limits."""
    watched = {}
    for path, spec in store.specs.items():
        attrs = spec.attrs
        if path.startswith(f"{GROUP}/") and "above" in attrs:
            units, above = attrs["limit_units"], float(attrs["above"])
            exclude = attrs["then"] == "exclude"
            watched[attrs["output"]] = Watched(
                attrs["output"], units, above, exclude, attrs.get("comment", "")
            )
    return watched


def not_looked_at(layout: "Layout") -> list[str]:
    """Return the outputs with a limit that nothing asks for, and so are not made."""
    experiment = layout.experiment
    return sorted(resolve(experiment.scenario, experiment.kernel).keys() - layout.limits.keys())


def left_out(committed: Committed) -> int:
    """Return how many members of committed blocks are excluded."""
    return committed.totals.excluded


def lost(store: "Store") -> str:
    """Return which members cost trajectories or levels: ``failed``, or those of limits too."""
    return "failed or excluded" if EXCLUDED in store.specs else "failed"


def remedy(store: "Store") -> str:
    """Return what to do where too many members are lost, and to which limits."""
    if not (excluded := left_out(store.committed())):
        return "bound the parameters, or do what `soilsweep status` says of each cause"
    limits = [
        f"{limit.name} above {limit.words}" for limit in of_store(store).values() if limit.exclude
    ]
    return (
        f"limits: excludes {excluded:,} members ({', '.join(limits)}); say then: count or a higher "
        "above: there, or bound the parameters"
    )


def arrays(layout: "Layout") -> Iterator[ArraySpec]:
    """Yield what a run ends with: counts by forcing and location, and by place of each output."""
    base = {"forcing": 0, "location": 0}
    for limit in layout.limits.values():
        stated = {"output": limit.name, "above": limit.above, "limit_units": limit.units}
        stated |= {"then": limit.then, "comment": limit.source}
        words = f"members that hold more {limit.name} than {limit.words} at any place and time"
        yield _spec(layout, limit.name, BEYOND, base, words, stated)
        words = f"the highest {limit.name} of members beyond {limit.words}"
        path = f"{GROUP}/{limit.name}_{HIGHEST}"
        attrs = {"units": limit.units, "long_name": words}
        yield layout.spec(path, "float64", base, attrs=attrs)
        if own := layout.own_dims(limit.name):
            words = f"members that hold more {limit.name} than {limit.words} there, at any time"
            yield _spec(layout, limit.name, WHERE, {**base, **own}, words, {})
    if layout.limits:
        attrs = {"units": "1", "long_name": "members that ran, which the others are counted of"}
        yield layout.spec(COUNT, "uint64", base, fill=0, attrs=attrs)
    if layout.excluding:
        words = "members beyond a limit, which are in no statistic and no index"
        attrs = {"units": "1", "long_name": words}
        yield layout.spec(LEFT_OUT, "uint64", base, fill=0, attrs=attrs)


def _spec(
    layout: "Layout", name: str, word: str, dims: dict[str, int], words: str, more: dict[str, Any]
) -> ArraySpec:
    attrs = {"units": "1", "long_name": words, **more}
    return layout.spec(f"{GROUP}/{name}_{word}", "uint64", dims, fill=0, attrs=attrs)


class Beyond:
    """What a block counts of members beyond limits, by output, location and place.

    Parameters
    ----------
    layout : Layout
    depth, width : int
        Locations and samples of the block.
    control : bool
        Whether its members are control members, of which none is counted or left out.
    """

    def __init__(self, layout: "Layout", depth: int, width: int, *, control: bool) -> None:
        self.watched = () if control else tuple(layout.limits.values())
        self.own = {one.name: layout.own_dims(one.name) for one in self.watched}
        variables = {name: layout.experiment.kernel.variable(name) for name in self.own}
        self.dims = {name: variable.dims for name, variable in variables.items()}
        self.time = {n: layout.experiment.steps_of(v).dim for n, v in variables.items()}
        self.count = {name: np.zeros(depth, np.uint64) for name in self.own}
        self.highest = {name: np.full(depth, -np.inf) for name in self.own}
        self.where = {
            name: np.zeros((depth, *own.values()), np.uint64) for name, own in self.own.items()
        }
        self.excluded: Flags | None = None
        if layout.excluding and not control:
            self.excluded = np.zeros((depth, width), np.bool_)

    def take(self, tile: "Tile") -> Flags | None:
        """Count the members of a tile; return which are excluded (l, s), None where none is."""
        excluded: Flags | None = None
        for one in self.watched:
            if not tile.reaches(_seen(tile, one.name), one.above):
                continue
            flags = self._look(tile, one)
            if one.exclude and flags.any():
                excluded = flags if excluded is None else excluded | flags
        if excluded is not None and self.excluded is not None:
            self.excluded[tile.locations, tile.samples] = excluded
        return excluded

    def _look(self, tile: "Tile", one: Watched) -> Flags:
        """Return the members of a tile that are beyond a limit, and count them."""
        name, here = one.name, tile.locations
        values = tile.full(_seen(tile, name))
        over = exceeding(values, one.above)
        whole = tile.has(name)
        dims = [d for d in self.dims[name] if whole or d != self.time[name]]
        passing = tuple(1 + k for k, d in enumerate(dims) if d not in self.own[name])
        at_places = np.asarray(over.any(axis=passing))
        flags = _of_members(at_places)
        self.count[name][here] += flags.sum(axis=1).astype(np.uint64)
        self.where[name][here] += at_places.sum(axis=-1).astype(np.uint64)
        every = tuple(range(1, values.ndim))
        most = np.max(values, axis=every, where=over, initial=-np.inf)
        np.maximum(self.highest[name][here], most, out=self.highest[name][here])
        return flags

    @property
    def totals(self) -> dict[str, int]:
        """Return the members beyond each limit, for the journal; those without any are left out."""
        counts = {name: int(count.sum()) for name, count in self.count.items()}
        return {name: n for name, n in counts.items() if n}

    @property
    def left_out(self) -> int:
        """Return how many members are excluded."""
        return 0 if self.excluded is None else int(self.excluded.sum())

    def partials(self) -> dict[str, NDArray[Any]]:
        """Return the counts of the block, by ``limits/output/field``."""
        sums: dict[str, NDArray[Any]] = {}
        for name, own in self.own.items():
            sums[f"{GROUP}/{name}/{BEYOND}"] = self.count[name]
            sums[f"{GROUP}/{name}/{HIGHEST}"] = self.highest[name]
            if own:
                sums[f"{GROUP}/{name}/{WHERE}"] = self.where[name]
        if self.excluded is not None:
            sums[LEFT_OUT] = self.excluded.sum(axis=1).astype(np.uint64)
        return sums


def _seen(tile: "Tile", output: str) -> str:
    """Return the array of a tile that shows whether an output is beyond a limit."""
    return output if tile.has(output) else highest_of(output)


def exceeding(values: F8, above: float) -> Flags:
    """Return where values are above a limit; what is not known is not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(values > above)


def excluded_of(tile: "Tile", limits: Mapping[str, Watched]) -> Flags | None:
    """Return the members of a tile that limits exclude (l, s), without counting; None if none."""
    excluded: Flags | None = None
    for limit in limits.values():
        if limit.exclude and tile.reaches(_seen(tile, limit.name), limit.above):
            over = exceeding(tile.full(_seen(tile, limit.name)), limit.above)
            flags = _of_members(over)
            excluded = flags if excluded is None else np.asarray(excluded | flags)
    return excluded


def notes(tile: "Tile", limits: Mapping[str, Watched]) -> list[str]:
    """Return what to say of the one member of a tile that is beyond limits."""
    texts = []
    for limit in limits.values():
        most = np.nanmax(tile.full(_seen(tile, limit.name)), initial=-np.inf)
        if most > limit.above:
            reached = f"{limit.name} is up to {most:.6g} {limit.units}"
            left = ", excluded from statistics and indices" if limit.exclude else ""
            texts.append(f"{reached}, beyond its limit of {limit.words}{left}")
    return texts


def _of_members(over: Flags) -> Flags:
    """Return the members (l, s) that are beyond a limit anywhere, of (l, *dims, s)."""
    return np.asarray(over.any(axis=tuple(range(1, over.ndim - 1))))


def merge(total: dict[str, Any], partial: Mapping[str, NDArray[Any]]) -> None:
    """Add a block's counts to those of the blocks before it."""
    for key, values in partial.items():
        if not key.startswith(f"{GROUP}/"):
            continue
        if key not in total:
            total[key] = values
        elif key.endswith(f"/{HIGHEST}"):
            total[key] = np.maximum(total[key], values)
        else:
            total[key] = total[key] + values


def finished(layout: "Layout", total: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays (1, L, ...) of merged counts, by path."""
    arrays: dict[str, NDArray[Any]] = {}
    for name in layout.limits:
        for word in (BEYOND, HIGHEST, WHERE):
            if (values := total.get(f"{GROUP}/{name}/{word}")) is not None:
                arrays[f"{GROUP}/{name}_{word}"] = values[None]
        path = f"{GROUP}/{name}_{HIGHEST}"
        arrays[path] = np.where(np.isfinite(arrays[path]), arrays[path], np.nan)
    if layout.limits:
        arrays[COUNT] = np.asarray(total["count"] + total.get(LEFT_OUT, np.uint64(0)))[None]
    if layout.excluding:
        arrays[LEFT_OUT] = total[LEFT_OUT][None]
    return arrays
