"""The page: what a run found, how it was made, and what went wrong.

It knows no figure: those are files of `ensemble.report.figures`, and it asks every one. Nor any
markup: that is in the templates of ``html/``.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from ensemble.calibration import stored as calibrations
from ensemble.errors import PlanError
from ensemble.evaluation.storing import is_evaluation
from ensemble.members import stored as ensembles
from ensemble.members.reopening import NotHere, scenario_of
from ensemble.printing import warn
from ensemble.report import figures
from ensemble.report.calibrated import Calibrated
from ensemble.report.figures.parts.style import Picture, look
from ensemble.report.html.rendering import rendered
from ensemble.report.models import Models
from ensemble.report.parts import Banner, Image, Part, Section
from ensemble.report.reported import Reported
from ensemble.report.run import Run
from ensemble.report.texts import TEXTS, Text
from ensemble.report.top import top
from ensemble.store.store import Store

Kept: TypeAlias = Callable[[str, Picture], None]
"""What is given every picture of a page, and its name."""


def render(store: Store, *, locations: Sequence[str] = (), keep: Kept | None = None) -> str:
    """Return the whole page of a store.

    Parameters
    ----------
    store : Store
    locations : sequence of str
        That get figures and tables of their own, or ``all``; by default some are chosen evenly.
    keep : callable, optional

    Raises
    ------
    PlanError
        Its scenario is of another version, or its arrays are not those of its scenario; it is of a
        work that has no page.
    """
    with look():
        run = reported(store, locations)
        every_figure, refused = figures.every()
        sections = _sections(run, every_figure, keep)
        # Last, as damage is known when all was read.
        return rendered("page.html", sections=sections, top=top(run, refused))


def reported(store: Store, locations: Sequence[str] = ()) -> Reported:
    """Return a run as figures and texts read it.

    Raises
    ------
    PlanError
        See `render`; or locations of what is no ensemble.
    """
    of_searches = calibrations.is_calibration(store)
    if locations and (of_searches or is_evaluation(store)):
        raise PlanError(f"{store.path}: no ensemble, whose locations --at names; leave it out")
    if is_evaluation(store):
        return Models(store)
    check = calibrations.check if of_searches else ensembles.check
    with suppress(NotHere):
        scenario_of(store, check)
    return Calibrated(store) if of_searches else Run(store, locations)


def _sections(
    run: Reported, every_figure: Iterable[figures.Figure], keep: Kept | None
) -> list[Section]:
    """Return the sections that have something to show, texts and figures in their order."""
    drawn = (Text(f.section, f.order, partial(_drawn, f, keep=keep), f.works) for f in every_figure)
    mine = [text for text in (*TEXTS, *drawn) if run.store.work in text.works]
    in_order = sorted(mine, key=lambda text: text.order)
    sections = [
        Section(name, title, [p for t in in_order if t.section == name for p in t.make(run)])
        for name, title in figures.SECTIONS.items()
    ]
    return [section for section in sections if section.parts]


def _drawn(figure: figures.Figure, run: Reported, keep: Kept | None = None) -> Iterable[Part]:
    """Yield the pictures of a figure; one that fails costs itself, and is named."""
    try:
        for name, drawn in figure.pictures(run):
            yield Image.of(drawn, name) if isinstance(drawn, Picture) else drawn
            if keep and isinstance(drawn, Picture):
                keep(name, drawn)
    except Exception as error:
        # It may fail in any way, and the page needs none of it.
        line = f"The figure {figure.name!r} could not be drawn: {_why(run, error)}"
        warn(line)
        yield Banner([line])


def _why(run: Reported, error: Exception) -> str:
    """Return what an error says, and of what kind it is where that is no fault of the store."""
    said = run.said(error)
    if said and isinstance(error, ValueError | OSError):
        return said
    return f"{type(error).__name__}: {said}".removesuffix(": ")
