"""From a calibration to sweeps: a table of its parameters by location, and a scenario with them."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ensemble.calibration.reopening import open_layout
from ensemble.errors import PlanError
from ensemble.planning.calibrating import listed
from ensemble.store.coordinates import CELLS, PLACES
from ensemble.store.finished import is_finalised
from ensemble.store.reading import read
from ensemble.store.store import Store
from ensemble.tables.calibration import Found
from kernels import F8
from scenarios.reading.editing import as_text

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
        The store is no calibration's, or not complete; forcings have parameters of their own; a
        file is there already.
    """
    store = read(path)
    layout = open_layout(store)
    if not is_finalised(store):
        raise PlanError(f"{path}: not complete yet; go on with `soilsweep run`, then apply it")
    if len(layout.experiment.forcings) > 1 and layout.section.forcings == "apart":
        text = "every forcing has parameters of its own, and columns of locations are of all"
        raise PlanError(f"{path}: {text}; calibrate with forcings: together, or one by one")
    table = scenario.with_name(f"{scenario.stem}-parameters.csv")
    for file in (scenario, table):
        if file.exists():
            raise PlanError(f"{file}: is there already; choose another name with --output")
    found = Found(store)
    best = found.of_best("parameters")
    lost = [name for name, one in zip(found.groups, best, strict=True) if np.isnan(one).any()]
    names = [COLUMN.format(name) for name in layout.space.names]
    rows = _rows(best, layout.groups.of[0], _defaults(layout))
    columns = {n: v for n, v in layout.experiment.locations.columns.items() if n not in names}
    words, found_there = _words_of(layout), dict(zip(names, rows.T, strict=True))
    text = _table(layout.experiment.locations.names, words, columns, found_there)
    called = scenario.stem, table.name
    sections = _sections(store, called, layout.space.names, layout.objective.outputs)
    table.write_text(text, encoding="utf-8")
    head = HEAD.format(store=path.name, table=table.name)
    scenario.write_text(head + as_text(sections), encoding="utf-8")
    return Applied(scenario, table, tuple(_remarks(lost, store)))


def _remarks(lost: Sequence[str], store: Store) -> list[str]:
    remarks = []
    if lost:
        text = f"{listed(lost)}: without a result; these locations have the kernel's defaults"
        remarks.append(text)
    if store.attrs.get("with_data"):
        remarks.append("paths start in the folder of real data: say --data FOLDER as before")
    return remarks


def _defaults(layout: Any) -> F8:
    """Return the control values of what was searched, (L, n)."""
    experiment = layout.experiment
    whole = slice(0, len(experiment.locations.names))
    control = experiment.control_rows(0, whole).values
    return np.concatenate([control[name] for name in layout.space.names], axis=1)


def _rows(best: F8, group: Any, defaults: F8) -> F8:
    """Return the parameters of each location, (L, n)."""
    values = np.where(np.asarray(group >= 0)[:, None], best[np.maximum(group, 0)], np.nan)
    return np.where(np.isnan(values).any(axis=1, keepdims=True), defaults, values)


def _words_of(layout: Any) -> dict[str, list[str]]:
    """Return the column of words that made the groups, where it is one, by location."""
    groups, columns = layout.section.groups, layout.experiment.locations.columns
    if isinstance(groups, str) or groups.column in columns:
        return {}
    return {groups.column: [layout.groups.names[g] for g in layout.groups.of[0].tolist()]}


def _table(
    names: Sequence[str],
    words: Mapping[str, Sequence[str]],
    columns: Mapping[str, F8],
    parameters: Mapping[str, F8],
) -> str:
    """Return a table of locations; numbers as they are read again to the last bit.

    Without what readers bring of places, which a table would have to give a unit.
    """
    every = {**{n: v for n, v in columns.items() if n not in PLACES | CELLS}, **parameters}
    whole = {n: v for n, v in every.items() if np.isfinite(v).all()}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["location", *words, *whole])
    for k, name in enumerate(names):
        said = [column[k] for column in words.values()]
        writer.writerow([name, *said, *(repr(float(values[k])) for values in whole.values())])
    return text.getvalue()


def _sections(
    store: Store,
    names: tuple[str, str],
    parameters: Sequence[str],
    outputs: Sequence[str],
) -> dict[str, Any]:
    """Return the sections of the new scenario."""
    (name, table), before = names, store.attrs["identity"]["scenario"]
    kept = {section: _plain(before[section]) for section in KEPT if before.get(section)}
    about = store.attrs["design"]
    words: dict[str, Any] = {
        "version": 1,
        "name": name,
        "title": f"{store.attrs['title']}: {about['cost']} at the best parameters, and around them",
        **kept,
        "locations": {"table": table, "key": "location"},
        "parameters": {
            **kept.get("parameters", {}),
            **{p: {"column": COLUMN.format(p)} for p in parameters},
        },
        "design": {"method": "one_at_a_time", "parameters": list(parameters)},
        "outputs": dict.fromkeys(outputs, "last"),
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
