"""What a statistic is: a reduction over samples whose sums can be merged in block order.

A file of this folder is one family of statistics. It offers ``reduction(requests, target)``,
which returns a `Reduction`, and ``EXAMPLES``, the requests that it knows; where these are some
of many, ``match(request)`` returns a request's canonical name, and None for one it does not know.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from ensemble.members.distinct import Distinct
from kernels import F8

Partial = dict[str, NDArray[Any]]

REFUSE_ABOVE = 0.2
"""Share of a design that failed or excluded members may cost before there is no index."""


def spelled(number: float) -> str:
    """Return the shortest text of a number that is read as that number again: ``200``, ``1e+06``.

    Six digits where they are the number, which is how names of arrays have always been made.
    """
    short = f"{number:g}"
    return short if float(short) == number else repr(number)


@dataclass(frozen=True)
class Target:
    """An output or a response that is reduced over samples.

    Attributes
    ----------
    name, units, meaning : str
    rows : int
        Values per location: 1 for a response, the product of the dims for an output.
    edges : ndarray, shape (L, 2), float64
        Lowest and highest histogram edge at each location; from the scenario or a pilot.
    bins : int
    design : callable, optional
        Returns the opened design of a location; for reductions of whole groups of rows.
    own_designs : bool
        Whether each location has its own.
    members : int, optional
        Samples of the whole design, which no count of a row can exceed; None where unknown.
    """

    name: str
    units: str
    meaning: str
    rows: int
    edges: F8
    bins: int = 1000
    design: Callable[[int], Any] | None = None
    own_designs: bool = False
    members: int | None = None


@dataclass(frozen=True)
class Declared:
    """The array a request fills: dtype, extra dimensions behind the target's, attributes.

    ``labels`` are the names along extra dimensions that have them.
    """

    dtype: str = "float64"
    extra: tuple[tuple[str, int], ...] = ()
    attrs: dict[str, Any] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Reduction(Protocol):
    """One family's reduction of one target.

    Partials hold the sums of any number of members at some locations, row by row
    (location, *dims flattened). They are merged in block order, so the result is the same
    to the last bit whoever ran what.
    """

    def declare(self) -> dict[str, Declared]:
        """Return the arrays that `finish` will return."""
        ...

    def start(self, locations: slice) -> Partial:
        """Return the sums of no members at these locations."""
        ...

    def update(self, partial: Partial, values: F8, rows: slice) -> None:
        """Add members ``values`` (n, s), all finite, to these n rows of the sums."""
        ...

    def merge(self, first: Partial, second: Partial) -> Partial:
        """Return the sums of the members of both."""
        ...

    def finish(self, partial: Partial) -> dict[str, NDArray[Any]]:
        """Return one array (rows, *extra) per declared name."""
        ...


@runtime_checkable
class DistinctReduction(Reduction, Protocol):
    """A reduction that can take a value once and be told how many members have it.

    What stages share is then not spread out over members first, and what several families ask
    of the same values (`Distinct.sums`) is found once. A reduction without this method is given
    every member.
    """

    def update_distinct(self, partial: Partial, members: Distinct, rows: slice) -> None:
        """Add members to these n rows of the sums, as ``update`` does."""
        ...


@runtime_checkable
class GroupsReduction(Reduction, Protocol):
    """A reduction that needs whole groups of rows of the design: trajectories, Saltelli rows.

    It is given every member, NaN where one failed or is excluded, in whole groups with their
    place in the design; those members are its own to leave out. Blocks and tiles are then
    multiples of a group.
    """

    def update_groups(
        self, partial: Partial, values: F8, first: int, rows: slice, location: int
    ) -> None:
        """Add groups ``values`` (n, groups, rows together) to these n rows of the sums.

        ``first`` is the number of the first group in the design, ``location`` that of the
        first row's location in the run.
        """
        ...

    def row_nbytes(self) -> int:
        """Return the bytes of the sums of one row."""
        ...


class Family(Protocol):
    """The module of a family.

    Attributes
    ----------
    EXAMPLES : tuple of str
        Requests by which the laws of families try it.

    Notes
    -----
    One that knows more than its examples has ``match(request)``; see this module's docstring.
    One that suits some designs alone has ``unfit(request, design)`` too, which returns why
    a design as the scenario says it does not do; empty if it does.
    """

    EXAMPLES: tuple[str, ...]

    def reduction(self, requests: Sequence[str], target: Target) -> Reduction:
        """Return the reduction for canonical requests of one target."""
        ...
