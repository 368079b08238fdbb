"""Members side by side in lanes: where each quantity of a group of members stands.

A group is one flat array, a row of lanes for each quantity. Its rows are named by the fields of
records, so that compiled code says ``z[DAY.v_rm + lane]``. Places are constants when the code is
compiled, and unsigned: else the compiler could not know that a lane's writes leave the other lanes'
reads alone, and would run them one by one.
"""

from typing import Any

import numpy as np

Place = int | np.uint64
"""Where something stands: a number of rows times lanes, or a lane's own number."""


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
