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

from ensemble.members.limits import lost
from ensemble.members.row_groups import words_of
from ensemble.members.stored import read_ensemble
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

NUMBER = re.compile(r"[+\-\N{MINUS SIGN}]?[\d.,]+(e[+-]?\d+)?( ?%)?( \+- [\d.,e+-]+)?|\N{EN DASH}|")
"""A cell of a column of numbers: a number, what is not known, or nothing."""

CELLS = "control: the kernel's defaults; ensemble: mean +- standard deviation over samples"

ORDER = ("S1", "ST", "mu", "mu_star", "sigma", "theta", "effective")
"""Columns of indices."""


@dataclass(frozen=True)
class Table:
    """A title, a header, rows of text, and lines below.

    ``groups`` are ``(words, columns)`` from left to right: words that begin the headers of
    so many columns, for a reader that can print them once above.
    """

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    rules: tuple[int, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()

    def numeric_columns(self) -> list[bool]:
        """Return which columns hold numbers alone, and at least one."""
        columns = ([row[k] for row in self.rows] for k in range(len(self.header)))
        return [any(cells) and all(map(NUMBER.fullmatch, cells)) for cells in columns]


def response_tables(path: Path) -> list[Table]:
    """Return each response unconstrained and over the ensemble: tables by forcing, per location.

    Of more than a few locations it is rows by location, means over forcings.
    """
    results = Results(read_ensemble(path))
    if len(results.locations) <= MAX_PLACES:
        return tables_of(results)
    title = results.store.attrs["title"]
    return [replace(t, title=f"{title}, {t.title}") for t in location_tables(results)]


def tables_of(results: Results) -> list[Table]:
    """Return the tables of `response_tables`, for results that are open already."""
    summaries = results.summaries()
    parts = [summaries[k : k + MAX_RESPONSES] for k in range(0, len(summaries), MAX_RESPONSES)]
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
    """Return what every table of made-up data says."""
    return [store.attrs["synthetic"]] if store.attrs["synthetic"] else []


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


def analysis_tables(store: Store, analysis: Analysis) -> list[Table]:
    """Return the arrays of an analysis as tables of text."""
    names = list(store.attrs["identity"]["scenario"]["responses"])
    locations = store.read_strings("location")
    tables = []
    for place, location in enumerate(locations[:MAX_PLACES]):
        for name in names:
            tables += list(_index_tables(store, analysis, name, place, location))
    shown = len(tables)
    if shown and len(locations) > MAX_PLACES:
        more = f"the first {MAX_PLACES} of {len(locations)} locations; the store holds all"
        tables[-1].notes.append(more)
    return tables


def of_response(analysis: Analysis, name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one response by index: ``S1``, ``S1_conf``, ..."""
    mine = (pair for pair in analysis.values() if pair[0].attrs.get("response") == name)
    return {spec.attrs["index"]: array for spec, array in mine}


def _index_tables(
    store: Store,
    analysis: Analysis,
    name: str,
    place: int,
    location: str,
) -> Iterator[Table]:
    """Yield the design's own indices of a response at one location, and those of pairs."""
    arrays = {i: a[:, place] for i, a in of_response(analysis, name).items() if a.ndim > 2}
    if not arrays:
        return
    effects = [str(effect) for effect in analysis["sensitivity/effect"][1]]
    forcings = store.read_strings("forcing")
    shown = sorted(
        (i for i, a in arrays.items() if a.ndim == 2 and not i.endswith("_conf")),
        key=lambda i: ORDER.index(i) if i in ORDER else 0,
    )
    notes = list(_lost(store, analysis, name, place))
    if len(forcings) > MAX_ROWS:
        notes.append(f"the first {MAX_ROWS} of {len(forcings)} forcings")
    forcings = forcings[:MAX_ROWS]
    keep = _largest(arrays[shown[0]])
    rows = [
        [forcing, effects[k], *(_with_interval(arrays, i, (f, k)) for i in shown)]
        for f, forcing in enumerate(forcings)
        for k in keep
    ]
    some = [f"the {len(keep)} largest of {len(effects)}"] if len(keep) < len(effects) else []
    header = ["forcing", "effect", *shown]
    below = [*notes, *some, *labels_of(store)]
    yield Table(f"sensitivity of {name}, {location}", header, rows, below)
    pairs = [(j, k) for k in range(len(effects)) for j in range(k)]
    for index in (i for i, a in arrays.items() if a.ndim == 3 and not i.endswith("_conf")):
        keep = _largest(np.stack([arrays[index][:, j, k] for j, k in pairs], axis=1))
        chosen = [pairs[k] for k in keep]
        rows = [
            [forcing, f"{effects[j]} x {effects[k]}", _with_interval(arrays, index, (f, j, k))]
            for f, forcing in enumerate(forcings)
            for j, k in chosen
        ]
        some = [f"the {len(keep)} largest of {len(pairs)}"] if len(keep) < len(pairs) else []
        title = f"pairs of parameters, {name}, {location}"
        header = ["forcing", "pair", index]
        yield Table(title, header, rows, [*notes, *some, *labels_of(store)])


def _largest(values: F8) -> list[int]:
    """Return which columns (forcing, effect) a table shows: all, or those that matter most."""
    count = values.shape[1]
    most = max(20, MAX_CELLS // max(1, len(values)))
    if count <= most:
        return list(range(count))
    size = np.nan_to_num(np.abs(values)).mean(axis=0)
    return sorted(np.argsort(-size, kind="stable")[:most].tolist())


def _lost(store: Store, analysis: Analysis, name: str, place: int) -> Iterator[str]:
    """Yield where lost members cost trajectories or Saltelli rows, and where the indices."""
    forcings, member = store.read_strings("forcing"), f"{lost(store)} member"
    spec, array = analysis[f"sensitivity/{name}_effective"]
    left, whole = array[:, place].min(axis=-1), spec.attrs["whole"]
    groups = words_of(store.attrs["design"]["method"])
    first = next(a for i, a in of_response(analysis, name).items() if i != "effective")[:, place]
    for f in np.flatnonzero(left < whole).tolist()[:MAX_ROWS]:
        end = "; more than a fifth is lost, so no indices" if np.isnan(first[f]).all() else ""
        yield f"{forcings[f]}: {left[f]:.0f} of {whole} {groups} are without a {member}{end}"


def _with_interval(arrays: Mapping[str, NDArray[Any]], index: str, at: tuple[int, ...]) -> str:
    value = float(arrays[index][at])
    half = arrays.get(f"{index}_conf")
    width = float("nan") if half is None else float(half[at])
    if not (math.isfinite(value) and width > 0):
        return _number(value, "{:.4g}")
    # Two digits of the interval tell how many of the index mean anything.
    digits = min(6, max(0, 1 - math.floor(math.log10(width))))
    return f"{value:.{digits}f} +- {width:.{digits}f}"


def _number(value: float, form: str) -> str:
    return NONE if np.isnan(value) else form.format(value)
