"""What readers of predictors of soil respiration have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kernels import Variable
from kernels.forest.shared.predictors import CLASSES as NAMES
from kernels.forest.shared.predictors import PREDICTORS, RECORDS
from scenarios.forcing._contract import Forcing, Locations, ReaderSpec
from scenarios.problems import Problem, ScenarioError, nearest
from scenarios.units import convert

UNITS = {variable.name: variable.units for variable in PREDICTORS}
CLASSES = {"veg": dict(enumerate(NAMES, start=1))}
"""Names of the numbers of classes of vegetation."""


def misfits(needs: Sequence[Variable], reader: str) -> Iterator[Problem]:
    """Yield drivers that a reader of predictors does not have, or not so."""
    for need in needs:
        if need.name not in UNITS:
            text = f"{reader} has no driver {need.name!r}{nearest(need.name, UNITS)}"
            yield Problem(f"{text}; use another reader", "forcing.reader")
        elif need.dims:
            text = f"driver {need.name!r} has dimensions ({', '.join(need.dims)})"
            yield Problem(f"{text} and {reader} gives one number a cell", "forcing.reader")
        else:
            try:
                convert(0.0, UNITS[need.name], need.units)
            except ValueError as error:
                yield Problem(f"driver {need.name!r}: {error}", "forcing.reader")


POOLED = "one location, all records together, as kernels have it that ask what forests learn from"


def pooled(reader: ReaderSpec, needs: Sequence[Variable], base: Path) -> list[Forcing]:
    """Return what a reader with ``pooled: true`` reads as one location, with the records' number.

    Raises
    ------
    ScenarioError
        Other drivers are needed, of which records have as many values as there are records.
    """
    others = [need.name for need in needs if need.name != RECORDS.name]
    (records,) = reader.model_copy(update={"pooled": False}).read([], base)
    if others:
        text = f"pooled: true has no {', '.join(others)}, of which each record has its own"
        where = f"leave pooled out of {records.provenance['reader']}"
        raise ScenarioError([Problem(f"{text}; {where}", "forcing.pooled")])
    count = np.array([float(len(records.locations.names))])
    places = Locations(("all records",))
    return [replace(records, drivers={RECORDS.name: count}, locations=places)]
