"""The page: what a run found, how it was made, and what went wrong.

It knows no figure: those are files of `ensemble.report.figures`, and it asks every one.
"""

from collections.abc import Iterable
from functools import partial

from ensemble.members.reopening import scenario_of
from ensemble.report import figures
from ensemble.report.figures.parts.style import Picture, look
from ensemble.report.html.markup import Html, joined, picture, section, tag
from ensemble.report.html.sheet import SHEET
from ensemble.report.run import Run
from ensemble.report.texts import TEXTS, Text
from ensemble.report.top import bad, top
from ensemble.store.store import Store


def render(store: Store) -> str:
    """Return the whole page of a store.

    Raises
    ------
    PlanError
        Its scenario is of another version, or its arrays are not those of its scenario.
    """
    scenario_of(store)
    with look():
        return _page(Run(store))


def _page(run: Run) -> str:
    every, refused = figures.every()
    parts = [*TEXTS, *(Text(f.section, f.order, partial(_drawn, f)) for f in every)]
    parts.sort(key=lambda part: part.order)
    body = [
        (name, title, joined(html for p in parts if p.section == name for html in p.make(run)))
        for name, title in figures.SECTIONS.items()
    ]
    shown = [(name, title, part) for name, title, part in body if part]
    contents = tag("nav", *(tag("a", title, href=f"#{name}") for name, title, _ in shown))
    main = joined(section(name, title, part) for name, title, part in shown)
    foot = tag("footer", tag("p", "written by soilsweep from the store alone"))
    whole = tag("body", top(run, refused), contents, main, foot)
    return f"<!DOCTYPE html>\n{tag('html', _head(run), whole, lang='en')}\n"


def _head(run: Run) -> Html:
    return tag(
        "head",
        Html('<meta charset="utf-8">'),
        # Nothing is fetched and nothing runs, whatever a name in the store says.
        Html(
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "img-src data:; style-src 'unsafe-inline'\">"
        ),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", run.attrs["title"]),
        Html(f"<style>{SHEET}</style>"),
    )


def _drawn(figure: figures.Figure, run: Run) -> Iterable[Html]:
    """Yield the pictures of a figure; one that fails costs itself, and is named."""
    try:
        for drawn in figure.draw(run):
            if isinstance(drawn, Picture):
                yield picture(drawn.svg, caption=drawn.caption, width=drawn.width)
            else:
                yield tag("p", drawn)
    except figure.spared as error:
        yield bad([f"The figure {figure.name!r} could not be drawn: {run.said(error)}"])
