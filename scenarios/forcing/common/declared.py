"""What a reader reads, said in its own file: formats, quantities, units, order, gaps, lengths.

A reader's ``Spec.reads`` holds one `Input` for every kind of file that it opens; a reader that
opens none has an empty tuple. The declaration is for people who prepare files, and it is what
the law of readers makes malformed files from (``tests/scenarios/forcing/test_law.py``): so it
must be true, and a reader without one fails.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

Format = Literal["table", "netcdf", "namelist", "array", "workbook"]

Role = Literal[
    "driver",
    "observation",
    "name",
    "class",
    "fraction",
    "latitude",
    "longitude",
    "area",
    "depth",
    "time",
    "mask",
    "row",
]
"""What a quantity is for; ``row`` is a place in a grid, ``name`` of a model, site or layer."""

Said = Literal["file", "file or scenario", "layout", "none"]
"""Who says a unit: the file must; the file or ``units:``; the layout alone; it has none."""

Gaps = Literal["refused", "left out", "allowed"]
"""What a missing value does: stops the reader; costs its row, layer or place, and is counted."""


@dataclass(frozen=True)
class Quantity:
    """A column or variable.

    Attributes
    ----------
    name : str
        As the file spells it; in angle brackets where the scenario and the kernel decide:
        ``<drivers>``.
    role : str
    units : tuple of str
        Units it may have, the one it is read in first; empty for names and classes.
    said : str
        Who says its unit.
    gaps : str
        What becomes of a missing value.
    needed : bool
        Whether it must be there.
    """

    name: str
    role: Role
    units: tuple[str, ...] = ()
    said: Said = "none"
    gaps: Gaps = "refused"
    needed: bool = True


@dataclass(frozen=True)
class Order:
    """What settles the order of rows, columns, months, levels, latitudes or longitudes.

    Attributes
    ----------
    of : str
    by : tuple of str
        What is looked at, first first; empty where the position itself counts.
    """

    of: Literal["rows", "columns", "months", "days", "levels", "latitudes", "longitudes"]
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Input:
    """One kind of file.

    Attributes
    ----------
    key : str
        Of the scenario: ``path``; with the file's place below a folder: ``grids/x.csv.gz``.
    format : str
    holds : str
        What is in it, one row or dimension at a time.
    quantities : tuple of Quantity
    orders : tuple of Order
    missing : str
        What stands for a missing value, and what is done then.
    agree : tuple of str
        Lengths that must agree.
    """

    key: str
    format: Format
    holds: str
    quantities: tuple[Quantity, ...]
    orders: tuple[Order, ...] = ()
    missing: str = ""
    agree: tuple[str, ...] = ()

    def of(self, *roles: Role) -> tuple[Quantity, ...]:
        """Return the quantities of some roles."""
        return tuple(quantity for quantity in self.quantities if quantity.role in roles)

    def order(self, of: str) -> Order | None:
        """Return what settles an order; None where there is nothing of the kind."""
        return next((order for order in self.orders if order.of == of), None)


class Declared(BaseModel):
    """Base of the models of readers, which say what files they open.

    Attributes
    ----------
    reads : tuple of Input
        What the reader opens: formats, quantities, units, order, gaps. Every reader says so,
        one that opens nothing with an empty tuple.
    opens : tuple of str
        Keys of files that it opens besides, as those of `reads`: ``grids/FILE`` is in the folder
        that the key ``grids`` names.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reads: ClassVar[tuple[Input, ...]]
    opens: ClassVar[tuple[str, ...]] = ()

    def files(self) -> list[str]:
        """Return the files that it opens, or folders of which any, as the scenario writes them."""
        found = []
        for whole in (*(one.key for one in self.reads), *self.opens):
            key, _, below = whole.partition("/")
            written = getattr(self, key, None)
            if isinstance(written, str) and written:
                found.append(f"{written.rstrip('/')}/{below}" if below else written)
        if records := getattr(getattr(self, "cells", None), "records", ""):
            found.append(records)
        return found


NUMBERS_MISSING = (
    "an empty cell, NA, NaN, -, . or a usual fill value (-9999, 1e20, 9.97e36); refused with its "
    "line"
)
"""Of tables."""

FILLS_MISSING = (
    "NaN, what _FillValue or missing_value say, and -9999, 1e20 or 9.97e36 with or without them"
)
"""Of NetCDF variables."""
