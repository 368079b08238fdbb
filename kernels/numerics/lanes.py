"""Members side by side in lanes: where each quantity of a group of members stands.

A group is one flat array, a row of lanes for each quantity. Its rows are named by the fields of
records, so that compiled code says ``z[DAY.v_rm + lane]``, or takes a whole record of a lane with
`load`. Places are constants when the code is compiled, and unsigned: else the compiler could not
know that a lane's writes leave the other lanes' reads alone, and would run them one by one.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.build import KNOWN_TO_NUMBA, Inlined

Place = int | np.uint64
"""Where something stands: a number of rows times lanes, or a lane's own number."""

Record = TypeVar("Record", bound=tuple[Any, ...])
Function = TypeVar("Function", bound=Callable[..., Any])


class Rows:
    """The rows of a group, given out one after the other.

    Attributes
    ----------
    lanes : int
        Members of a group.
    count : int
        Rows so far.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.count = 0

    def of(self, record: Any) -> Any:
        """Return a record that holds, in place of each value, where its row begins.

        ``record`` is a class of named tuples. A lane's own number, unsigned too, is to be added.
        """
        first = self.count
        self.count += len(record._fields)
        return record(*(np.uint64(row * self.lanes) for row in range(first, self.count)))


def inlined(function: Function) -> Function:
    """Compile an equation that becomes part of every loop over lanes that calls it.

    However long it is: a loop in which a call is left runs its lanes one by one.
    """
    return cast(Function, Inlined(function))


def load(z: F8, places: Record, at: Place) -> Record:
    """Return the values of a record's rows, ``at`` being a lane's number, or more with it.

    ``places`` is what `Rows.of` made of the record's class.
    """
    return type(places)(*(z[int(place) + int(at)] for place in places))


def store(z: F8, places: Record, at: Place, values: Record) -> None:
    """Fill a record's rows; see `load`."""
    for place, value in zip(places, values, strict=True):
        z[int(place) + int(at)] = value


KNOWN_TO_NUMBA.append("kernels.numerics.records")
