"""Analyse a finished run and keep what is found in its store."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ensemble.analysis import shares
from ensemble.analysis.indices import GROUP
from ensemble.analysis.split_plan import GROUP as VARIANCE
from ensemble.members.stored import data_of, read_ensemble
from ensemble.store.store import Store
from ensemble.store.writing import add_arrays
from ensemble.tables.indices import analysis_tables, output_tables, row_tables
from ensemble.tables.shares import variance_tables

OURS = (VARIANCE, GROUP)
"""Groups that an analysis writes whole."""


def analyze_store(path: Path, *, every_row: bool = False) -> list[dict[str, Any]]:
    """Compute, store and return the analysis of all that is stored.

    The design's own indices go to ``sensitivity/``, shares of variance of models, forcings and
    parameters to ``variance/``.

    Parameters
    ----------
    path : Path
        A finished run that keeps responses or outputs.
    every_row : bool
        Whether the tables tell of each layer and year of outputs, and not of their means
        alone; the store holds all in any case.

    Returns
    -------
    list of dict
        Tables of text: title, header, rows, notes; and ``records``, the numbers of indices with
        what stands behind them, also those that the rows withhold as noise; and whether data are
        real or synthetic.

    Raises
    ------
    PlanError
        Not finished, nothing kept, too many failures, or a design without analysis.
    """
    store = read_ensemble(path)
    indices, split = shares.analyse(store)
    # What an earlier analysis had and this one has not would be the work of other code.
    every = {**indices, **split}
    left = {p: s for p, s in store.specs.items() if p in every or p.partition("/")[0] not in OURS}
    grown = add_arrays(replace(store, specs=left), every)
    stale = store.specs.keys() - grown.specs.keys()
    for gone in stale | {group for group in OURS if not _has_group(grown, group)}:
        store.root.remove_folder(gone)
    tables = [*analysis_tables(store, indices), *output_tables(store, indices)]
    if every_row:
        tables += row_tables(store, indices)
    tables += variance_tables(store, split)
    words = ("title", "header", "rows", "notes", "records")
    return [{**{w: getattr(table, w) for w in words}, **data_of(store)} for table in tables]


def _has_group(store: Store, group: str) -> bool:
    return any(path.startswith(f"{group}/") for path in store.specs)
