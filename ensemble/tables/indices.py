"""Tables of indices: of responses by location, of outputs as means over cells or cell by cell.

A ranking that is noise is not printed; see `ensemble.tables.believing`.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.analysis import noise
from ensemble.members.limits import lost
from ensemble.members.row_groups import words_of
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from ensemble.tables.believing import MARK, MARKED, Believed, number_with
from ensemble.tables.responses import (
    MAX_CELLS,
    MAX_PLACES,
    MAX_ROWS,
    NONE,
    ORDER,
    Analysis,
    Table,
    about,
    labels_of,
    names_along,
    of_response,
)
from kernels import F8

Indices = dict[str, tuple[ArraySpec, F8]]

WITHHELD = "withheld"

MAX_NAMED = 12
"""Places with names of which an output has a table each."""


def analysis_tables(store: Store, analysis: Analysis) -> list[Table]:
    """Return the indices of responses as tables of text, by location, and those of scores."""
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
    for name, dim in _scores(analysis):
        for place, words in enumerate(map(str, analysis[f"sensitivity/{dim}"][1])):
            tables += list(_index_tables(store, analysis, name, place, words))
    return tables


def _scores(analysis: Analysis) -> list[tuple[str, str]]:
    """Return the scores that have indices, and the dimension that stands for locations in each."""
    specs = (spec for spec, _ in analysis.values())
    effective = (spec for spec in specs if spec.attrs.get("index") == "effective")
    of = ((spec.attrs.get("response"), spec.dims[1]) for spec in effective)
    return [(name, dim) for name, dim in of if name and dim != "location"]


def _believed(store: Store, analysis: Analysis, name: str, place: int) -> Believed | None:
    """Return the indices of a response at one location, (forcing, effect, ...) each."""
    arrays = {i: a[:, place] for i, a in of_response(analysis, name).items() if a.ndim > 2}
    if not arrays:
        return None
    spec = analysis[f"sensitivity/{name}_effective"][0]
    behind = {word: array[:, place] for word, array in about(analysis, name).items()}
    effects = [str(effect) for effect in analysis["sensitivity/effect"][1]]
    groups = words_of(store.attrs["design"]["method"])
    whole, pairs = int(spec.attrs["whole"]), _correlated(store)
    return Believed(
        name, arrays, effects, behind, groups, whole, _rows(store), pairs, _method(store)
    )


def _method(store: Store) -> str:
    """Return the name of the design."""
    return str(store.attrs["design"]["method"])


def _rows(store: Store) -> int:
    return int(store.attrs["design"]["size"])


def _correlated(store: Store) -> list[Any]:
    """Return the pairs of correlated parameters of the design."""
    return list(store.attrs["design"].get("rank_correlation") or ())


def _index_tables(
    store: Store, analysis: Analysis, name: str, place: int, location: str
) -> Iterator[Table]:
    """Yield the design's own indices of a response at one location, and those of pairs."""
    found = _believed(store, analysis, name, place)
    if found is None:
        return
    every = store.read_strings("forcing")
    forcings = every[:MAX_ROWS]
    shown = _shown(found.arrays)
    keep = _largest(found.arrays[shown[0]])
    rows: list[list[str]] = []
    notes: list[str] = []
    records: list[dict[str, Any]] = []
    for f, forcing in enumerate(forcings):
        rows += _rows_of(found, forcing, f, shown, keep)
        notes += [f"{forcing}: {text}" for text in found.notes((f,))]
        records += found.records((f,), response=name, forcing=forcing, location=location)
    notes += _lost(store, analysis, name, place)
    if len(every) > MAX_ROWS:
        notes.append(f"the first {MAX_ROWS} of {len(every)} forcings")
    below = [*_marked(rows), *notes]
    if len(keep) < len(found.effects):
        below.append(f"the {len(keep)} largest of {len(found.effects)}")
    header = ["forcing", "effect", *shown]
    below += labels_of(store)
    yield Table(f"sensitivity of {name}, {location}", header, rows, below, records=records)
    yield from _pair_tables(store, found, forcings, location, notes)


def _shown(arrays: Mapping[str, NDArray[Any]]) -> list[str]:
    """Return the indices of single effects, in the order of tables."""
    return sorted(
        (i for i, a in arrays.items() if a.ndim == 2 and not i.endswith("_conf")),
        key=lambda i: ORDER.index(i) if i in ORDER else 0,
    )


def _rows_of(
    found: Believed, forcing: str, f: int, shown: list[str], keep: list[int]
) -> list[list[str]]:
    """Return the rows of a forcing: one per effect, or one that says that all is withheld."""
    if all(index == "effective" or found.withheld(index, (f,)) for index in shown):
        left = f"{found.arrays['effective'][f].min():.0f}"
        return [[forcing, WITHHELD, *(left if i == "effective" else NONE for i in shown)]]
    return [[forcing, found.effects[k], *(found.cell(i, (f, k)) for i in shown)] for k in keep]


def _pair_tables(
    store: Store,
    found: Believed,
    forcings: tuple[str, ...],
    location: str,
    notes: list[str],
) -> Iterator[Table]:
    """Yield the indices of pairs of parameters."""
    count = len(found.effects)
    pairs = [(j, k) for k in range(count) for j in range(k)]
    for index in (i for i, a in found.arrays.items() if a.ndim == 3 and not i.endswith("_conf")):
        values = found.arrays[index]
        keep = _largest(np.stack([values[:, j, k] for j, k in pairs], axis=1))
        chosen = [pairs[k] for k in keep]
        rows: list[list[str]] = []
        for f, forcing in enumerate(forcings):
            if found.withheld(index, (f,)):
                rows.append([forcing, WITHHELD, NONE])
                continue
            for j, k in chosen:
                name = f"{found.effects[j]} x {found.effects[k]}"
                rows.append([forcing, name, found.cell(index, (f, j, k))])
        some = [f"the {len(keep)} largest of {len(pairs)}"] if len(keep) < len(pairs) else []
        title = f"pairs of parameters, {found.name}, {location}"
        below = [*_marked(rows), *notes, *some, *labels_of(store)]
        yield Table(title, ["forcing", "pair", index], rows, below)


def _marked(rows: list[list[str]]) -> list[str]:
    """Return what the mark of a wide interval means, where there is one."""
    return [MARKED] if any(cell.endswith(MARK) for row in rows for cell in row) else []


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


def output_tables(store: Store, analysis: Analysis) -> list[Table]:
    """Return tables of outputs: indices, means over locations, layers and years.

    Models, pools and whatever else has a name have a table each: their mean is of nothing.
    """
    tables = []
    for name, indices in _by_output(analysis).items():
        for words, place in _named_places(store, indices[_columns(indices)[0]][0]):
            mine = _at(analysis, name, place)
            tables.append(_output_table(store, mine, name, _by_output(mine)[name], words))
    return tables


def _named_places(store: Store, spec: ArraySpec) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield places along the dimensions that have names, and what they are called.

    Of more than `MAX_NAMED` one, without a name: all of them together.
    """
    sizes = dict(zip(spec.dims, spec.shape, strict=True))
    beside = ("forcing", "location", "effect")
    named = [d for d in spec.dims if d not in beside and _has_names(store, d)]
    if not named or math.prod(sizes[d] for d in named) > MAX_NAMED:
        yield "", {}
        return
    axes = [names_along(store, dim, sizes[dim]) for dim in named]
    for place in itertools.product(*(range(sizes[d]) for d in named)):
        words = ", ".join(axis[k] for axis, k in zip(axes, place, strict=True))
        yield words, dict(zip(named, place, strict=True))


def _has_names(store: Store, dim: str) -> bool:
    return dim in store.specs and store.specs[dim].dtype == "string"


def _at(analysis: Analysis, name: str, place: Mapping[str, int]) -> Analysis:
    """Return an analysis in which an output has one place along some dimensions."""
    if not place:
        return analysis
    left: dict[str, tuple[ArraySpec, NDArray[Any]]] = {}
    for path, (spec, array) in analysis.items():
        if spec.attrs.get("output") != name:
            left[path] = spec, array
            continue
        index = tuple(place.get(dim, slice(None)) for dim in spec.dims)
        dims = tuple(dim for dim in spec.dims if dim not in place)
        some = array[index]
        left[path] = replace(spec, dims=dims, shape=some.shape, chunks=some.shape), some
    return left


def _output_table(
    store: Store, analysis: Analysis, name: str, indices: Indices, words: str
) -> Table:
    """Return the means over the cells of an output whose ranking is no noise."""
    forcings = store.read_strings("forcing")
    shown = _columns(indices)
    found = _of_output(store, analysis, name, indices)
    rows: list[list[str]] = []
    notes: list[str] = []
    for f, forcing in enumerate(forcings[:MAX_ROWS]):
        means = [_means(found, f, index) for index in shown]
        if all(np.isnan(values).all() for values, _ in means):
            rows.append([forcing, WITHHELD, *(NONE for _ in shown)])
            means = []
        for e, effect in enumerate(found.effects if means else ()):
            rows.append([forcing, effect, *(number_with(v[e], h[e]) for v, h in means)])
        notes += [f"{forcing}: {text}" for text in _of_cells(found, f)]
    dims = [d for d in indices[shown[0]][0].dims if d not in ("forcing", "effect")]
    below = [
        f"means over {', '.join(dims)} where there is an index that is no noise, intervals the "
        f"mean half width; the store holds each, in sensitivity/{name}_{shown[0]} and its like; "
        "--rows prints them",
        *notes,
        *_lost_of_output(store, indices, forcings),
    ]
    if len(forcings) > MAX_ROWS:
        below.append(f"the first {MAX_ROWS} of {len(forcings)} forcings")
    parts = (f"sensitivity of {name}", words, "means over its cells")
    title = ", ".join(part for part in parts if part)
    header = ["forcing", "effect", *shown]
    return Table(title, header, rows, [*_marked(rows), *below, *labels_of(store)])


def _of_output(store: Store, analysis: Analysis, name: str, indices: Indices) -> Believed:
    """Return the indices of an output, (forcing, location, ..., effect) each."""
    arrays = {index: array for index, (_, array) in indices.items()}
    effects = [str(effect) for effect in analysis["sensitivity/effect"][1]]
    groups = words_of(store.attrs["design"]["method"])
    whole = int(indices["effective"][0].attrs["whole"])
    behind = about(analysis, name)
    return Believed(
        name,
        arrays,
        effects,
        behind,
        groups,
        whole,
        _rows(store),
        _correlated(store),
        _method(store),
    )


def _means(found: Believed, f: int, index: str) -> tuple[list[float], list[float]]:
    """Return the mean over the cells of a forcing and the mean half width, (effect,) each."""
    values = found.arrays[index][f].reshape(-1, len(found.effects))
    half = np.full_like(values, np.nan)
    if f"{index}_conf" in found.arrays:
        half = found.arrays[f"{index}_conf"][f].reshape(values.shape)
    if index != "effective":
        keep = ~noise.is_noise(found.codes(index)[f].reshape(-1))
        # What is left of a few cells would be a selection of those that look well.
        keep &= 2 * int(keep.sum()) >= keep.size
        values, half = values[keep], half[keep]
    return _mean(values), _mean(half)


def _mean(values: F8) -> list[float]:
    """Return the means (effect,) of what is known of (cell, effect)."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return list(np.where(count > 0, total / np.maximum(count, 1), np.nan).tolist())


def _of_cells(found: Believed, f: int) -> Iterator[str]:
    """Yield what stands behind an output under one forcing, and where its rankings are noise."""
    yield found.units_of_cells(f)
    for index in (i for i in noise.RANKINGS if i in found.arrays):
        held = noise.is_noise(found.codes(index)[f])
        if held.any():
            where = f"in {int(held.sum()):,} of {held.size:,} cells"
            there = "everywhere" if 2 * held.sum() > held.size else "there"
            yield f"{index} is noise {where} and withheld {there}; {found.remedy(f, held)}"


def row_tables(store: Store, analysis: Analysis) -> list[Table]:
    """Return one table per output and forcing with every cell, up to `MAX_CELLS`."""
    tables = []
    for name, indices in _by_output(analysis).items():
        shown = _columns(indices)
        found = _of_output(store, analysis, name, indices)
        spec = indices[shown[0]][0]
        between = list(zip(spec.dims, spec.shape, strict=True))[1:-1]
        axes = [names_along(store, dim, size) for dim, size in between]
        for f, forcing in enumerate(store.read_strings("forcing")):
            count = len(found.effects)
            cells = itertools.product(*(range(len(axis)) for axis in axes), range(count))
            rows = []
            for *place, e in itertools.islice(cells, MAX_CELLS):
                words = [axis[k] for axis, k in zip(axes, place, strict=True)]
                values = [found.cell(i, (f, *place, e)) for i in shown]
                rows.append([*words, found.effects[e], *values])
            every = count * int(np.prod([len(axis) for axis in axes]))
            notes = [f"the first {MAX_CELLS} of {every:,} rows"] if every > MAX_CELLS else []
            header = [*spec.dims[1:-1], "effect", *shown]
            notes = [*_marked(rows), *notes, *labels_of(store)]
            tables.append(Table(f"sensitivity of {name}, {forcing}", header, rows, notes))
    return tables


def _by_output(analysis: Analysis) -> dict[str, Indices]:
    """Return the arrays of each output by index."""
    outputs: dict[str, Indices] = {}
    for spec, array in analysis.values():
        if (name := spec.attrs.get("output")) and "about" not in spec.attrs:
            outputs.setdefault(name, {})[spec.attrs["index"]] = spec, array
    return outputs


def _columns(indices: Indices) -> list[str]:
    """Return the indices of single effects, in the order of tables."""
    of_effects = [i for i, (spec, _) in indices.items() if spec.dims[-1] == "effect"]
    return [i for i in ORDER if i in of_effects and i != "effective"]


def _lost_of_output(store: Store, indices: Indices, forcings: tuple[str, ...]) -> Iterator[str]:
    """Yield where failed or excluded members cost trajectories or Saltelli rows."""
    spec, left = indices["effective"]
    whole, groups = spec.attrs["whole"], words_of(store.attrs["design"]["method"])
    for f, _ in enumerate(forcings[:MAX_ROWS]):
        worst = left[f].min()
        if worst < whole:
            member = f"{lost(store)} member"
            yield f"{forcings[f]}: at worst {worst:.0f} of {whole} {groups} are without a {member}"
