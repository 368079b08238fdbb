"""What readers of predictors of soil respiration have in common."""

from collections.abc import Iterator, Sequence

from kernels import Variable
from kernels.forest.shared.predictors import CLASSES as NAMES
from kernels.forest.shared.predictors import PREDICTORS
from scenarios.problems import Problem, nearest
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
