"""What a design is: the rule that gives parameter row i, and the analysis that suits it.

A file of this folder is one design. It holds a pydantic model (the words of the scenario,
named ``Spec``) whose ``open(context)`` returns a `Design`. Sampling and analysis live
together, so the numbers of the one (levels, groups, seed) can never differ in the other.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict

from kernels import F8, I8, Parameter
from scenarios.plugins import Chosen, Plugins
from scenarios.problems import Problem, ScenarioError


@dataclass(frozen=True)
class Context:
    """What a design may know when it is opened.

    Attributes
    ----------
    seed : int
        Of the scenario; 0 is a seed like any other.
    path : str
        Place of the design in the scenario, ``design`` or ``design.cross[1]``; part of
        every random stream, so two Monte Carlo factors of a cross never share draws.
    parameters : mapping of str to Parameter
        The kernel's table: units, bounds and plausible ranges.
    lower, upper : mapping of str to ndarray, shape (1,) or (L,)
        Admissible range found in the forcings at plan time; absent where there is none.
    columns : mapping of str to ndarray, shape (L,)
        Columns of the location table, for distributions that differ by location.
    control : mapping of str to ndarray, shape (L,)
        What the control member of each location has, kernel units; absent: the table's default.
    unlike : set of str
        Parameters of which forcings that share the design have other control members.
    base : Path
        Folder of the scenario file; relative paths start there.
    stream : str
        Added to the random stream of an ``independent`` forcing or location; usually empty.
    """

    seed: int
    path: str
    parameters: Mapping[str, Parameter]
    lower: Mapping[str, F8] = field(default_factory=dict)
    upper: Mapping[str, F8] = field(default_factory=dict)
    columns: Mapping[str, F8] = field(default_factory=dict)
    control: Mapping[str, F8] = field(default_factory=dict)
    unlike: frozenset[str] = frozenset()
    base: Path = Path()
    stream: str = ""


class Design(Protocol):
    """An opened design; it can be pickled.

    Attributes
    ----------
    parameters : tuple of str
        In the order of the scenario.
    size : int
        Number of rows; may be 10^9, so nothing of that length is ever held.
    rows_together : int
        Rows that belong together (a Morris trajectory, a Saltelli row); a block holds a
        multiple of it.
    extendable : bool
        True where more rows leave the first ones as they are.
    attributes : mapping
        JSON-able numbers the analysis needs; they travel into the store. Every design has
        ``method``, ``size``, ``seed``, ``path``, ``stream``, ``parameters``, ``admissible``
        (the bounds of the forcings it kept to) and ``warnings`` (sentences for the user);
        one with distributions ``distributions``, ``truncated_share``, ``outside_bounds`` and
        ``plausible``, the source of each range that is the kernel's, for want of a distribution;
        one whose `analyze` is not empty ``effects``, the labels of its last axis; a full
        factorial ``shape`` and ``factors`` (labels), so that a response (..., size)
        reshaped to (..., *shape) has an axis per factor.
    """

    @property
    def parameters(self) -> tuple[str, ...]: ...

    @property
    def size(self) -> int: ...

    @property
    def rows_together(self) -> int: ...

    @property
    def extendable(self) -> bool: ...

    @property
    def attributes(self) -> Mapping[str, Any]: ...

    def rows(self, start: int, stop: int) -> dict[str, F8]:
        """Return each parameter's values, shape (1 or L, stop - start), kernel units.

        Raises
        ------
        IndexError
            Rows outside the design.
        """
        ...

    def levels(self, names: Collection[str], start: int, stop: int) -> tuple[I8, I8]:
        """Return ``(first, level)`` for the distinct rows of the named parameters.

        ``first`` (R,) are offsets from ``start`` of one row each that stands for a
        distinct combination; ``level`` (stop - start,) says which of the R each row
        uses. ``rows[name][:, first][:, level] == rows[name]`` for every name in ``names``.
        Levels are numbered as they first appear.
        """
        ...

    def analyze(self, response: F8) -> dict[str, F8]:
        """Return sensitivity indices of ``response`` (..., size), each (..., effect).

        An effect is a parameter or a group of them: ``attributes["effects"]``.
        Indices of pairs (``S2``) are (..., effect, effect). ``effective`` is the number of
        members, or of groups of rows that belong together, that entered. A value that is not
        finite marks a failed member; it removes all rows that belong to it. Empty for a design
        that has no indices of its own.
        """
        ...


class DesignSpec(BaseModel):
    """Base of the models a scenario's ``design:`` is read into."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def open(self, context: Context) -> Design:
        """Return the design; raise `ScenarioError` with every problem found."""
        raise NotImplementedError

    def judge(self, context: Context) -> list[Problem]:
        """Return what is wrong with its words whatever the data are: numbers, units, bounds.

        A context without data: no bounds of forcings, no columns, defaults of the table. Where
        opening takes long or needs a file, a design judges as much as it can without.
        """
        try:
            self.open(context)
        except ScenarioError as error:
            return list(error.problems)
        return []

    def names(self) -> tuple[str, ...]:
        """Return the parameters it varies, without opening it; ``"all"`` as ``("*",)``."""
        raise NotImplementedError

    def files(self, base: Path) -> dict[str, Path]:
        """Return the data files it reads, by the name under which a store keeps a copy.

        Opened with ``Context.base`` at the folder of the copies, the design finds them.
        """
        return {}


DESIGNS = Plugins(
    "design", "scenarios.designs", "soilsweep.designs", ("Spec",), DesignSpec, key="method"
)


def _unsaid(section: Mapping[str, Any]) -> str | None:
    """Return the design of a section without ``method:``; ``cross:`` needs none."""
    return "cross" if "cross" in section else None


CHOSEN = Chosen(DESIGNS, _unsaid)
AnyDesign = Annotated[DesignSpec, CHOSEN]
"""The type of ``design:``, read into the model of its method."""
