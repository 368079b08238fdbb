"""Drivers that are computed from columns of a table: ``{expression: (pGPP + 400) / 2}``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kernels import F8, Variable
from scenarios.expressions import (
    ExpressionError,
    Node,
    Quantity,
    evaluate,
    measure,
    names,
    parse,
    pointed,
)
from scenarios.expressions.measuring import ExpressionErrors
from scenarios.forcing.common.sources import unit_of
from scenarios.problems import Problem, nearest
from scenarios.units import convert


class Computed(BaseModel):
    """A driver by expression of columns, each of which has a unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    expression: str = Field(
        min_length=1, description="of columns: (GPP + 400 [g C m-2 yr-1]) / 2, max(clay, 2 [%])"
    )


@dataclass(frozen=True)
class Formula:
    """An expression of columns that has a meaning for a driver.

    Attributes
    ----------
    text : str
        As it is written.
    tree : Node
        See `expressions.evaluate`.
    columns : mapping of str to str
        Unit by column.
    units : str
        Of the value.
    """

    text: str
    tree: Node
    columns: Mapping[str, str]
    units: str

    def of(self, columns: Mapping[str, F8], need: Variable) -> F8:
        """Return the driver in its unit, NaN where the expression has no finite value."""
        return convert(evaluate(self.tree, columns), self.units, need.units)

    def told(self, need: Variable) -> dict[str, Any]:
        """Return what provenance says of the driver."""
        same = self.units == need.units
        return {
            "from": " ".join(self.text.split()),
            "units": dict(self.columns),
            "converted": "no" if same else f"to {need.units}",
        }


def syntax(driver: str, asked: Computed) -> Iterator[Problem]:
    """Yield why an expression is none of columns, whatever the table."""
    try:
        tree = parse(asked.expression)
    except ExpressionError as error:
        yield _at_character(driver, asked, error)
        return
    if not names(tree):
        text = "names no column; needed an expression of columns, or values: for a number"
        yield Problem(text, _place(driver))


def formula(
    need: Variable,
    asked: Computed,
    available: Sequence[str],
    header: Mapping[str, str],
    said: Mapping[str, str],
) -> tuple[Formula | None, list[Problem]]:
    """Return the expression of a driver as a table has its columns, or all that is wrong with it.

    Parameters
    ----------
    need : Variable
    asked : Computed
        One in which `syntax` finds nothing wrong.
    available : sequence of str
        Columns that may be named.
    header : mapping of str to str
        Unit by column, where the file says one.
    said : mapping of str to str
        Unit by column, where the scenario says one.
    """
    tree = parse(asked.expression)
    units, problems = dict[str, str](), list[Problem]()
    for name, at in names(tree).items():
        if name not in available:
            error = ExpressionError(f"no column {name!r}{nearest(name, available)}", at)
            problems.append(_at_character(need.name, asked, error))
            continue
        # What is said of the driver is no unit of a column that it is made of.
        own = {name: said[name]} if name in said else {}
        column = replace(need, name=name)
        found = header.get(name, "")
        units[name], complaint = unit_of(name, column, own, found=found, example=need.units)
        if complaint:
            problems.append(Problem(complaint, _place(need.name)))
    if problems:
        return None, problems
    try:
        measured = measure(tree, {name: Quantity((), unit) for name, unit in units.items()})
        whole = measured.quantity
        if whole.of:
            raise ValueError(f"found {whole.units!r}; needed {need.units!r}")
        convert(0.0, whole.units, need.units)
    except ExpressionErrors as errors:
        return None, [_at_character(need.name, asked, fault) for fault in errors.faults]
    except ValueError as error:
        return None, [Problem(f"its value: {error}", _place(need.name))]
    return Formula(asked.expression, measured.tree, units, whole.units), []


def _place(driver: str) -> str:
    return f"forcing.columns.{driver}"


def _at_character(driver: str, asked: Computed, error: ExpressionError) -> Problem:
    """Return a fault of an expression with a caret under its place."""
    where = f"{_place(driver)}.expression"
    return Problem(str(error), where, below=pointed(asked.expression, error.at))
