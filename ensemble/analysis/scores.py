"""Scores as an analysis reads them: all samples of the rows that models side by side make."""

import itertools

import numpy as np

from ensemble.members.evaluation.asked import EXCLUDED, FAILED, GROUP, Scored
from ensemble.members.layout import Layout
from ensemble.store.store import Store
from kernels import F8, U1

EVERYWHERE, ALL = "everywhere", "all locations"
"""The dimension of scores of outputs without models side by side, and its one place."""


def places_of(store: Store, scored: Scored) -> tuple[str, list[str]]:
    """Return the dimension that stands for locations in the indices of a score, and its names."""
    if not scored.dims:
        return EVERYWHERE, [ALL]
    along = [
        store.read_strings(dim) if _has_names(store, dim) else [f"{dim} {k}" for k in range(size)]
        for dim, size in zip(scored.dims, scored.shape, strict=True)
    ]
    return "_".join(scored.dims), [", ".join(words) for words in itertools.product(*along)]


def _has_names(store: Store, dim: str) -> bool:
    return dim in store.specs and store.specs[dim].dtype == "string"


def read_score(store: Store, layout: Layout, name: str, forcing: int) -> tuple[F8, U1]:
    """Return a score of a forcing, (model, sample), and why samples lack it, as `read_reasons`.

    Parameters
    ----------
    store : Store
        Finished.
    layout : Layout
    name : str
        With the group at its end, or that of the whole.
    forcing : int
    """
    scored, group = layout.evaluation.by_name[name]
    values = store.read_whole(f"{GROUP}/{scored.name}")[forcing]
    values = values[group] if scored.groups else values
    reasons = np.where(store.read_whole(f"{GROUP}/{FAILED}")[forcing] > 0, 1, 0)
    if f"{GROUP}/{EXCLUDED}" in store.specs:
        excluded = store.read_whole(f"{GROUP}/{EXCLUDED}")[forcing] > 0
        reasons = np.where((reasons == 0) & excluded, 2, reasons)
    flat = np.asarray(values, dtype=np.float64).reshape(-1, values.shape[-1])
    return flat, np.tile(reasons.astype(np.uint8), (len(flat), 1))
