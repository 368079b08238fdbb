"""Tables of what the variance is due to: shares of models, forcings and parameters."""

import numpy as np

from ensemble.members.limits import lost
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.store import Store
from ensemble.tables.responses import NONE, Analysis, Table, labels_of
from kernels import F8

MOST_COLUMNS = 6
"""Side by side in one table; more go into a table below."""


def variance_tables(store: Store, split: Analysis) -> list[Table]:
    """Return tables with a row per term, shares as means over cells, largest ones first."""
    tables = []
    for dim in sorted({s.dims[-1] for p, (s, _) in split.items() if p.endswith("_share")}):
        terms = [str(term) for term in split[f"variance/{dim}"][1]]
        paths = [p for p, (s, _) in split.items() if p.endswith("_share") and s.dims[-1] == dim]
        for k in range(0, len(paths), MOST_COLUMNS):
            tables.append(_table(store, split, terms, paths[k : k + MOST_COLUMNS]))
    return tables


def _table(store: Store, split: Analysis, terms: list[str], paths: list[str]) -> Table:
    names, columns, over, notes = [], [], [], []
    for path in paths:
        spec, values = split[path]
        names.append(str(spec.attrs["target"]))
        columns.append(mean_shares(values))
        over.append(", ".join(spec.dims[:-1]) or "one number")
        notes += _lost(store, split, path)
    rows = [
        [term, *(NONE if np.isnan(c[k]) else f"{c[k]:.4f}" for c in columns)]
        for k, term in enumerate(terms)
    ]
    where = "; ".join(f"{name}: {cells}" for name, cells in zip(names, over, strict=True))
    notes.insert(0, f"means over the cells that have shares, by {where}; the store holds each")
    return Table("shares of variance", ["term", *names], rows, [*notes, *labels_of(store)])


def mean_shares(values: F8) -> F8:
    """Return the mean shares (term,) of (..., term) over the cells that have any; else NaN."""
    flat = values.reshape(-1, values.shape[-1])
    whole = flat[np.isfinite(flat).all(axis=1)]
    return whole.mean(axis=0) if len(whole) else np.full(values.shape[-1], np.nan)


def _lost(store: Store, split: Analysis, path: str) -> list[str]:
    """Return a note where failed or excluded members cost levels."""
    spec, levels = split[f"{path.removesuffix('_share')}_levels"]
    whole = np.asarray(spec.attrs["whole"])
    flat = levels.reshape(-1, levels.shape[-1])
    less = (flat < whole).any(axis=1)
    if not less.any():
        return []
    axes = [str(a) for a in split[f"variance/{spec.dims[-1]}"][1]]
    pairs = zip(axes, flat.min(axis=0), whole, strict=True)
    worst = ", ".join(f"{n} of {w} of {axis}" for axis, n, w in pairs if n < w)
    kept = flat.prod(axis=1) / whole.prod()
    none = int((kept < 1 - REFUSE_ABOVE).sum())
    end = f"; {none:,} have lost more than a fifth and have no shares" if none else ""
    name = spec.attrs["target"]
    text = (
        f"{name}: levels with {lost(store)} members are left out at {less.sum():,} of {len(flat):,}"
    )
    return [f"{text} places, which leaves at least {worst}{end}"]
