"""Tables of what the variance is due to: shares of models, forcings and parameters."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ensemble.analysis import noise
from ensemble.analysis.share_intervals import mean_shares
from ensemble.members.limits import lost
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.store import Store
from ensemble.tables.believing import MARK, MARKED
from ensemble.tables.responses import MAX_PLACES, NONE, Analysis, Table, labels_of
from kernels import F8

MOST_COLUMNS = 6
"""Side by side in one table; more go into a table below."""

DIGITS, LEAST = 4, 5e-5
"""Of a share, at most; and what is 0 in as many."""

UNKNOWN = "unknown"

FEW = 2
"""Parameters of a factor that its name has whole; of more, the first and how many others."""


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
    for place, location in enumerate(locations[:MAX_PLACES]):
        columns = [
            Shares(
                str(split[path][0].attrs["target"]),
                terms,
                values[place],
                None if half is None else half[place],
            )
            for path in paths
            for values, half in [(split[path][1], _known(split, f"{path}_conf"))]
        ]
        notes = [note for path in paths for note in _lost(store, split, path, place)]
        title = f"shares of variance, {location}"
        tables.append(_of_columns(title, columns, notes, store, split, paths, location=location))
    if len(locations) > MAX_PLACES:
        more = f"the first {MAX_PLACES} of {len(locations)} locations; the store holds all"
        tables[-1].notes.append(more)
    return tables


def _table(store: Store, split: Analysis, terms: list[str], paths: list[str]) -> Table:
    columns, over, notes = [], [], []
    for path in paths:
        spec, values = split[path]
        half = _known(split, f"{path}_mean_conf")
        columns.append(Shares(str(spec.attrs["target"]), terms, mean_shares(values), half))
        over.append(", ".join(spec.dims[:-1]) or "one number")
        notes += _lost(store, split, path)
    where = "; ".join(f"{c.name}: {cells}" for c, cells in zip(columns, over, strict=True))
    notes.insert(0, f"means over the cells that have shares, by {where}; the store holds each")
    return _of_columns("shares of variance", columns, notes, store, split, paths)


def named(term: str) -> str:
    """Return a term as tables and figures name it: ``a+b+c x d`` is ``a and 2 more x d``."""
    return " x ".join(_named(factor) for factor in term.split(" x "))


def _named(factor: str) -> str:
    first, *others = factor.split("+")
    return f"{first} and {len(others)} more" if len(others) >= FEW else factor


def _whole_names(terms: list[str]) -> list[str]:
    """Return a note for each factor that is named by its first parameter."""
    factors = dict.fromkeys(factor for term in terms for factor in term.split(" x "))
    return [f"{_named(f)}: {f.replace('+', ', ')}" for f in factors if _named(f) != f]


@dataclass(frozen=True)
class Shares:
    """The shares of one output, response or sum over space, in one cell or as means over cells.

    Attributes
    ----------
    name : str
    terms : list of str
    values : ndarray, shape (term,)
    half : ndarray, shape (term,), or None
        Half widths of their intervals; None where nothing was drawn, or it is not known.
    """

    name: str
    terms: list[str]
    values: F8
    half: F8 | None

    def cell(self, k: int) -> str:
        """Return a share with its interval, marked where that is wide."""
        value = float(self.values[k])
        if np.isnan(value):
            return NONE
        if self.half is None or not np.isfinite(self.half[k]):
            return f"{value:.4f}"
        half = float(self.half[k])
        digits = DIGITS if half < LEAST else min(DIGITS, max(2, 1 - math.floor(math.log10(half))))
        return f"{value:.{digits}f} +- {half:.{digits}f}{MARK * self.wide(k)}"

    def wide(self, k: int) -> bool:
        """Return whether an interval is wider than half of a share that more than rounding is."""
        if self.half is None or not self.half[k] >= LEAST:
            return False
        return bool(noise.wide(self.values[k], self.half[k]))

    def record(self, **where: str) -> dict[str, Any]:
        """Return the shares for a program."""
        half = np.full(len(self.terms), np.nan) if self.half is None else self.half
        rows = [
            {"term": t, "value": _plain(v), "half_width": _plain(h), "wide": self.wide(k)}
            for k, (t, v, h) in enumerate(zip(self.terms, self.values, half, strict=True))
        ]
        return {"index": "share", "of": self.name, **where, "terms": rows}


def _of_columns(
    title: str,
    columns: list[Shares],
    notes: list[str],
    store: Store,
    split: Analysis,
    paths: list[str],
    **where: str,
) -> Table:
    """Return a table with a column for each of some quantities."""
    terms = columns[0].terms
    rows = [[named(term), *(c.cell(k) for c in columns)] for k, term in enumerate(terms)]
    marked = any(cell.endswith(MARK) for row in rows for cell in row[1:])
    notes = [MARKED] * marked + notes + _whole_names(terms)
    notes += _of_draws(split, paths) + labels_of(store)
    where = where or {"location": "mean over cells"}
    records = [column.record(**where) for column in columns]
    return Table(title, ["term", *(c.name for c in columns)], rows, notes, records=records)


def _of_draws(split: Analysis, paths: list[str]) -> list[str]:
    """Return what the intervals are of."""
    drawn = dict.fromkeys(str(split[path][0].attrs.get("drawn", UNKNOWN)) for path in paths)
    said = {
        UNKNOWN: "no interval is known: an earlier version analysed; `soilsweep analyze` adds them",
        "": "no interval: levels were stated, not drawn, and shares are those of these levels",
    }
    words = "intervals of 95 % are over other draws of {}, the same in all cells"
    return [said.get(word, words.format(", ".join(map(named, word.split(", "))))) for word in drawn]


def _known(split: Analysis, path: str) -> F8 | None:
    return split[path][1] if path in split else None


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


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
