"""Figures, one file each: a file in this folder is on the page, without another edit.

A figure is a module with a docstring, ``SECTION`` (one of `SECTIONS`), ``ORDER`` (a number: where
it stands among the figures and tables of its section), and ``draw(run)``, which yields `Picture`,
or a sentence where something cannot be drawn; nothing where it does not apply. It reads what it
shows through ``run``, an `ensemble.report.run.Run`, and writes its own captions. What several
figures draw with is in ``parts/``. It is of ensembles unless it has ``OF``, the name of another
work as stores have it, or several: of `ensemble.calibration.stored.WORK` ``run`` is an
`ensemble.report.calibrated.Calibrated`, of `ensemble.evaluation.storing.WORK` an
`ensemble.report.models.Models`. What is held against observations is in ``run.benchmarks`` of
ensembles and of models alike (`HELD`).

Others install a figure by an entry point of the group ``soilsweep.figures`` that names such a
module. Those stand on every page that is written where they are installed, of stores of anybody,
too: whoever installed them chose them. A store has no say in what is imported here.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ensemble.calibration.stored import WORK as CALIBRATIONS
from ensemble.evaluation.storing import WORK as EVALUATIONS
from ensemble.members.stored import WORK as ENSEMBLES
from scenarios.plugins import Plugins

if TYPE_CHECKING:
    from ensemble.report.figures.parts.style import Picture

FIGURES = Plugins("figure", __name__, "soilsweep.figures", ("SECTION", "ORDER", "draw"))

WORKS = (ENSEMBLES, CALIBRATIONS, EVALUATIONS)
"""Those whose stores have a page."""

HELD = (ENSEMBLES, EVALUATIONS)
"""Those whose stores hold models against observations."""

SECTIONS = {
    "asked": "What was asked",
    "results": "Results",
    "fit": "Observed against modelled",
    "constrained": "Constrained projections",
    "space": "In space",
    "profiles": "Profiles by depth",
    "convergence": "Convergence",
    "determined": "What the data determine",
    "sensitivity": "What the spread is due to",
    "series": "Stored outputs in time",
    "design": "Design",
    "limits": "Beyond limits",
    "failures": "Failures",
    "provenance": "Provenance",
    "scenario": "Scenario",
}
"""The sections of the page in their order, and what stands above them."""


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
    works : tuple of str
        Of the stores that it is drawn of.
    """

    name: str
    section: str
    order: float
    draw: "Callable[[Any], Iterable[Picture | str]]"
    works: tuple[str, ...] = (ENSEMBLES,)

    def pictures(self, run: Any) -> "Iterator[tuple[str, Picture | str]]":
        """Yield what it draws, pictures with names of their own; a sentence has none."""
        from ensemble.report.figures.parts.style import Picture

        count = 0
        for drawn in self.draw(run):
            if isinstance(drawn, Picture):
                count += 1
                yield f"{self.name}-{count}", drawn
            else:
                yield "", str(drawn)


def names() -> list[str]:
    """Return the figures of this package and those that others install by entry point."""
    return FIGURES.names()


def every() -> tuple[list[Figure], list[str]]:
    """Return all figures, and what is said of those that are of no use."""
    modules, refused = FIGURES.every(ours_may_fail=True)
    ours, usable = FIGURES.ours(), []
    for name, module in modules.items():
        try:
            usable.append(figure_of(name, module))
        except LookupError as error:
            called = "figure" if name in ours else "installed figure"
            refused.append(f"the {called} {name!r} is not used: {error}")
    return usable, [f"{reason[0].upper()}{reason[1:]}." for reason in refused]


def figure_of(name: str, module: Any) -> Figure:
    """Return the figure that a module is.

    Raises
    ------
    LookupError
        It lacks one of the names, or they are not what they should be; all of it is said.
    """
    section: Any = getattr(module, "SECTION", None)
    order: Any = getattr(module, "ORDER", None)
    draw: Any = getattr(module, "draw", None)
    of: Any = getattr(module, "OF", ENSEMBLES)
    works = of if isinstance(of, tuple) else (of,)
    wrong = []
    if section not in SECTIONS:
        wrong.append(f"SECTION is {section!r} and has to be one of {', '.join(SECTIONS)}")
    if not (isinstance(order, int | float) and math.isfinite(order)):
        wrong.append(f"ORDER is {order!r} and has to be a number")
    if not callable(draw):
        wrong.append("it has no function draw(run)")
    if not works or not {*works} <= {*WORKS}:
        wrong.append(f"OF is {of!r} and has to be one of {', '.join(WORKS)}, or several")
    if wrong:
        raise LookupError("; ".join(wrong))
    return Figure(name, section, order, draw, works)
