"""Which members and outputs of a store are taken, side by side along one dimension."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble.errors import PlanError
from ensemble.members.ranking import ranked
from ensemble.members.stored import read_ensemble
from ensemble.store.coordinates import CELLS
from ensemble.store.finished import is_finalised
from ensemble.store.opening import open_run
from ensemble.store.store import Store

if TYPE_CHECKING:
    import xarray as xr

CONTROL, ALL = "control", "all"

MEMBER = "member"
"""Forcings, models side by side and samples, one after the other."""

_BEST = re.compile(r"best:([1-9][0-9]*)")


ROOM = 500_000
"""Values of all members together that are held at a time."""


def one_at_a_time() -> AbstractContextManager[Any]:
    """Return a context in which dask holds one piece of an array."""
    import dask

    return dask.config.set(scheduler="synchronous")


def some_members(data: "xr.Dataset") -> Iterator["xr.Dataset"]:
    """Yield data (member, ...) in memory, so many members at a time that there is room."""
    sizes = (math.prod(array.sizes[d] for d in array.dims if d != MEMBER)
             for array in data.data_vars.values() if MEMBER in array.dims)  # fmt: skip
    step = max(1, ROOM // max(sizes, default=1))
    for first in range(0, data.sizes[MEMBER], step):
        yield data.isel({MEMBER: slice(first, first + step)}).load()


@dataclass(frozen=True)
class Members:
    """``control``, ``all``, or the ``best`` n by a name.

    Raises
    ------
    PlanError
        Other words, or best of nothing.
    """

    words: str
    by: str = ""

    def __post_init__(self) -> None:
        best = _BEST.fullmatch(self.words)
        if not best and self.words not in (CONTROL, ALL):
            text = f"--members: found {self.words!r}; needed control, all, or best:20"
            raise PlanError(text)
        if bool(best) != bool(self.by):
            lacking = "best: needs --by NAME, a response, a sum over space or a score"
            raise PlanError(f"--members {self.words}: {lacking if best else 'takes no --by'}")

    @property
    def best(self) -> int:
        """Return how many of the best; 0 where all or the control members are meant."""
        found = _BEST.fullmatch(self.words)
        return int(found[1]) if found else 0


@dataclass(frozen=True)
class Selection:
    """Members of a store.

    Attributes
    ----------
    store : Store
    members : Members
    data : xarray.Dataset
        Outputs with the dimensions of the store; `sample` has its number. Control members have
        none.
    outputs : tuple of str
        Those of its arrays that are asked for.
    side_by_side : tuple of str
        Dimensions of which each place is another member: forcing, models, options, sample.
    """

    store: Store
    members: Members
    data: "xr.Dataset"
    outputs: tuple[str, ...]
    side_by_side: tuple[str, ...]

    @property
    def in_a_row(self) -> "xr.Dataset":
        """Return outputs (member, ...), and of each member its forcing, model and sample.

        What is of members comes by dask, in pieces as small as the blocks of the run: whoever
        writes it under `one_at_a_time` holds one of them.
        """
        dims = [d for d in self.side_by_side if d in self.data.dims]
        labels = {dim: self.data[dim].values for dim in dims}
        # One place along each other dimension: dask then puts pieces side by side as they are.
        status = self.store.specs["status"]
        pieces = dict.fromkeys(dims, 1) | dict(zip(status.dims, status.chunks, strict=True))
        pieces["forcing"] = 1
        held = {
            n: v.chunk({d: k for d, k in pieces.items() if d in v.dims})
            for n, v in self.data.data_vars.items()
            if "location" in v.dims and {*dims} & {*v.dims}
        }
        stacked = self.data.assign(held).stack({MEMBER: dims}, create_index=False)
        grid = np.meshgrid(*labels.values(), indexing="ij")
        told = {n: (MEMBER, v.reshape(-1)) for n, v in zip(labels, grid, strict=True)}
        return stacked.drop_vars(dims, errors="ignore").assign_coords(told)


def select(path: Path, members: Members, outputs: Sequence[str] = ()) -> Selection:
    """Return members of a run, and those outputs that are named, or all.

    Raises
    ------
    PlanError
        No store, one that is not complete, members that it does not hold, unknown names.
    """
    store = read_ensemble(path)
    if not is_finalised(store):
        raise PlanError(f"{path}: not complete yet; go on with `soilsweep run`, then export it")
    tree = open_run(path)
    group = "control" if members.words == CONTROL else ""
    whole = tree.children[group].to_dataset() if group else tree.to_dataset()
    names = _outputs(store, whole, group)
    if unknown := [name for name in outputs if name not in names]:
        listed = ", ".join(names) or "none"
        raise PlanError(f"{path}: no output {unknown[0]!r}; this store has {listed}")
    if not names:
        raise PlanError(f"{path}: keeps no output of its members; run with outputs:, or replay")
    taken = tuple(outputs or names)
    data, root = whole[[*taken]], tree.to_dataset()
    beside = {n: root[n] for n in (*CELLS, *_bounds_of(data)) if n in root}
    beside |= {n: whole[n] for n in ("status", *_parameters(store, whole)) if n in whole}
    data = data.assign({n: array for n, array in beside.items() if n not in data.variables})
    if "sample" in data.dims:
        data = data.assign_coords(sample=np.arange(data.sizes["sample"]))
    if members.best:
        data = data.isel(sample=ranked(store, members.by).first(members.best))
    return Selection(store, members, data, taken, _side_by_side(store, data))


def _outputs(store: Store, data: "xr.Dataset", group: str) -> list[str]:
    """Return the outputs of members: along forcings and locations, of the store's own names."""
    needed = {"forcing", "location", *(() if group else ("sample",))}
    kept = {
        p.rpartition("/")[2] for p, s in store.specs.items() if s.dtype in ("float32", "float64")
    }
    alike = {n for n in data.data_vars if needed <= {*data[n].dims} and n in kept}
    scenario = store.attrs["identity"]["scenario"]
    words = [*scenario["outputs"], *scenario["responses"]]
    return [n for n in data.data_vars if n in alike and _is_of(str(n), words)]


def _is_of(name: str, words: Sequence[str]) -> bool:
    """Return whether an array is an output, a reduction of one in time, or a response."""
    return any(name == word or name.startswith(f"{word}_") for word in words)


def _bounds_of(data: "xr.Dataset") -> list[str]:
    """Return the bounds of its coordinates."""
    attrs: list[Mapping[str, Any]] = [c.attrs for c in data.coords.values()]
    return [a[k] for a in attrs for k in ("bounds", "climatology") if k in a]


def _parameters(store: Store, data: "xr.Dataset") -> list[str]:
    """Return the parameters that the design varies."""
    named = store.attrs["design"].get("parameters", ())
    return [n for n in named if n in data and {*data[n].dims} <= {"forcing", "location", "sample"}]


def _side_by_side(store: Store, data: "xr.Dataset") -> tuple[str, ...]:
    """Return dimensions that are not of one member."""
    options = store.attrs["identity"]["scenario"]["kernel"]
    words = [*options] if isinstance(options, Mapping) else []
    beside = [d for d in data.dims if d in ("model", "kernel", "variant", *words)]
    return ("forcing", *(str(d) for d in beside), "sample")
