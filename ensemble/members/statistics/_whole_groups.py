"""What reductions of whole groups of rows (trajectories, Saltelli rows) share."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.row_groups import words_of
from ensemble.members.statistics._contract import REFUSE_ABOVE, Declared, Partial, Target
from kernels import F8

EFFECTIVE = "effective"
"""Array with the number of groups of rows without a failed member."""


class WholeGroups:
    """A reduction that gets whole groups of rows, with their place in the design.

    Parameters
    ----------
    requests : tuple of str
    target : Target
        Its ``design`` is a Morris or a Sobol design.
    """

    def __init__(self, requests: tuple[str, ...], target: Target) -> None:
        assert target.design is not None, f"{target.name}: no design to look into"
        self.requests = requests
        self.target = target
        self.design = target.design
        self.attributes: Mapping[str, Any] = self.design(0).attributes
        self.labels = tuple(self.attributes["effects"])
        self.groups_are = words_of(self.attributes["method"])
        first = self.design(0)
        self.row_groups = int(first.size) // int(first.rows_together)

    def rows(self, locations: slice) -> int:
        """Return how many rows some locations have."""
        return int(locations.stop - locations.start) * self.target.rows

    def declare_index(self, dims: tuple[str, ...], units: str, words: str) -> Declared:
        """Return an index over effects, or pairs of them."""
        lost = f"NaN where more than {REFUSE_ABOVE:.0%} of the {self.groups_are} have lost a member"
        long_name = f"{words} of {self.target.meaning}"
        attrs = {"units": units, "long_name": long_name, "comment": lost}
        extra = tuple((dim, len(self.labels)) for dim in dims)
        return Declared(extra=extra, attrs=attrs, labels=dict.fromkeys(dims, self.labels))

    def declare_effective(self) -> Declared:
        """Return the number of groups that entered."""
        long_name = (
            f"{self.groups_are} without a failed or excluded member, which entered the indices of "
            f"{self.target.meaning}"
        )
        return Declared(attrs={"units": "1", "long_name": long_name, "whole": self.row_groups})

    def enough(self, n: F8) -> NDArray[np.bool_]:
        """Return where so many groups are left that there is an index."""
        return np.asarray((n >= 2) & (n >= (1 - REFUSE_ABOVE) * self.row_groups))

    def update(self, partial: Partial, values: F8, rows: slice) -> None:
        """Refuse: members without their place say nothing."""
        raise TypeError("needs whole groups of rows; call update_groups")

    def update_groups(
        self, partial: Partial, values: F8, first: int, rows: slice, location: int
    ) -> None:
        """Add groups ``values`` (rows, groups, rows together), NaN where a member failed.

        Parameters
        ----------
        first : int
            Number in the design of the first of these groups.
        rows : slice
            Rows of the sums that they are added to.
        location : int
            The location of the first of these rows, among all of the run.
        """
        if not self.target.own_designs:
            self.gather(partial, values, first, rows, 0)
            return
        deep = self.target.rows
        for k in range(len(values) // deep):
            here = slice(rows.start + k * deep, rows.start + (k + 1) * deep)
            self.gather(partial, values[k * deep : (k + 1) * deep], first, here, location + k)

    def gather(self, partial: Partial, values: F8, first: int, rows: slice, location: int) -> None:
        """Add groups at rows of one design."""
        raise NotImplementedError
