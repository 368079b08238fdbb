"""Figures, one file each: a file in this folder is on the page, without another edit.

A figure is a module with a docstring, ``SECTION`` (one of `SECTIONS`), ``ORDER`` (a number: where
it stands among the figures and tables of its section), and ``draw(run)``, which yields `Picture`,
or a sentence where something cannot be drawn; nothing where it does not apply. It reads what it
shows through ``run``, an `ensemble.report.run.Run`, and writes its own captions. What several
figures draw with is in ``parts/``.

Others install a figure by an entry point of the group ``soilsweep.figures`` that names such a
module. Those stand on every page that is written where they are installed, of stores of anybody,
too: whoever installed them chose them. A store has no say in what is imported here.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kernels import installed, module_names

if TYPE_CHECKING:
    from ensemble.report.figures.parts.style import Picture
    from ensemble.report.run import Run

ENTRY_POINTS = "soilsweep.figures"

SECTIONS = {
    "results": "Results",
    "space": "In space",
    "profiles": "Profiles by depth",
    "sensitivity": "What the spread is due to",
    "series": "Stored outputs in time",
    "design": "Design",
    "limits": "Beyond limits",
    "failures": "Failures",
    "provenance": "Provenance",
    "scenario": "Scenario",
}
"""The sections of the page in their order, and what stands above them."""

OF_STORES = (ValueError, OSError)
"""What our figures raise where values are damaged; anything else is a fault of ours."""


@dataclass(frozen=True)
class Figure:
    """A figure as the page asks for it.

    Attributes
    ----------
    name : str
        Its file's, or its entry point's.
    section : str
    order : float
    draw : callable
    spared : tuple of exception types
        What costs this figure alone, and not the page.
    """

    name: str
    section: str
    order: float
    draw: "Callable[[Run], Iterable[Picture | str]]"
    spared: tuple[type[Exception], ...] = OF_STORES


def names() -> list[str]:
    """Return the figures of this package and those that others install by entry point."""
    return sorted({*module_names(__path__), *(e.name for e in installed(ENTRY_POINTS))})


def every() -> tuple[list[Figure], list[str]]:
    """Return all figures, and what is said of installed ones that are of no use."""
    by_name = {n: figure_of(n, import_module(f"{__name__}.{n}")) for n in module_names(__path__)}
    refused = []
    for entry in sorted(installed(ENTRY_POINTS), key=lambda e: (e.name, e.value)):
        said = f"The installed figure {entry.name!r} ({entry.value}) is not shown"
        if entry.name in by_name:
            refused.append(f"{said}: another one has its name.")
            continue
        try:
            by_name[entry.name] = figure_of(entry.name, entry.load(), spared=(Exception,))
        except (Exception, SystemExit) as error:
            # Somebody else's module may fail in any way; the page needs none of it.
            refused.append(f"{said}: {type(error).__name__}: {error}")
    return list(by_name.values()), refused


def figure_of(name: str, module: Any, *, spared: tuple[type[Exception], ...] = OF_STORES) -> Figure:
    """Return the figure that a module is.

    Raises
    ------
    LookupError
        It lacks one of the names, or they are not what they should be; all of it is said.
    """
    section: Any = getattr(module, "SECTION", None)
    order: Any = getattr(module, "ORDER", None)
    draw: Any = getattr(module, "draw", None)
    wrong = []
    if section not in SECTIONS:
        wrong.append(f"SECTION is {section!r} and has to be one of {', '.join(SECTIONS)}")
    if not (isinstance(order, int | float) and math.isfinite(order)):
        wrong.append(f"ORDER is {order!r} and has to be a number")
    if not callable(draw):
        wrong.append("it has no function draw(run)")
    if wrong:
        raise LookupError("; ".join(wrong))
    return Figure(name, section, order, draw, spared)
