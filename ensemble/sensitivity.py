"""Analyse a finished run: the design's own indices, and variance shares of a factorial.

A failed member never biases an index silently: it removes its whole Morris trajectory or
Saltelli row, and whole levels of a factorial. What is left is stored beside the indices,
and where more than a fifth is lost there is no index.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.launch import open_setup
from ensemble.layout import Layout
from ensemble.store import PlanError, Store, add_arrays, read
from ensemble.tables import MAX_ROWS, NONE, Table
from ensemble.variance import REST, drop_failed, shares, subsets
from ensemble.zarr_json import ArraySpec
from scenarios.designs import Design

F8 = NDArray[np.float64]
Found = dict[str, tuple[ArraySpec, NDArray[Any]]]

REFUSE_ABOVE = 0.2
"""Share of a design that may be lost to failed members before an analysis refuses."""

MOST_TERMS = 127
"""Interactions of seven axes are told apart; with more axes, those of low order."""

READ_BYTES = 256 << 20
"""Responses of all forcings that are held at a time, bytes."""


def analyze_store(path: Path) -> list[dict[str, Any]]:
    """Compute, store under ``sensitivity/`` and return the analysis of every response.

    Parameters
    ----------
    path : Path
        A finished run that keeps its responses.

    Returns
    -------
    list of dict
        Tables of text: title, header, rows, notes.

    Raises
    ------
    PlanError
        Not finished, no responses kept, too many failures, or a design without analysis.
    """
    store = read(path)
    found = results(store)
    # Arrays of an earlier analysis that this one does not have would be left from other code.
    left = {p: s for p, s in store.specs.items() if p in found or not _ours(p)}
    add_arrays(replace(store, specs=left), found)
    for stale in store.specs.keys() - left.keys():
        shutil.rmtree(path / stale, ignore_errors=True)
    return [
        {"title": t.title, "header": t.header, "rows": t.rows, "notes": t.notes}
        for t in tabulate(store, found)
    ]


def _ours(path: str) -> bool:
    return path.startswith("sensitivity/")


def stored(store: Store) -> Found:
    """Return what an earlier `analyze_store` wrote; empty where it never ran."""
    return {p: (s, _read_any(store, s)) for p, s in store.specs.items() if _ours(p)}


def _read_any(store: Store, spec: ArraySpec) -> NDArray[Any]:
    if spec.dtype == "string":
        return np.array(store.read_strings(spec.path), dtype=object)
    return store.read_whole(spec.path)


def results(store: Store) -> Found:
    """Return every array of the analysis; see `analyze_store` for what it raises."""
    layout = Layout(open_setup(store))
    done, path = len(store.committed()), store.path
    if done < layout.grid.blocks:
        raise PlanError(
            f"{path}: {done}/{layout.grid.blocks} blocks are committed; run it to the end"
        )
    if not layout.functionals:
        raise PlanError(f"{path}: nothing to analyse; name some responses: in the scenario")
    if not layout.keeps_responses:
        raise PlanError(f"{path}: {layout.sampler.size:,} samples are too many to keep responses")
    job = _Job(store, layout)
    if not job.factors and not job.effects:
        method = job.design.attributes["method"]
        raise PlanError(
            f"{path}: a {method} design has no indices of its own; use a cross, grid, morris or sobol"
        )
    found: Found = {}
    for name in layout.functionals:
        found.update(_Response(job, name).analyze())
    if job.refused and not job.accepted:
        raise PlanError(f"{path}: " + "; ".join(job.refused[:3]))
    return found


@dataclass(frozen=True)
class _Job:
    """What the analyses of all responses share."""

    store: Store
    layout: Layout

    def __post_init__(self) -> None:
        object.__setattr__(self, "refused", [])
        object.__setattr__(self, "accepted", [])

    refused: list[str] = None  # type: ignore[assignment]
    accepted: list[str] = None  # type: ignore[assignment]
