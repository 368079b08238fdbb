"""Tables of a run as text cells: the console and the report print the same ones.

An ensemble is shown where all its members are committed; what is not known is a dash.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.stored import REAL, read_ensemble
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from ensemble.tables.results import Results, Summary, known_mean, known_std
from ensemble.tables.times import dates_along
from kernels import F8

Analysis = Mapping[str, tuple[ArraySpec, NDArray[Any]]]
"""Arrays of the group ``sensitivity/``, by path."""

MAX_ROWS = 60
MAX_RESPONSES = 4
"""Side by side in one table; more go into a table below."""

MAX_CELLS = 600
"""Rows of a table of indices."""

MAX_PLACES = 12
"""Locations that get tables of their own; the store holds all."""

NONE = "\N{EN DASH}"

NUMBER = re.compile(
    r"\[?[+\-\N{MINUS SIGN}]?[\d.,]+(e[+-]?\d+)?( ?%)?( \+- [\d.,e+-]+( \*)?)?\]?|"
    r"\N{EN DASH}|-|"
)
"""A cell of a column of numbers: a number, at an end of its range or not, what is not known, or
nothing."""

CELLS = "control: the kernel's defaults; ensemble: mean +- standard deviation over samples"

ORDER = ("S1", "ST", "SRC", "SRRC", "mu", "mu_star", "sigma", "theta", "effective")
"""Columns of indices."""


@dataclass(frozen=True)
class Table:
    """A title, a header, rows of text, and lines below.

    ``groups`` are ``(words, columns)`` from left to right: words that begin the headers of
    so many columns, for a reader that can print them once above. ``records`` are the numbers of a
    table of indices for programs, those that the rows withhold among them.
    """

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    rules: tuple[int, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()
    records: list[dict[str, Any]] = field(default_factory=list)

    def numeric_columns(self) -> list[bool]:
        """Return which columns hold numbers alone, and at least one."""
        columns = ([row[k] for row in self.rows] for k in range(len(self.header)))
        return [any(cells) and all(map(NUMBER.fullmatch, cells)) for cells in columns]


def response_tables(path: Path) -> list[Table]:
    """Return each response unconstrained and over the ensemble: tables by forcing, per location.

    Of more than a few locations, or under one forcing alone, it is rows by location, means over
    forcings.
    """
    results = Results(read_ensemble(path))
    if len(results.locations) <= MAX_PLACES and not is_by_location(results):
        return tables_of(results)
    return _by_location(results)


def _by_location(results: Results) -> list[Table]:
    title = results.store.attrs["title"]
    return [replace(t, title=f"{title}, {t.title}") for t in location_tables(results)]


def ending_tables(path: Path) -> list[Table]:
    """Return the tables a run ends with: of several locations, rows by location and no more."""
    results = Results(read_ensemble(path))
    if len(results.locations) == 1:
        return tables_of(results)
    return _by_location(results)


def is_by_location(results: Results) -> bool:
    """Return whether rows by location are all there is to say: of one forcing at several."""
    return len(results.forcings) == 1 and len(results.locations) > 1


def tables_of(results: Results, places: Sequence[int] | None = None) -> list[Table]:
    """Return the tables of `response_tables`, for results that are open already, of some places."""
    summaries = results.summaries()
    parts = [summaries[k : k + MAX_RESPONSES] for k in range(0, len(summaries), MAX_RESPONSES)]
    if places is None:
        places = range(min(len(results.locations), MAX_ROWS))
    return [_at_location(results, part, place) for place in places for part in parts]


def _at_location(results: Results, summaries: list[Summary], place: int) -> Table:
    here = [s.at(place) for s in summaries]
    forms = [number_form(std, mean, control) for control, mean, std in here]
    rows = [
        [name, *_cells(forms, [(c[k], m[k], s[k]) for c, m, s in here])]
        for k, name in enumerate(results.forcings[:MAX_ROWS])
    ]
    rules: tuple[int, ...] = ()
    if len(results.forcings) > 1:
        rules = (len(rows),)
        with_mean = max(int(np.isfinite(mean).sum()) for _, mean, _ in here)
        total = len(results.forcings)
        who = "all" if with_mean == total else f"{with_mean} of {total}"
        means = [tuple(known_mean(values) for values in each) for each in here]
        spreads = [(known_std(control), known_std(mean), math.nan) for control, mean, _ in here]
        rows.append([f"{who}, mean of means", *_cells(forms, means)])
        rows.append([f"{who}, SD of means", *_cells(forms, spreads)])
    rows += _published(results, summaries)
    notes = [CELLS]
    if len(results.forcings) > MAX_ROWS:
        notes.append(f"the first {MAX_ROWS} of {len(results.forcings)}; the means are of all")
    notes += labels_of(results.store)
    location = results.locations[place]
    title = results.store.attrs["title"] + ("" if location == "global" else f", {location}")
    header, groups = _columns("forcing", summaries)
    return Table(title, header, rows, notes, rules, groups)


def _columns(first: str, summaries: list[Summary]) -> tuple[list[str], tuple[tuple[str, int], ...]]:
    """Return header and groups of control and ensemble columns."""
    groups = [f"{s.name} [{s.units}]" for s in summaries]
    header = [first, *(cell for words in groups for cell in (f"{words} control", "ensemble"))]
    return header, (("", 1), *((words, 2) for words in groups))


Form = Callable[[float], str]


def number_form(*scales: F8) -> Form:
    """Return how to write numbers: three digits of the first scale that has a size."""
    for values in scales:
        sizes = np.abs(values[np.isfinite(values)])
        sizes = sizes[sizes > 0]
        if sizes.size:
            digits = 2 - math.floor(math.log10(float(np.median(sizes))))
            if -4 <= digits <= 6:
                return lambda v: NONE if math.isnan(v) else f"{v:.{max(0, digits)}f}"
            break
    else:
        return lambda v: NONE if math.isnan(v) else f"{v:.1f}"
    return lambda v: NONE if math.isnan(v) else f"{v:.4g}"


def _cells(forms: list[Form], values: Iterable[tuple[float, ...]]) -> Iterator[str]:
    """Yield two cells, control and ensemble, for each (control, mean, std)."""
    for form, (control, mean, std) in zip(forms, values, strict=True):
        yield form(control)
        yield form(mean) + ("" if math.isnan(mean + std) else f" +- {form(std)}")


def _published(results: Results, summaries: list[Summary]) -> list[list[str]]:
    """Return the published numbers beside ours, labelled as what they are."""
    if not results.published:
        return []
    row = [results.published["label"]]
    for summary in summaries:
        published = results.published["responses"].get(summary.name, {})
        for word in ("unconstrained", "constrained"):
            value = published.get(word)
            row.append(NONE if value is None else f"{value:g}")
    return [row]


def key_table(results: Results, place: int = 0) -> Table | None:
    """Return each response once: mean over forcings, spreads, difference; ours and published.

    The difference is ensemble less control, also as a share of the ensemble's value: what a
    study of constrained projections calls its underestimation.
    """
    summaries = results.summaries()
    if not summaries:
        return None
    rows = []
    for s in summaries:
        control, mean, within = (known_mean(values) for values in s.at(place))
        between = known_std(s.mean[:, place]) if len(s.mean) > 1 else math.nan
        form = number_form(s.std[:, place], s.mean[:, place], s.control[:, place])
        cells = [form(v) for v in (control, mean, between, within)]
        rows.append([f"{s.name} [{s.units}]", "this run", *cells, *_gap(control, mean, form)])
        if results.published and (published := results.published["responses"].get(s.name)):
            without, within_it = (
                _or_nan(published.get(w)) for w in ("unconstrained", "constrained")
            )
            cells = [_plain(without), _plain(within_it), NONE, NONE]
            label = results.published["label"]
            rows.append(["", label, *cells, *_gap(without, within_it, _plain)])
    header = ["response", "numbers of", "control", "ensemble mean", "SD between forcings"]
    header += ["SD within, mean", "difference", "difference / ensemble"]
    notes = labels_of(results.store)
    if results.published:
        notes.append(
            f"published numbers: {results.published['citation']}. They are those of "
            f"{results.published['label']}; nothing here was computed from them."
        )
    known_forcings = max(int(np.isfinite(s.mean[:, place]).sum()) for s in summaries)
    total = len(results.forcings)
    if known_forcings < total:
        notes.append(f"means over the {known_forcings} of {total} forcings that are known")
    elif total > 1:
        notes.append("each forcing counts the same")
    return Table("key numbers", header, rows, notes)


def _plain(value: float) -> str:
    """Return a published number as it was published."""
    return NONE if math.isnan(value) else f"{value:g}"


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _gap(control: float, mean: float, form: Form) -> list[str]:
    """Return ensemble less control, and its share of the ensemble's value."""
    gap = mean - control
    if math.isnan(gap):
        return [NONE, NONE]
    return [form(gap), f"{gap / mean:.0%}" if mean != 0 else NONE]


def location_tables(results: Results) -> list[Table]:
    """Return the responses by location, means over forcings; empty for a single location."""
    summaries = results.summaries()
    count = len(results.locations)
    tables = []
    for k in range(0, len(summaries) if count > 1 else 0, MAX_RESPONSES):
        part = summaries[k : k + MAX_RESPONSES]
        forms = [number_form(s.std, s.mean, s.control) for s in part]
        rows = []
        for place, name in enumerate(results.locations[:MAX_ROWS]):
            means = [tuple(known_mean(values) for values in s.at(place)) for s in part]
            rows.append([name, *_cells(forms, means)])
        notes = [_over(results.forcings)]
        if count > MAX_ROWS:
            notes.append(f"the first {MAX_ROWS} of {count} locations")
        notes += labels_of(results.store)
        header, groups = _columns("location", part)
        tables.append(Table("by location", header, rows, notes, groups=groups))
    return tables


def _over(forcings: Sequence[str]) -> str:
    """Return what the numbers of a location are: those of one forcing, or means over several."""
    if len(forcings) == 1:
        return CELLS
    return "means over the forcings known; +- the mean standard deviation over samples"


def labels_of(store: Store) -> list[str]:
    """Return what every table says of its data: how they were made up, or that they are real."""
    return [store.attrs["synthetic"] or REAL]


def of_forcing(results: Results, word: str) -> list[str]:
    """Return a word on the forcing; nothing where there is one."""
    return [word] if len(results.forcings) > 1 else []


def names_along(store: Store, dim: str, count: int) -> list[str]:
    """Return what the places along a dimension are called: names, years, or numbers."""
    specs = store.specs
    if len(dates := dates_along(store, dim)) == count:
        return dates
    for path in ("year", dim) if dim == "time" else (dim,):
        if path in specs and specs[path].shape == (count,):
            if specs[path].dtype == "string":
                return list(store.read_strings(path))
            return [f"{value:g}" for value in store.read_whole(path)]
    return [str(k) for k in range(count)]


def of_response(analysis: Analysis, name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one response by index: ``S1``, ``S1_conf``, ..."""
    mine = (pair for pair in analysis.values() if pair[0].attrs.get("response") == name)
    return {spec.attrs["index"]: array for spec, array in mine if "about" not in spec.attrs}


def about(analysis: Analysis, name: str) -> dict[str, NDArray[Any]]:
    """Return what stands behind the indices of a response or an output, by word."""
    named = (
        (spec, array)
        for spec, array in analysis.values()
        if name in (spec.attrs.get("response"), spec.attrs.get("output"))
    )
    return {spec.attrs["index"]: array for spec, array in named if "about" in spec.attrs}
