"""What a calibration found: a row for each group, and what must be said beside it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.identifiability import in_words
from ensemble.calibration.layout import GROUP, METRICS
from ensemble.calibration.stored import BETWEEN, PARAMETER_UNITS, TIED_TO
from ensemble.store.store import Store
from ensemble.tables.responses import Table
from kernels import F8, OK
from scenarios import and_more, most_named

MOST_ROWS = 24
"""Groups that a table shows: the first; all are in the store."""

ROUNDING = 1e-12
"""Of a variance: what is modelled so near to what is observed differs by rounding alone."""

NOT_RUN_YET = "not run"

WIDE = 0.1
"""Of a parameter's range: restarts that differ by more are named."""


@dataclass(frozen=True)
class Found:
    """The results of a complete calibration, as its store has them.

    Attributes
    ----------
    store : Store
    """

    store: Store

    def read(self, name: str) -> NDArray[Any]:
        """Return an array of the group."""
        return self.store.read_whole(f"{GROUP}/{name}")

    def has(self, name: str) -> bool:
        """Return whether the store has an array of that name."""
        return f"{GROUP}/{name}" in self.store.specs

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Return the names of the groups."""
        return self.store.read_strings("group")

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of the parameters."""
        return self.store.read_strings("parameter")

    @cached_property
    def tied_to(self) -> tuple[str, ...]:
        """Return which parameter each is tied to; nothing for those that are searched."""
        found = self.store.specs[f"{GROUP}/lower"].attrs.get(TIED_TO)
        return ("",) * len(self.parameters) if found is None else tuple(found.split(BETWEEN))

    @property
    def units(self) -> tuple[str, ...]:
        """Return the unit of each parameter."""
        return tuple(self.store.specs[f"{GROUP}/lower"].attrs[PARAMETER_UNITS].split(BETWEEN))

    @cached_property
    def searched(self) -> tuple[str, ...]:
        """Return the names of the parameters that are searched, which are the first."""
        pairs = zip(self.parameters, self.tied_to, strict=True)
        return tuple(name for name, parent in pairs if not parent)

    def of_searched(self, name: str) -> NDArray[Any]:
        """Return an array by group and parameter, (G, n) or (G, n, n), of what is searched."""
        n = len(self.searched)
        values = self.read(name)
        return values[:, :n] if values.ndim == 2 else values[:, :n, :n]

    @cached_property
    def reasons(self) -> list[str]:
        """Return why searches stopped, by group and restart, (G * R,)."""
        return self.in_words("reason").ravel().tolist()

    def in_words(self, name: str) -> NDArray[Any]:
        """Return reasons in words, in the shape of their array."""
        attrs = self.store.specs[f"{GROUP}/{name}"].attrs
        values, names = attrs["flag_values"], attrs["flag_meanings"].split()
        by_code = {v: n.replace("_", " ") for v, n in zip(values, names, strict=True)}
        codes = self.read(name)
        words = [by_code.get(int(code), NOT_RUN_YET) for code in codes.ravel()]
        return np.array(words, dtype=object).reshape(codes.shape)

    @cached_property
    def best(self) -> NDArray[np.int64]:
        """Return the best restart of each group, (G,); -1 where none found anything."""
        cost = self.read("cost")
        violation = self.read("violation") if self.has("violation") else np.zeros_like(cost)
        keys = [np.where(np.isnan(one), np.inf, one) for one in (cost, violation)]
        best = np.lexsort(keys, axis=1)[:, 0]
        return np.where(np.isfinite(cost).any(axis=1), best, -1)

    @property
    def of_rmse(self) -> bool:
        """Return whether costs are squares of an RMSE."""
        scenario = self.store.attrs["identity"]["scenario"]
        return bool(scenario["calibration"]["minimise"]["name"] == "rmse")

    def of_best(self, name: str) -> F8:
        """Return what an array has for the best restart of each group, (G, ...); NaN for none."""
        values = self.read(name).astype(np.float64)
        found = values[np.arange(len(self.best)), np.maximum(self.best, 0)]
        found[self.best < 0] = np.nan
        return np.asarray(found)


def tables(store: Store) -> list[Table]:
    """Return what a complete calibration found, by group, and parameters."""
    found = Found(store)
    groups = groups_table(found)
    groups = replace(groups, notes=[*groups.notes, *spread(found), *worse(found)])
    both = [groups, parameters_table(found)]
    if not found.has("fold_metrics"):
        return both
    names = found.store.read_strings(f"{GROUP}/response")
    turns = (folds_table(found, name, k) for k, name in enumerate(names))
    return [*both, *(replace(turn, notes=[*turn.notes, IN_TURN]) for turn in turns)]


IN_TURN = (
    "Held back in turn: each observation as a search has it that has not seen it; parameters are "
    "those of the search of all."
)


def folds_table(found: Found, name: str, response: int) -> Table:
    """Return a row for each group and fold: how the rest and the fold itself are met."""
    n, rmse = METRICS.index("n"), METRICS.index("rmse")
    ours, theirs = (found.read(f"fold_{word}") for word in ("metrics", "default_metrics"))
    folds = found.store.read_strings(f"{GROUP}/fold")
    reasons = found.in_words("fold_reason")
    rows = []
    for g, group in enumerate(found.groups):
        for k, fold in enumerate(folds):
            rest, held = ours[g, k, :, response]
            if reasons[g, k] != NOT_RUN_YET:
                cells = [count_of(held[n]), reasons[g, k], number(rest[rmse])]
                cells += map(number, (held[rmse], theirs[g, k, 1, response, rmse]))
                rows.append([group, fold, *cells])
    header = ["group", "fold held back", "n", "stopped", "rmse of the others", "rmse of the fold"]
    header += ["rmse of the defaults"]
    first = rows[: most_named(MOST_ROWS)]
    more = and_more(len(rows) - len(first)).strip()
    return Table(f"{name}, held back in turn", header, first, notes=[more] if more else [])


def groups_table(found: Found) -> Table:
    """Return a row for each group: its cost, why its best search stopped, what is determined."""
    cost, count = found.of_best("cost"), found.of_best("evaluations")
    called, cost = ("rmse", np.sqrt(cost)) if found.of_rmse else ("cost", cost)
    bound = found.of_searched("at_bound")
    restarts = found.read("cost").shape[1]
    squares = found.has("jacobian_sv")
    header = ["group", called, "evaluations", "stopped", "at a bound"]
    header += ["well determined", "least determined"] if squares else []
    rows = []
    for g, name in enumerate(found.groups[: most_named(MOST_ROWS)]):
        at = [p for p, side in zip(found.searched, bound[g], strict=True) if side]
        reason = found.reasons[g * restarts + max(0, int(found.best[g]))]
        row = [name, number(cost[g]), count_of(count[g]), reason, ", ".join(at) or "none"]
        if squares:
            values = found.of_searched("jacobian_sv")[g]
            known = "-" if np.isnan(values).all() else f"{int((values > 1).sum())} of {len(values)}"
            row += [known, in_words(found.searched, found.of_searched("weakest")[g]) or "-"]
        rows.append(row)
    about = found.store.attrs["design"]
    title = f"{about['cost']} by {about['search']}, best of each group"
    return Table(title, header, rows, notes=list(_notes(found)))


def _notes(found: Found) -> Iterator[str]:
    """Yield what is to be said below the table."""
    if more := and_more(len(found.groups) - most_named(MOST_ROWS), "groups"):
        yield more.strip()
    reasons = Counter(found.reasons)
    yield "searches: " + ", ".join(f"{n:,} {word}" for word, n in reasons.most_common())
    tallies = found.read("tallies").sum(axis=(0, 1))
    names = found.store.read_strings(f"{GROUP}/tally")
    befell = [f"{int(n):,} {word}" for word, n in zip(names, tallies, strict=True) if n]
    if befell:
        yield f"candidates: {', '.join(befell)}"
    if found.has("jacobian_sv"):
        yield "well determined: directions that move some modelled value by a standard error"
        yield "no intervals: linear ones follow no valley that bends"


def spread(found: Found) -> Iterator[str]:
    """Yield the parameters in which restarts of equal cost come to unlike values."""
    apart = apart_of(found)
    for j, name in enumerate(found.searched):
        if wide := int((apart[:, j] > WIDE).sum()):
            text = f"{name}: restarts differ by more than {WIDE:.0%} of its range in"
            yield f"{text} {wide:,} of {len(found.groups):,} groups"


def apart_of(found: Found) -> F8:
    """Return how far restarts are apart, in ranges of each parameter, (G, n); NaN of one."""
    values = found.read("parameters")
    several = np.isfinite(values).all(axis=2).sum(axis=1) > 1
    width = found.read("upper") - found.read("lower")
    with np.errstate(all="ignore"):
        apart = (np.fmax.reduce(values, axis=1) - np.fmin.reduce(values, axis=1)) / width
    return np.where(several[:, None], apart, np.nan)


def worse(found: Found) -> Iterator[str]:
    """Yield that calibrated parameters do worse than the defaults where nothing was fitted."""
    if not found.has("metrics"):
        return
    rmse, nse = METRICS.index("rmse"), METRICS.index("nse")
    names = found.store.read_strings(f"{GROUP}/response")
    ours, theirs = (found.read(name)[..., rmse] for name in ("metrics", "default_metrics"))
    # What is met to rounding is not worse than what is met to other rounding.
    exact = found.read("metrics")[..., nse] > 1.0 - ROUNDING
    for p, part in enumerate(("calibrated on", "held back")):
        for r, name in enumerate(names):
            worse = np.flatnonzero((ours[:, p, r] > theirs[:, p, r]) & ~exact[:, p, r])
            if len(worse):
                named = [found.groups[int(g)] for g in worse[: most_named(1)]]
                first = ", ".join(named)
                more = and_more(len(worse) - len(named), "groups")
                numbers = f"{ours[worse[0], p, r]:.4g} for {theirs[worse[0], p, r]:.4g}"
                yield (
                    f"{name}, {part}: RMSE above that of the defaults in {first}{more} ({numbers})"
                )


def parameters_table(found: Found) -> Table:
    """Return the best parameters of each group; those at an end of their range are marked."""
    values, bound = found.of_best("parameters"), found.read("at_bound")
    units = found.units
    header = ["group", *(f"{n} [{u}]" if u not in ("", "1") else n
                         for n, u in zip(found.parameters, units, strict=True))]  # fmt: skip
    rows = [
        [name, *map(_at_end, values[g].tolist(), bound[g].tolist())]
        for g, name in enumerate(found.groups[: most_named(MOST_ROWS)])
    ]
    notes = ["] or [: at the upper or lower end of the range that is searched"]
    return Table("best parameters", header, rows, notes if bound.any() else [])


def _at_end(value: float, side: int) -> str:
    """Return a value, with a bracket where its range ends."""
    return f"{'[' if side < 0 else ''}{number(value)}{']' if side > 0 else ''}"


def number(value: float) -> str:
    """Return a number as tables have it, a dash of none."""
    return "-" if np.isnan(value) else f"{value:.6g}"


def count_of(value: float) -> str:
    """Return a count as tables have it, a dash of none."""
    return "-" if np.isnan(value) else f"{int(value):,}"


def lost(store: Store) -> int:
    """Return how many groups have no result, of a complete calibration."""
    status = store.read_whole("status")
    return int((status != OK).all(axis=1).sum())
