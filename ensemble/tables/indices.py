"""Tables of the indices of outputs: means over their cells, or every cell."""

import itertools
from collections.abc import Iterator

import numpy as np

from ensemble.members.limits import lost
from ensemble.members.row_groups import words_of
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from ensemble.tables.responses import (
    MAX_CELLS,
    MAX_ROWS,
    NONE,
    ORDER,
    Analysis,
    Table,
    labels_of,
    names_along,
)
from kernels import F8

Indices = dict[str, tuple[ArraySpec, F8]]


def output_tables(store: Store, analysis: Analysis) -> list[Table]:
    """Return one table per output: its indices, means over locations, layers and years."""
    forcings = store.read_strings("forcing")
    tables = []
    for name, indices in _by_output(analysis).items():
        shown = _columns(indices)
        effects = analysis["sensitivity/effect"][1]
        rows = []
        for f, forcing in enumerate(forcings[:MAX_ROWS]):
            for e, effect in enumerate(effects):
                each = [indices[i][1][f, ..., e] for i in shown]
                rows.append([forcing, str(effect), *(_mean(values) for values in each)])
        dims = [d for d in indices[shown[0]][0].dims if d not in ("forcing", "effect")]
        notes = [
            f"means over {', '.join(dims)} where there is an index; the store holds each, in "
            f"sensitivity/{name}_{shown[0]} and its like; --rows prints them"
        ]
        notes += list(_lost(store, indices, forcings))
        if len(forcings) > MAX_ROWS:
            notes.append(f"the first {MAX_ROWS} of {len(forcings)} forcings")
        title = f"sensitivity of {name}, means over its cells"
        header = ["forcing", "effect", *shown]
        tables.append(Table(title, header, rows, [*notes, *labels_of(store)]))
    return tables


def row_tables(store: Store, analysis: Analysis) -> list[Table]:
    """Return one table per output and forcing with every cell, up to `MAX_CELLS`."""
    tables = []
    effects = analysis["sensitivity/effect"][1] if "sensitivity/effect" in analysis else ()
    for name, indices in _by_output(analysis).items():
        shown = _columns(indices)
        spec = indices[shown[0]][0]
        between = list(zip(spec.dims, spec.shape, strict=True))[1:-1]
        axes = [names_along(store, dim, size) for dim, size in between]
        for f, forcing in enumerate(store.read_strings("forcing")):
            cells = itertools.product(*(range(len(axis)) for axis in axes), range(len(effects)))
            rows = []
            for *place, e in itertools.islice(cells, MAX_CELLS):
                at = (f, *place, e)
                words = [axis[k] for axis, k in zip(axes, place, strict=True)]
                values = [_text(float(indices[i][1][at])) for i in shown]
                rows.append([*words, str(effects[e]), *values])
            every = len(effects) * int(np.prod([len(axis) for axis in axes]))
            notes = [f"the first {MAX_CELLS} of {every:,} rows"] if every > MAX_CELLS else []
            header = [*spec.dims[1:-1], "effect", *shown]
            notes += labels_of(store)
            tables.append(Table(f"sensitivity of {name}, {forcing}", header, rows, notes))
    return tables


def _by_output(analysis: Analysis) -> dict[str, Indices]:
    """Return the arrays of each output by index."""
    outputs: dict[str, Indices] = {}
    for spec, array in analysis.values():
        if name := spec.attrs.get("output"):
            outputs.setdefault(name, {})[spec.attrs["index"]] = spec, array
    return outputs


def _columns(indices: Indices) -> list[str]:
    """Return the indices of single effects, in the order of tables."""
    of_effects = [i for i, (spec, _) in indices.items() if spec.dims[-1] == "effect"]
    listed = [i for i in ORDER if i in of_effects]
    return [i for i in listed if i != "effective"] + [i for i in of_effects if i.endswith("_conf")]


def _lost(store: Store, indices: Indices, forcings: tuple[str, ...]) -> Iterator[str]:
    """Yield where failed or excluded members cost trajectories or Saltelli rows."""
    spec, left = indices["effective"]
    whole, groups = spec.attrs["whole"], words_of(store.attrs["design"]["method"])
    for f, forcing in enumerate(forcings[:MAX_ROWS]):
        worst = left[f].min()
        if worst < whole:
            member = f"{lost(store)} member"
            yield f"{forcing}: at worst {worst:.0f} of {whole} {groups} are without a {member}"


def _mean(values: F8) -> str:
    finite = values[np.isfinite(values)]
    return _text(float(finite.mean())) if finite.size else NONE


def _text(value: float) -> str:
    return NONE if np.isnan(value) else f"{value:.4g}"
