"""What maps show: means over samples at each location, and what dominates their variance."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ensemble.analysis import noise
from ensemble.analysis.given_data import DISTINCT, floors
from ensemble.report.data.beside import labels_along, others
from ensemble.report.data.series import MOST_VALUES
from ensemble.store.arrays import ArraySpec
from ensemble.store.journal import Key
from ensemble.store.store import Store
from ensemble.tables.responses import Analysis
from ensemble.tables.results import Results, merge_moments
from ensemble.tables.times import dates_along, is_time
from kernels import F8, I8, MODEL, OK
from scenarios.outputs import array_names

LEAST_PLACES = 20
"""Locations that make a map; fewer are sites, which tables and figures name."""

MOST_CELLS = 4_000_000
"""Of a regular grid; locations that are further apart than that are drawn as points."""


@dataclass(frozen=True)
class Raster:
    """A regular grid that locations are cells of.

    Attributes
    ----------
    lat, lon : ndarray, shape (rows + 1,), (columns + 1,), float64
        Edges of its cells, degrees.
    row, column : ndarray, shape (L,), int64
    """

    lat: F8
    lon: F8
    row: I8
    column: I8

    def fill(self, values: F8) -> F8:
        """Return the grid (rows, columns) with a value of each location; NaN elsewhere."""
        out = np.full((len(self.lat) - 1, len(self.lon) - 1), np.nan)
        out[self.row, self.column] = values
        return out


@dataclass(frozen=True)
class Places:
    """Where locations are, degrees; ``raster`` where they are cells of a regular grid."""

    lat: F8
    lon: F8
    raster: Raster | None


class Located(Protocol):
    """What reads a store that has locations."""

    @property
    def store(self) -> Store:
        """Return the store."""
        ...

    @property
    def locations(self) -> tuple[str, ...]:
        """Return the names of the locations."""
        ...

    def whole(self, path: str) -> F8:
        """Return an array of the store."""
        ...


def places_of(results: Located) -> Places | None:
    """Return where locations are, where that is known and they are many enough for a map."""
    if not {"lat", "lon"} <= results.store.specs.keys():
        return None
    return places_at(*(np.asarray(results.whole(n), dtype=np.float64) for n in ("lat", "lon")))


def places_at(lat: F8, lon: F8) -> Places | None:
    """Return where locations are, (L,) degrees north and east, if they make a map."""
    if len(lat) < LEAST_PLACES or not np.isfinite([lat, lon]).all():
        return None
    if lon.max() > 180:
        lon = (lon + 180) % 360 - 180
    return Places(lat, lon, _raster(lat, lon))


def _raster(lat: F8, lon: F8) -> Raster | None:
    axes = [_axis(values) for values in (lat, lon)]
    if axes[0] is None or axes[1] is None:
        return None
    (lat_edges, row), (lon_edges, column) = axes[0], axes[1]
    size = (len(lat_edges) - 1) * (len(lon_edges) - 1)
    cells = np.unique(row * (len(lon_edges) - 1) + column)
    if size > MOST_CELLS or len(cells) < len(lat):
        return None
    return Raster(lat_edges, lon_edges, row, column)


def _axis(values: F8) -> tuple[F8, I8] | None:
    """Return edges and the place of each value on a regular axis; None if it is not one."""
    different = np.unique(np.round(values, 6))
    if len(different) < 2:
        return None
    apart = np.diff(different)
    # Tables round to two decimals, which a step from one pair would add up.
    step = float(apart[apart < 1.02 * apart.min()].mean())
    place = (values - different[0]) / step
    if np.abs(place - np.round(place)).max() > 0.02 or place.max() > 20_000:
        return None
    count = round(float(place.max())) + 1
    edges = different[0] + step * (np.arange(count + 1) - 0.5)
    return edges, np.round(place).astype(np.int64)


@dataclass(frozen=True)
class Field:
    """Values in space of one output or response, at its last year.

    Attributes
    ----------
    name, units, meaning : str
    words : str
        What the values are: means over samples, or control members; and the year.
    models : tuple of str
        What stands side by side; one without a name where nothing does.
    values : ndarray, shape (model, forcing, place), float64
        NaN where unknown.
    common : ndarray, shape (model, forcing, place), float64
        The same of the samples that ran under every forcing, where members are stored: what
        a difference of forcings is made of, or it would be one of samples too.
    paired : bool
        Whether ``common`` is of those.
    along : str
        The dimensions along which ``models`` stand.
    """

    name: str
    units: str
    meaning: str
    words: str
    models: tuple[str, ...]
    values: F8
    common: F8
    paired: bool
    along: str = MODEL


def all_fields(results: Results) -> Iterator[Field]:
    """Yield every output and response that has a value at each location, or one by model."""
    scenario = results.store.attrs["identity"]["scenario"]
    names = [*array_names(scenario["outputs"]), *scenario["statistics"], *scenario["responses"]]
    for name in dict.fromkeys(names):
        field = _field(results, name)
        if field is not None and np.isfinite(field.values).any():
            yield field


def _field(results: Results, name: str) -> Field | None:
    specs = results.store.specs
    for path, words in (
        (f"statistics/{name}_mean", "mean over samples"),
        (name, "mean over samples"),
        (f"control/{name}", "control members"),
    ):
        spec = specs.get(path)
        if spec is None or spec.dims[:2] != ("forcing", "location"):
            continue
        ends = spec.dims[2:-1] if path == name else spec.dims[2:]
        when = [d for d in ends if is_time(d)]
        named = [d for d in ends if d not in when]
        if len(when) > 1 or others(results, named):
            return None
        if path == name and np.prod([float(n) for n in spec.shape]) > MOST_VALUES:
            continue
        axis = 2 + ends.index(when[0]) if when else None
        if path == name:
            arrays = _means(results, spec, axis)
        else:
            whole = results.cells(path)
            arrays = (whole if axis is None else np.take(whole, -1, axis=axis),) * 2
        if when:
            words += f", {last_year(results, when[0])}"
        models = labels_along(results, *named)
        turned = [a.reshape(*a.shape[:2], -1).transpose(2, 0, 1) for a in arrays]
        meaning = str(spec.attrs["long_name"]).removeprefix("mean of ")
        labels = (name, str(spec.attrs["units"]), meaning, words, models)
        return Field(*labels, turned[0], turned[1], path == name, ", ".join(named) or MODEL)
    return None


def last_year(results: Results, dim: str) -> str:
    """Return the last year along a dimension of time, in words."""
    if dates := dates_along(results.store, dim):
        return dates[-1]
    path = "year" if dim == "time" else dim
    if path not in results.store.specs:
        return "last step"
    return str(int(results.whole(path)[-1]))


def _means(results: Results, spec: ArraySpec, axis: int | None) -> tuple[F8, F8]:
    """Return means over members (forcing, place, [model]) of the last year along ``axis``.

    Of all that ran, and of those samples alone that ran under every forcing.
    """
    sizes = [n for k, n in enumerate(spec.shape[:-1]) if k != axis]
    sums = [tuple(np.zeros(sizes) for _ in range(3)) for _ in range(2)]
    for key in results.committed:
        chunk = results.chunk(spec.path, key)
        if chunk is None:
            continue
        part = np.array(chunk if axis is None else np.take(chunk, -1, axis=axis), dtype=np.float64)
        here = tuple(a.span(k) for a, k in zip(results.grid.axes[:2], key, strict=False))
        for (n, mean, spread), some in zip(sums, (None, _failed(results, key)), strict=True):
            if some is not None:
                lead = some.reshape(1, len(some), *(1,) * (part.ndim - 3), -1)
                part = np.where(lead, np.nan, part)
            merge_moments((n[here], mean[here], spread[here]), part)
    finished = results.finished.reshape(*results.finished.shape, *(1,) * (len(sizes) - 2))
    every, common = (np.where(finished & (n > 0), mean, np.nan) for n, mean, _ in sums)
    return every, common


def _failed(results: Results, key: Key) -> NDArray[np.bool_] | None:
    """Return which samples failed under any forcing, (place, sample)."""
    if "forcing" in results.store.attrs["identity"]["scenario"]["independent"]:
        return None
    chunks = [results.chunk("status", (f, *key[1:])) for f in range(results.grid.axes[0].blocks)]
    failed = [(chunk[0] != OK) for chunk in chunks if chunk is not None]
    return np.asarray(np.any(failed, axis=0))


S1 = ("S1", "S1_conf")


@dataclass(frozen=True)
class Dominant:
    """The term of the largest share of variance at each location.

    Attributes
    ----------
    name, words : str
    terms : tuple of str
    which : ndarray, shape (L,), int64
        -1 where there are no shares, or none is clear.
    apart : ndarray, shape (L,), bool
        Whether its interval is above those of all others; nowhere where no interval is known.
    intervals : bool
        Whether any is.
    """

    name: str
    words: str
    terms: tuple[str, ...]
    which: I8
    apart: NDArray[np.bool_]
    intervals: bool = True


def all_leading(results: Results, analysis: Analysis) -> Iterator[Dominant]:
    """Yield the parameter of the largest first-order share, of members as they are.

    Of every response, and of outputs at their last year, under each forcing and of each model;
    -1 where it is not above a parameter that does nothing, or where the ranking is noise.
    """
    for spec, told in analysis.values():
        name = spec.attrs.get("response") or spec.attrs.get("output")
        if spec.attrs.get("index") != DISTINCT or spec.dims[1] != "location":
            continue
        middle, arrays = spec.dims[2:-1], {i: analysis[f"sensitivity/{name}_{i}"][1] for i in S1}
        when = [d for d in middle if is_time(d)]
        named = [d for d in middle if d not in when]
        if len(when) > 1 or others(results, named):
            continue
        effects = tuple(str(e) for e in analysis["sensitivity/effect"][1][:-1])
        held = noise.is_noise(noise.codes_of(arrays, "S1"))
        values, half = _comparable(*(arrays[i] for i in S1))
        which = np.argmax(values[..., :-1], axis=-1)
        largest = np.take_along_axis(values, which[..., None], axis=-1)[..., 0]
        clear = np.take_along_axis(told, which[..., None], axis=-1)[..., 0] == 1
        clear &= largest > floors(values, half)
        which = np.where(clear & ~held, which, -1)
        apart = _stands_apart(values, half, which)
        words = [last_year(results, when[0])] if when else []
        if when:
            which, apart = (np.take(a, -1, axis=2 + middle.index(when[0])) for a in (which, apart))
        models = labels_along(results, *named)
        which = which.reshape(*which.shape[:2], len(models))
        apart = apart.reshape(which.shape)
        for (f, forcing), (m, model) in product(enumerate(results.forcings), enumerate(models)):
            about = [forcing] * (len(results.forcings) > 1) + [model] * bool(model) + words
            at = (f, slice(None), m)
            yield Dominant(str(name), ", ".join(about), effects, which[at], apart[at])


def _comparable(values: F8, half: F8) -> tuple[F8, F8]:
    """Return values and half widths without NaN: what is not known is least, or reaches far."""
    unknown = np.isnan(half) & np.isfinite(values)
    return np.nan_to_num(values, nan=-np.inf), np.where(unknown, np.inf, np.nan_to_num(half))


def _stands_apart(values: F8, half: F8, which: I8) -> NDArray[np.bool_]:
    """Return where the interval of one of (..., term) is above those of all others, (...).

    Nowhere where there is none, -1.
    """
    low = np.take_along_axis(values - half, which[..., None], axis=-1)[..., 0]
    high = values + half
    np.put_along_axis(high, which[..., None], -np.inf, axis=-1)
    return np.asarray((low > high.max(axis=-1)) & (which >= 0))


def all_dominant(results: Results, split: Analysis) -> Iterator[Dominant]:
    """Yield what dominates the variance of every output and response by location."""
    for path, (spec, values) in split.items():
        if not path.endswith("_share") or spec.dims[0] != "location":
            continue
        middle = spec.dims[1:-1]
        when = [d for d in middle if is_time(d)]
        if len(middle) > len(when) or len(when) > 1:
            continue
        last = values[:, -1] if when else values
        with_shares = np.isfinite(last).all(axis=-1)
        which = np.where(with_shares, np.argmax(np.nan_to_num(last), axis=-1), -1)
        if with_shares.any():
            terms = tuple(str(t) for t in split[f"variance/{spec.dims[-1]}"][1])
            words = last_year(results, when[0]) if when else ""
            name = str(spec.attrs["target"])
            if f"{path}_conf" not in split:
                yield Dominant(name, words, terms, which, which < -1, intervals=False)
                continue
            half = split[f"{path}_conf"][1]
            apart = _stands_apart(*_comparable(last, half[:, -1] if when else half), which)
            yield Dominant(name, words, terms, which, apart)
