"""Tables of sums over all locations: what the run says of the globe."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ensemble.members.limits import EXCLUDED
from ensemble.members.space.sums import COUNT, class_dim
from ensemble.tables.applicable import INSIDE, below_zero, outside_notes
from ensemble.tables.responses import (
    MAX_ROWS,
    NONE,
    Table,
    labels_of,
    names_along,
    number_form,
    of_forcing,
)
from ensemble.tables.results import Results, merge_moments, without_rounding
from kernels import F8

GLOBAL = "_global"

OF_SAMPLES = "ensemble: mean +- standard deviation over samples without a failed location"


def sum_tables(results: Results) -> list[Table]:
    """Return tables of sums over all locations or classes: control and ensemble, by forcing.

    Those that are one number under a forcing share a table where they have one unit.
    """
    if not results.complete:
        return []
    alike: dict[str, list[str]] = {}
    for name in names_of(results):
        spec = results.store.specs[f"aggregates/control/{name}"]
        unit = f"sums over all locations [{spec.attrs['units']}]"
        alone = spec.dims[1:] or not name.endswith(GLOBAL)
        alike.setdefault(name if alone else unit, []).append(name)
    return [
        _table(results, each[0]) if len(each) == 1 else _together(results, title, each)
        for title, each in alike.items()
    ]


def names_of(results: Results) -> list[str]:
    """Return the sums over all locations or classes that a scenario asks for."""
    asked = results.store.attrs["identity"]["scenario"].get("aggregates") or {}
    return [
        f"{target}_{over}"
        for target, aggregate in asked.items()
        for over in aggregate["over"]
        if over not in ("zonal", "zonal_mean")
    ]


def over_samples(results: Results, name: str) -> tuple[F8, F8]:
    """Return mean and standard deviation of a sum over samples, of its members or as stored."""
    store, specs = results.store, results.store.specs
    shape = specs[f"aggregates/control/{name}"].shape
    spec = specs.get(f"aggregates/{name}")
    if spec is None:
        paths = [f"aggregates/statistics/{name}_{word}" for word in ("mean", "std")]
        mean, std = (results.whole(p) if p in specs else np.full(shape, np.nan) for p in paths)
        return mean, std
    n, mean, spread = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for f, s in np.ndindex(shape[0], results.grid.axes[2].blocks):
        chunk = store.read_sound(spec.path, (f, *(0,) * (len(spec.shape) - 2), s))[0]
        # With the dots a view where there are no dimensions, too, and not a number.
        merge_moments((n[f, ...], mean[f, ...], spread[f, ...]), chunk)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, mean, np.nan), np.sqrt(spread / n)


def _table(results: Results, name: str) -> Table:
    store = results.store
    spec = store.specs[f"aggregates/control/{name}"]
    control = results.whole(spec.path)
    mean, std = over_samples(results, name)
    notes = [OF_SAMPLES]
    dims = list(spec.dims)
    if "time" in dims:
        axis = dims.index("time")
        control, mean, std = (np.take(a, -1, axis=axis) for a in (control, mean, std))
        dims.remove("time")
        notes[0] = f"{int(results.whole('year')[-1])}, the last year; {notes[0]}"
    # Classes of locations are named where the sums are.
    paths = [d if d in store.specs else f"aggregates/{d}" for d in dims]
    labels = [names_along(store, path, n) for path, n in zip(paths, control.shape, strict=True)]
    column = next(
        (d.removesuffix("_class") for d, p in zip(dims, paths, strict=True) if p != d), ""
    )
    std = _spread(results, std, mean)
    form = _form(results, std, mean, control)
    # One forcing needs no column.
    rows, first = [], int(len(results.forcings) == 1)
    sizes = results.whole(f"aggregates/{column}_locations") if column else np.empty(0)
    for at in itertools.islice(np.ndindex(control.shape), MAX_ROWS):
        words = [names[k] for names, k in zip(labels, at, strict=True)][first:]
        words += [f"{sizes[at[dims.index(class_dim(column))]]:,.0f}"] if column else []
        rows.append([*words, *_numbers(form, control[at], mean[at], std[at])])
    if control.size > MAX_ROWS:
        notes.append(f"the first {MAX_ROWS} of {control.size}; the store holds all")
    notes += [*_failed(results, column), *_without_number(results, name, column)]
    notes += _of_parts(results, [name])
    title = f"{name} [{spec.attrs['units']}]"
    return Table(
        title,
        [*dims[first:], *(["locations"] if column else []), "control", "ensemble"],
        rows,
        [*notes, *labels_of(store)],
    )


def _together(results: Results, title: str, names: Sequence[str]) -> Table:
    """Return sums that are one number under a forcing, a row each."""
    rows, notes = list[list[str]](), [OF_SAMPLES]
    for name in names:
        control = results.whole(f"aggregates/control/{name}")
        mean, std = over_samples(results, name)
        std = _spread(results, std, mean)
        form = _form(results, std, mean, control)
        rows += [
            [*of_forcing(results, forcing), name, *_numbers(form, control[f], mean[f], std[f])]
            for f, forcing in enumerate(results.forcings)
        ]
        notes += [f"{name}: {note}" for note in _without_number(results, name, "")]
    notes += _of_parts(results, names)
    if cut := len(rows[MAX_ROWS:]):
        notes.append(f"{cut:,} rows are not here; the store holds all")
    header = [*of_forcing(results, "forcing"), "sum", "control", "ensemble"]
    notes += [*_failed(results, ""), *labels_of(results.store)]
    return Table(title, header, rows[:MAX_ROWS], notes)


def _of_parts(results: Results, names: Sequence[str]) -> Iterator[str]:
    """Yield what is below 0 in sums over all locations, and what those of `INSIDE` are without."""
    whole = [name.removesuffix(GLOBAL) for name in names if name.endswith(GLOBAL)]
    for target in whole:
        yield from below_zero(results, target)
    if any(target.endswith(INSIDE) for target in whole):
        yield from outside_notes(results)


def _spread(results: Results, std: F8, mean: F8) -> F8:
    """Return standard deviations; NaN of one sample, which has none."""
    if results.grid.axes[2].size == 1:
        return np.full(mean.shape, np.nan)
    return without_rounding(std, mean)


def _form(results: Results, std: F8, mean: F8, control: F8) -> Callable[[float], str]:
    """Return how numbers are written; of one sample there is no spread to round by."""
    if results.grid.axes[2].size == 1:
        return "{:.15g}".format
    return number_form(std, mean, control)


def _numbers(form: Callable[[float], str], control: Any, mean: Any, std: Any) -> tuple[str, str]:
    """Return the cells of control and ensemble."""
    spread = "" if math.isnan(std) else f" +- {form(float(std))}"
    return form(float(control)), f"{form(float(mean))}{spread}"


def _failed(results: Results, column: str) -> list[str]:
    """Return how many samples have no sum, where any has none, and why; of classes the most."""
    counted = _counted(results, f"count_{column or 'global'}")
    lost = "failed or are excluded" if EXCLUDED in results.store.specs else "failed"
    samples = results.grid.axes[2].size
    notes = []
    for forcing, count in zip(results.forcings, counted.tolist(), strict=True):
        if not count < samples:
            continue
        text = f"{forcing}: {samples - count:,.0f} of {samples:,} samples {lost} at some location"
        notes.append(f"{text} and have no sum" + ("" if count else f", so this is {NONE}"))
    return notes[:MAX_ROWS]


def _counted(results: Results, name: str) -> F8:
    """Return the samples that have a sum, (forcing,): of classes those of the fewest."""
    found = results.whole(f"aggregates/statistics/{name}")
    return np.asarray(found.reshape(len(found), -1).min(axis=1))


def _without_number(results: Results, name: str, column: str) -> list[str]:
    """Return how many samples whose members all ran have no sum, for one has no finite number."""
    path = f"aggregates/statistics/{name}_{COUNT}"
    if path not in results.store.specs:
        return []
    samples, whole = results.grid.axes[2].size, _counted(results, f"count_{column or 'global'}")
    lost = (whole - _counted(results, f"{name}_{COUNT}")).tolist()
    text = "samples have no finite number at some location and no sum"
    return [
        f"{forcing}: {count:,.0f} of {samples:,} {text}"
        for forcing, count in zip(results.forcings, lost, strict=True)
        if count
    ][:MAX_ROWS]
