"""From a calibration to sweeps: a table of its parameters by location, and a scenario with them."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.layout import Layout
from ensemble.calibration.reopening import open_layout
from ensemble.calibration.stored import LABELS
from ensemble.errors import PlanError
from ensemble.planning.calibrating import listed
from ensemble.store.coordinates import CELLS, PLACES
from ensemble.store.finished import is_finalised
from ensemble.store.reading import read
from ensemble.store.store import Store
from ensemble.tables.calibration import Found
from scenarios.forcing import READERS
from scenarios.reading.editing import as_text
from scenarios.sections import check_name

CHANGES = (-0.25, 0.25)
"""Shares by which parameters are changed: those of `one_at_a_time` where nothing is said."""

COLUMN = "calibrated_{}"
"""Of a parameter in the table: readers may have columns of the parameters' own names."""

KEPT = ("version", "kernel", "forcing", "derived", "responses", "parameters", "seed", "precision")
"""Sections of the calibration that the new scenario has, too."""

HEAD = """\
# Parameters that {store} found, and each changed by a quarter; any other
# design: may stand here. Paths start in the folder of the calibration's scenario: lay this file,
# and {table}, beside it.
"""


@dataclass(frozen=True)
class Applied:
    """What was written.

    Attributes
    ----------
    scenario, table : Path
    remarks : tuple of str
        What a person has to know.
    """

    scenario: Path
    table: Path
    remarks: tuple[str, ...]


def apply(path: Path, scenario: Path) -> Applied:
    """Write a scenario with the best parameters of each group, and their table.

    Parameters
    ----------
    path : Path
        Store of a calibration that is complete.
    scenario : Path
        The file to write; the table is ``NAME-parameters.csv`` beside it.

    Raises
    ------
    PlanError
        The store is no calibration's, not complete, or without any result; forcings have
        parameters of their own; no scenario can have the file's name; a file is there already.
    """
    store = read(path)
    layout = open_layout(store)
    if not is_finalised(store):
        raise PlanError(f"{path}: not complete yet; go on with `soilsweep run`, then apply it")
    if len(layout.experiment.forcings) > 1 and layout.section.forcings == "apart":
        text = "every forcing has parameters of its own, and columns of locations are of all"
        raise PlanError(f"{path}: {text}; calibrate with forcings: together, or one by one")
    table = scenario.with_name(f"{scenario.stem}-parameters.csv")
    _refuse_place(scenario, table)
    rows, has = _parameters(layout, Found(store))
    if not has.any():
        raise PlanError(f"{path}: no group has a result; there is nothing to apply")
    words = [READERS.get(one["reader"]).Spec.lists for one in _forcings(store)]
    kept = has if all(words) else np.ones(len(has), np.bool_)
    columns, gaps = _columns(layout, store)
    names = layout.experiment.locations.names
    key = _free("location", columns)
    columns = {key: names, **columns, **rows}
    sections = _sections(store, (scenario.stem, table.name, key), layout)
    sections["design"], unvaried = _design(layout, rows)
    if not kept.all():
        chosen = [name for name, one in zip(names, kept.tolist(), strict=True) if one]
        _choose(sections, words, chosen)
    table.write_text(_table(columns, kept), encoding="utf-8")
    head = HEAD.format(store=path.name, table=table.name)
    scenario.write_text(head + as_text(sections), encoding="utf-8")
    remarks = [*_of_lost(layout, has, left_out=not kept.all()), *_of_gaps(gaps), *unvaried]
    if store.attrs.get("with_data"):
        remarks.append("paths start in the folder of real data: say --data FOLDER as before")
    return Applied(scenario, table, tuple(remarks))


def _parameters(layout: Layout, found: Found) -> tuple[dict[str, list[float]], NDArray[np.bool_]]:
    """Return the best parameters of each location, by column, and which locations have such.

    Others have the control values of the calibration.
    """
    experiment, names = layout.experiment, layout.space.names
    best = found.of_best("parameters")[layout.groups.of[0]]
    has = np.asarray(np.isfinite(best).all(axis=1))
    control = experiment.control_rows(0, slice(0, len(experiment.locations.names))).values
    rows = {
        COLUMN.format(name): np.where(has, best[:, j], control[name][:, 0]).tolist()
        for j, name in enumerate(names)
    }
    return rows, has


def _refuse_place(scenario: Path, table: Path) -> None:
    """Refuse a name that no scenario can have, and files that are there.

    Raises
    ------
    PlanError
        It is one.
    """
    try:
        check_name(scenario.stem)
    except ValueError as error:
        raise PlanError(f"{scenario}: its name is the scenario's: {error}") from error
    for file in (scenario, table):
        if file.exists():
            raise PlanError(f"{file}: is there already; choose another name with --output")


def _of_lost(layout: Layout, has: NDArray[np.bool_], *, left_out: bool) -> Iterator[str]:
    """Yield which groups have no result, and what becomes of their locations."""
    lost = [layout.groups.names[g] for g in np.unique(layout.groups.of[0][~has]).tolist()]
    if lost:
        count = int((~has).sum())
        those = f"their {count:,} locations" if count > 1 else "the location"
        what = "left out" if left_out else "kept, with the values that are not searched for: "
        more = "" if left_out else "the reader takes no list of locations"
        yield f"{listed(lost)}: without a result; {those} {what}{more}"


def _of_gaps(gaps: Sequence[str]) -> Iterator[str]:
    """Yield columns of locations that no table can hold."""
    if gaps:
        names = ", ".join(map(repr, gaps))
        yield f"not in the table, as they lack values: {names}; the reader brings them"


def _forcings(store: Store) -> list[Mapping[str, Any]]:
    """Return the words of each forcing."""
    said = store.attrs["identity"]["scenario"]["forcing"]
    return list(said) if isinstance(said, list | tuple) else [said]


def _choose(sections: dict[str, Any], words: Sequence[str], names: Sequence[str]) -> None:
    """Let every forcing be of some locations alone."""
    forcing = sections["forcing"]
    several = forcing if isinstance(forcing, list) else [forcing]
    for one, word in zip(several, words, strict=True):
        one[word] = list(names)


def _columns(layout: Layout, store: Store) -> tuple[dict[str, Sequence[Any]], list[str]]:
    """Return columns of locations, and those left out as a location has no value in them.

    Without the edges of cells, which come with the forcing alone.
    """
    held: dict[str, Sequence[Any]] = dict(store.attrs.get(LABELS, {}))
    gaps = []
    for name, values in layout.experiment.locations.columns.items():
        if name in CELLS:
            continue
        if np.isfinite(values).all():
            # A table has to say the unit of a place.
            header = f"{name} [{PLACES[name]['units']}]" if name in PLACES else name
            held[header] = np.asarray(values, np.float64).tolist()
        else:
            gaps.append(name)
    return held, gaps


def _design(
    layout: Layout, rows: Mapping[str, Sequence[float]]
) -> tuple[dict[str, Any], list[str]]:
    """Return a design that changes each parameter by what the kernel admits at all locations.

    The second is what is said of changes that are left out.
    """
    table, remarks = {p.name: p for p in layout.experiment.kernel.parameters}, []
    change: dict[str, list[float]] = {}
    for name in layout.space.names:
        values, p = np.array(rows[COLUMN.format(name)]), table[name]
        moved = {share: values * (1 + share) for share in CHANGES}
        fits = [s for s, v in moved.items() if ((v >= p.lower) & (v <= p.upper)).all()]
        # A share of 0 is no change.
        fits = fits if values.all() else []
        if fits:
            change[name] = fits
        if lacking := [f"{s:+g}" for s in CHANGES if s not in fits]:
            why = "the kernel does not admit it at every location"
            why = why if values.all() else "a share of 0 is no change"
            remarks.append(f"{name} is not changed by {' or '.join(lacking)}: {why}")
    design: dict[str, Any] = {"method": "one_at_a_time", "parameters": list(change)}
    return design | ({"change": change} if remarks else {}), remarks


def _free(name: str, taken: Collection[str]) -> str:
    """Return a name that no column has."""
    while name in taken:
        name += "_"
    return name


def _table(columns: Mapping[str, Sequence[Any]], kept: NDArray[np.bool_]) -> str:
    """Return a table of the locations that are kept; numbers are read again to the last bit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for k in np.flatnonzero(kept).tolist():
        cells = (values[k] for values in columns.values())
        writer.writerow([repr(cell) if isinstance(cell, float) else cell for cell in cells])
    return text.getvalue()


def _sections(store: Store, names: tuple[str, str, str], layout: Layout) -> dict[str, Any]:
    """Return the sections of the new scenario, of the names of itself, its table and the key."""
    (name, table, key), before = names, store.attrs["identity"]["scenario"]
    parameters = layout.space.names
    kept = {section: _plain(before[section]) for section in KEPT if before.get(section)}
    about = store.attrs["design"]
    words: dict[str, Any] = {
        "version": 1,
        "name": name,
        "title": f"{store.attrs['title']}: {about['cost']} at the best parameters, and around them",
        **kept,
        "locations": {"table": table, "key": key},
        "parameters": {
            **kept.get("parameters", {}),
            **{p: {"column": COLUMN.format(p)} for p in parameters},
        },
        "design": {},
        "outputs": dict.fromkeys(layout.objective.outputs, "last"),
        "store": f"runs/{name}.zarr",
    }
    data = {section: words[section] for section in store.attrs.get("with_data", ())
            if section in words}  # fmt: skip
    return {**words, "with_data": data} if data else words


def _plain(value: Any) -> Any:
    """Return words without those that say nothing."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if v is not None and v != {} and v != ""}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
