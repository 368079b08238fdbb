"""Numbers and tables of a run, finished or not: the console and the report print the same.

Tables are text cells. Their numbers come from committed blocks alone, and an ensemble is
shown only where all its members are; everything else is a dash.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.journal import Key
from ensemble.store import PlanError, Store, read
from ensemble.work import Axis, Grid

F8 = NDArray[np.float64]

MAX_ROWS = 60
MAX_RESPONSES = 4
"""Side by side in one table; more go into a table below."""

NONE = "\N{EN DASH}"


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


@dataclass(frozen=True)
class Summary:
    """A response over the ensemble: arrays (forcing, location), NaN where unknown."""

    name: str
    units: str
    meaning: str
    control: F8
    mean: F8
    std: F8


class Numbers:
    """What a store holds so far: only what a line of a journal vouches for.

    Parameters
    ----------
    store : Store

    Attributes
    ----------
    damage : list of str
        Chunks that were committed and cannot be read; filled while reading.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.committed = store.committed()
        self.damage: list[str] = []
        status = store.specs["status"]
        axes = zip(status.dims, status.shape, status.chunks, strict=True)
        self.grid = Grid(tuple(Axis(*axis) for axis in axes))
        self.forcings = store.read_strings("forcing")
        self.locations = store.read_strings("location")

    @property
    def complete(self) -> bool:
        """Return whether every block is committed."""
        return len(self.committed) == self.grid.blocks

    @cached_property
    def finished(self) -> NDArray[np.bool_]:
        """Return where all samples are committed, (forcing, location)."""
        forcings, locations, samples = self.grid.axes
        count = np.zeros((forcings.blocks, locations.blocks), dtype=np.int64)
        for f, l, _ in self.committed:
            count[f, l] += 1
        whole = np.repeat(count == samples.blocks, locations.length, axis=1)
        return np.repeat(whole, forcings.length, axis=0)[: forcings.size, : locations.size]

    def chunk(self, path: str, key: Key) -> NDArray[Any] | None:
        """Return what a block wrote into an array; None where it wrote nothing readable."""
        spec = self.store.specs[path]
        if key not in self.committed or not self.grid.owns(key, spec):
            return None
        try:
            return self.store.read_chunk(path, self.grid.index(key, spec))
        except (OSError, ValueError) as error:
            self._damaged(f"{path}, block {list(key)}: {error}")
            return None

    def cells(self, path: str) -> F8:
        """Return a statistic or a control array (forcing, location, ...) as far as it is known."""
        if not self.complete:
            spec = self.store.specs[path]
            return self._so_far.get(path, np.full(spec.shape, np.nan))
        return self.whole(path)

    def whole(self, path: str) -> F8:
        """Return an array that a run ends with; NaN where it is not there."""
        try:
            return np.asarray(self.store.read_whole(path), dtype=np.float64)
        except (OSError, ValueError) as error:
            self._damaged(f"{path}: {error}; the same `run` again writes it anew")
            return np.full(self.store.specs[path].shape, np.nan)

    def _damaged(self, text: str) -> None:
        if text not in self.damage:
            self.damage.append(text)

    @cached_property
    def _so_far(self) -> dict[str, F8]:
        """Return what an unfinished run would end with, where all samples are committed."""
        from ensemble.launch import open_work

        found: dict[str, F8] = {}
        try:
            work = open_work(self.store)
        except PlanError as error:
            self._damaged(str(error))
            return found
        forcings, locations, samples = self.grid.axes
        for f, l in np.ndindex(forcings.blocks, locations.blocks):
            here = (forcings.span(f), locations.span(l))
            if not self.finished[here].all():
                continue
            keys = ((f, l, s) for s in range(samples.blocks))
            merged = work.merge((f, l, 0), (self.store.read_partials(key) for key in keys))
            for path, values in merged.items():
                if path.endswith(("_histogram", "_edges", "_extremes")):
                    continue
                empty = np.full(self.store.specs[path].shape, np.nan)
                found.setdefault(path, empty)[here] = values
        return found

    def moments(self, name: str) -> tuple[F8, F8]:
        """Return mean and standard deviation of a response of the members, block by block."""
        shape = (len(self.forcings), len(self.locations))
        n, mean, spread = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for key in sorted(self.committed):
            part = self.chunk(name, key)
            if part is None:
                continue
            here = tuple(a.span(k) for a, k in zip(self.grid.axes[:2], key, strict=False))
            merge_moments((n[here], mean[here], spread[here]), part)
        known = self.finished & (n > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            std = np.sqrt(spread / n)
        return np.where(known, mean, np.nan), np.where(known, std, np.nan)

    def summaries(self) -> list[Summary]:
        """Return every response that has a mean, or members to take it from."""
        found = []
        for name in self.responses:
            spec = self.store.specs[f"control/{name}"]
            if f"statistics/{name}_mean" in self.store.specs:
                mean = self.cells(f"statistics/{name}_mean")
                std = np.full(mean.shape, np.nan)
                if f"statistics/{name}_std" in self.store.specs:
                    std = self.cells(f"statistics/{name}_std")
            elif name in self.store.specs:
                mean, std = self.moments(name)
            else:
                continue
            about = (name, spec.attrs["units"], spec.attrs["long_name"])
            found.append(Summary(*about, self.cells(f"control/{name}"), mean, std))
        return found

    @property
    def responses(self) -> list[str]:
        """Return the names of the scenario's responses."""
        return list(self.store.attrs["identity"]["scenario"]["responses"])

    @property
    def published(self) -> Mapping[str, Any] | None:
        """Return the scenario's published numbers."""
        reference: Mapping[str, Any] | None = self.store.attrs["identity"]["scenario"]["reference"]
        return reference


def merge_moments(sums: tuple[F8, F8, F8], values: NDArray[Any]) -> None:
    """Add finite ``values`` (..., s) to number, mean and sum of squares (...), in place."""
    n, mean, spread = sums
    exact = np.asarray(values, dtype=np.float64)
    good = np.isfinite(exact)
    more = good.sum(axis=-1)
    some = np.maximum(more, 1)
    exact = np.where(good, exact, 0.0)
    centre = exact.sum(axis=-1) / some
    off = np.where(good, exact - centre[..., None], 0.0)
    step = centre - mean
    total = np.maximum(n + more, 1)
    spread += np.where(more > 0, (off * off).sum(axis=-1) + step * step * n * more / total, 0.0)
    mean += np.where(more > 0, step * more / total, 0.0)
    n += more


def response_tables(path: Path) -> list[Table]:
    """Return tables per location: each response unconstrained and over the ensemble."""
    return tables_of(Numbers(read(path)))


def tables_of(numbers: Numbers) -> list[Table]:
    """Return the tables of `response_tables`, for numbers that are open already."""
    summaries = numbers.summaries()
    parts = [summaries[k : k + MAX_RESPONSES] for k in range(0, len(summaries), MAX_RESPONSES)]
    places = range(min(len(numbers.locations), MAX_ROWS))
    return [_at_location(numbers, part, place) for place in places for part in parts]


def _at_location(numbers: Numbers, summaries: list[Summary], place: int) -> Table:
    forms = [number_form(s.std[:, place], s.mean[:, place], s.control[:, place]) for s in summaries]
    groups = [f"{s.name} [{s.units}]" for s in summaries]
    columns = [cell for words in groups for cell in (f"{words} control", "ensemble")]
    rows = [
        [
            name,
            *_cells(
                summaries, forms, lambda s: (s.control[k, place], s.mean[k, place], s.std[k, place])
            ),
        ]
        for k, name in enumerate(numbers.forcings[:MAX_ROWS])
    ]
    rules: tuple[int, ...] = ()
    if len(numbers.forcings) > 1:
        rules = (len(rows),)
        rows += list(_over_forcings(summaries, forms, place))
    rows += _published(numbers, summaries)
    notes = ["control: the kernel's defaults; ensemble: mean +- standard deviation over samples"]
    if len(numbers.forcings) > MAX_ROWS:
        notes.append(
            f"the first {MAX_ROWS} of {len(numbers.forcings)} forcings; the means are of all"
        )
    if numbers.store.attrs["synthetic"]:
        notes.append(numbers.store.attrs["synthetic"])
    location = numbers.locations[place]
    title = numbers.store.attrs["title"] + ("" if location == "global" else f", {location}")
    header = ["forcing", *columns]
    return Table(title, header, rows, notes, rules, (("", 1), *((g, 2) for g in groups)))


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


def _cells(
    summaries: list[Summary],
    forms: list[Form],
    of: Callable[[Summary], tuple[float, float, float]],
) -> Iterator[str]:
    """Yield control and ensemble of every response."""
    for summary, form in zip(summaries, forms, strict=True):
        control, mean, std = of(summary)
        yield form(control)
        yield form(mean) + ("" if math.isnan(std) else f" +- {form(std)}")


def _over_forcings(summaries: list[Summary], forms: list[Form], place: int) -> Iterator[list[str]]:
    """Yield the mean of the forcings' means, and the spread between them."""

    def means(s: Summary) -> tuple[float, float, float]:
        return (
            known_mean(s.control[:, place]),
            known_mean(s.mean[:, place]),
            known_mean(s.std[:, place]),
        )

    def spreads(s: Summary) -> tuple[float, float, float]:
        return known_std(s.control[:, place]), known_std(s.mean[:, place]), math.nan

    count = max(int(np.isfinite(s.mean[:, place]).sum()) for s in summaries)
    total = len(summaries[0].mean)
    who = "all" if count == total else f"{count} of {total}"
    yield [f"{who}, mean of means", *_cells(summaries, forms, lambda s: _over(s, place))]
    yield [f"{who}, SD of means", *_cells(summaries, forms, spreads)]


def known_mean(values: F8) -> float:
    """Return the mean of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else math.nan


def known_std(values: F8) -> float:
    """Return the population standard deviation of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.std()) if known.size else math.nan


def _published(numbers: Numbers, summaries: list[Summary]) -> list[list[str]]:
    """Return the published numbers beside ours, labelled as what they are."""
    if not numbers.published:
        return []
    row = [numbers.published["label"]]
    for summary in summaries:
        known = numbers.published["responses"].get(summary.name, {})
        for word in ("unconstrained", "constrained"):
            value = known.get(word)
            row.append(NONE if value is None else f"{value:g}")
    return [row]


def key_table(numbers: Numbers, place: int = 0) -> Table | None:
    """Return each response once: mean over forcings, spreads, difference; ours and published.

    The difference is ensemble less control, also as a share of the ensemble's value: what a
    study of constrained projections calls its underestimation.
    """
    summaries = numbers.summaries()
    if not summaries:
        return None
    rows = []
    for s in summaries:
        control, mean = known_mean(s.control[:, place]), known_mean(s.mean[:, place])
        between, within = known_std(s.mean[:, place]), known_mean(s.std[:, place])
        form = number_form(s.std[:, place], s.mean[:, place], s.control[:, place])
        spreads = [form(between) if len(s.mean) > 1 else NONE, form(within)]
        name = f"{s.name} [{s.units}]"
        rows.append([name, "this run", form(control), form(mean), *spreads, *_gap(control, mean, form)])
        if known := (numbers.published or {"responses": {}})["responses"].get(s.name):
            pair = [_or_nan(known.get(word)) for word in ("unconstrained", "constrained")]
            cells = [NONE if math.isnan(v) else f"{v:g}" for v in pair]
            label = numbers.published["label"] if numbers.published else ""
            rows.append(["", label, *cells, NONE, NONE, *_gap(*pair, lambda v: f"{v:g}")])
    header = ["response", "numbers of", "control", "ensemble mean", "SD between forcings"]
    header += ["SD within, mean", "difference", "difference / ensemble"]
    notes = []
    if numbers.published:
        notes.append(
            f"published numbers: {numbers.published['citation']}. They are those of "
            f"{numbers.published['label']}; nothing here was computed from them."
        )
    known = max(int(np.isfinite(s.mean[:, place]).sum()) for s in summaries)
    if known < len(numbers.forcings):
        notes.append(f"means over the {known} of {len(numbers.forcings)} forcings that are known")
    elif known > 1:
        notes.append("each forcing counts the same")
    return Table("", header, rows, notes)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _gap(control: float, mean: float, form: Form) -> list[str]:
    """Return ensemble less control, and its share of the ensemble's value."""
    gap = mean - control
    if math.isnan(gap):
        return [NONE, NONE]
    return [form(gap), f"{gap / mean:.0%}" if mean != 0 else NONE]


def location_tables(numbers: Numbers) -> list[Table]:
    """Return the responses by location, means over forcings; empty for a single location."""
    summaries = numbers.summaries()
    count = len(numbers.locations)
    tables = []
    for k in range(0, len(summaries) if count > 1 else 0, MAX_RESPONSES):
        part = summaries[k : k + MAX_RESPONSES]
        forms = [number_form(s.std, s.mean, s.control) for s in part]
        rows = [
            [name, *_cells(part, forms, lambda s: _over(s, place))]
            for place, name in enumerate(numbers.locations[:MAX_ROWS])
        ]
        groups = [f"{s.name} [{s.units}]" for s in part]
        header = ["location", *(cell for g in groups for cell in (f"{g} control", "ensemble"))]
        notes = ["means over the forcings known; +- the mean standard deviation over samples"]
        if count > MAX_ROWS:
            notes.append(f"the first {MAX_ROWS} of {count} locations")
        tables.append(Table("by location", header, rows, notes, (), (("", 1), *((g, 2) for g in groups))))
    return tables


def _over(s: Summary, place: int) -> tuple[float, float, float]:
    """Return means over forcings of control, mean and standard deviation at one location."""
    return known_mean(s.control[:, place]), known_mean(s.mean[:, place]), known_mean(s.std[:, place])
