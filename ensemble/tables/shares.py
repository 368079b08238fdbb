"""Tables of what the variance is due to: shares of models, forcings and parameters."""

import numpy as np

from ensemble.members.limits import lost
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.store import Store
from ensemble.tables.responses import MAX_PLACES, NONE, Analysis, Table, labels_of
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
        alone = [p for p in paths if split[p][0].dims == ("location", dim)]
        for k in range(0, len(alone), MOST_COLUMNS):
            tables += _at_places(store, split, terms, alone[k : k + MOST_COLUMNS])
    return tables


def _at_places(store: Store, split: Analysis, terms: list[str], paths: list[str]) -> list[Table]:
    """Return a table for each of the first locations, where there are several."""
    locations, tables = store.read_strings("location"), []
    if len(locations) < 2:
        return []
    names = [str(split[path][0].attrs["target"]) for path in paths]
    for place, location in enumerate(locations[:MAX_PLACES]):
        columns = [split[path][1][place] for path in paths]
        rows = [[term, *(_share(c[k]) for c in columns)] for k, term in enumerate(terms)]
        notes = [note for path in paths for note in _lost(store, split, path, place)]
        title = f"shares of variance, {location}"
        tables.append(Table(title, ["term", *names], rows, [*notes, *labels_of(store)]))
    if len(locations) > MAX_PLACES:
        more = f"the first {MAX_PLACES} of {len(locations)} locations; the store holds all"
        tables[-1].notes.append(more)
    return tables


def _share(value: float) -> str:
    return NONE if np.isnan(value) else f"{value:.4f}"


def _table(store: Store, split: Analysis, terms: list[str], paths: list[str]) -> Table:
    names, columns, over, notes = [], [], [], []
    for path in paths:
        spec, values = split[path]
        names.append(str(spec.attrs["target"]))
        columns.append(mean_shares(values))
        over.append(", ".join(spec.dims[:-1]) or "one number")
        notes += _lost(store, split, path)
    rows = [[term, *(_share(c[k]) for c in columns)] for k, term in enumerate(terms)]
    where = "; ".join(f"{name}: {cells}" for name, cells in zip(names, over, strict=True))
    notes.insert(0, f"means over the cells that have shares, by {where}; the store holds each")
    return Table("shares of variance", ["term", *names], rows, [*notes, *labels_of(store)])


def mean_shares(values: F8) -> F8:
    """Return the mean shares (term,) of (..., term) over the cells that have any; else NaN."""
    flat = values.reshape(-1, values.shape[-1])
    whole = flat[np.isfinite(flat).all(axis=1)]
    return whole.mean(axis=0) if len(whole) else np.full(values.shape[-1], np.nan)


def _lost(store: Store, split: Analysis, path: str, place: int | None = None) -> list[str]:
    """Return a note where failed or excluded members cost levels, at one location or at all."""
    spec, levels = split[f"{path.removesuffix('_share')}_levels"]
    whole = np.asarray(spec.attrs["whole"])
    flat = (levels if place is None else levels[place]).reshape(-1, levels.shape[-1])
    less = (flat < whole).any(axis=1)
    if not less.any():
        return []
    axes = [str(a) for a in split[f"variance/{spec.dims[-1]}"][1]]
    pairs = zip(axes, flat.min(axis=0), whole, strict=True)
    worst = ", ".join(f"{n} of {w} of {axis}" for axis, n, w in pairs if n < w)
    kept = flat.prod(axis=1) / whole.prod()
    none, name = int((kept < 1 - REFUSE_ABOVE).sum()), spec.attrs["target"]
    if place is not None:
        end = "; more than a fifth is lost, so no shares" if none else ""
        return [
            f"{name}: levels with {lost(store)} members are left out, which leaves {worst}{end}"
        ]
    end = f"; {none:,} have lost more than a fifth and have no shares" if none else ""
    text = (
        f"{name}: levels with {lost(store)} members are left out at {less.sum():,} of {len(flat):,}"
    )
    return [f"{text} places, which leaves at least {worst}{end}"]
