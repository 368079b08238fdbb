"""How wide the intervals of a run's indices are: those of its analysis, or made inside it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ensemble.analysis.indices import Found, indices_of
from ensemble.errors import PlanError
from ensemble.members.evaluation.asked import GROUP as EVALUATION
from ensemble.members.evaluation.asked import STATISTICS
from ensemble.members.reopening import open_layout
from ensemble.store.store import Store
from kernels import F8
from scenarios import nearest


@dataclass(frozen=True)
class Width:
    """The largest half width of the intervals of an index.

    Attributes
    ----------
    value : float
    where : str
        Response, forcing, location and effect that have it.
    known, rows : int
        Rows that have an index, and all.
    """

    value: float
    where: str
    known: int
    rows: int


def half_width(store: Store, index: str, of: Sequence[str], relative: bool) -> Width:
    """Return the largest half width of an index of all rows and effects.

    Raises
    ------
    PlanError
        No interval of that index, or none is known.
    """
    inside = _inside(store, index)
    written = store.attrs["identity"]["scenario"]
    scores = [n for n in _scores(store) if n not in inside]
    names = list(of) or list(written["responses"]) or list(inside) or scores
    kept = [n for n in (*written["responses"], *written["outputs"]) if n in store.specs]
    kept += scores
    stored = [n for n in names if n not in inside and n in kept]
    if unknown := [n for n in names if n not in inside and n not in kept]:
        raise PlanError(
            f"{store.path}: neither members nor {index}_conf of {unknown[0]!r} are stored"
            f"{nearest(unknown[0], sorted({*inside, *kept}))}"
        )
    if not names:
        raise PlanError(
            f"{store.path}: no response, and no interval was computed inside the run; name "
            f"responses:, or ask for statistics: {{NAME: [{index}, {index}_conf]}}"
        )
    indices = indices_of(store, stored) if stored else {}
    largest: list[Width] = []
    for name in names:
        if name in inside:
            value, half = map(store.read_whole, inside[name])
            dims = store.specs[inside[name][1]].dims
        else:
            value, half, dims = _of_analysis(store, indices, name, index)
        largest.append(_largest(store, name, value, half, dims, relative))
    finite = [w for w in largest if math.isfinite(w.value)]
    if not finite:
        raise PlanError(
            f"{store.path}: no interval of {index} is known: too many members failed, or the "
            "values do not vary; see `soilsweep analyze`"
        )
    return max(finite, key=lambda w: w.value)


def _scores(store: Store) -> list[str]:
    """Return the scores whose samples are stored; groups of them have a name of their own."""
    if EVALUATION not in store.attrs:
        return []
    layout = open_layout(store)
    return list(layout.evaluation.by_name) if layout.keeps_responses else []


def _inside(store: Store, index: str) -> dict[str, tuple[str, str]]:
    """Return the paths of index and interval of targets where they were computed in the run."""
    names = {}
    for path in store.specs:
        group, _, array = path.rpartition("/")
        if group in ("statistics", STATISTICS) and array.endswith(f"_{index}_conf"):
            value = path.removesuffix("_conf")
            name = array.removesuffix(f"_{index}_conf")
            names[name] = (value if value in store.specs else path, path)
    return names


def _of_analysis(
    store: Store, indices: Found, name: str, index: str
) -> tuple[F8, F8, tuple[str, ...]]:
    paths = [f"sensitivity/{name}_{index}{end}" for end in ("", "_conf")]
    if paths[1] not in indices:
        raise PlanError(
            f"{store.path}: the analysis has no interval of {index!r}; needed resamples: of 2 or "
            "more in design:, and --index mu_star of a Morris design, S1, ST or S2 of a Sobol one"
        )
    spec = indices[paths[1]][0]
    return indices[paths[0]][1], indices[paths[1]][1], spec.dims


def _largest(
    store: Store, name: str, value: F8, half: F8, dims: tuple[str, ...], relative: bool
) -> Width:
    """Return the largest half width of one response, and where it is."""
    axes = tuple(k for k, dim in enumerate(dims) if dim in ("effect", "effect_2"))
    width = half
    if relative:
        size = np.nanmax(np.where(np.isfinite(value), np.abs(value), 0.0), axis=axes, keepdims=True)
        width = half / np.where(size > 0, size, np.nan)
    rows = np.isfinite(width).any(axis=axes)
    if not rows.any():
        return Width(math.nan, name, 0, rows.size)
    at = np.unravel_index(np.nanargmax(width), width.shape)
    labels = {dim: store.read_strings(dim) for dim in ("forcing", "location")}
    labels["effect"] = labels["effect_2"] = tuple(store.attrs["design"]["effects"])
    words = [
        str(labels[d][k]) if d in labels else f"{d} {k}" for d, k in zip(dims, at, strict=True)
    ]
    where = ", ".join([name, *words])
    return Width(float(width[at]), where, int(rows.sum()), rows.size)
