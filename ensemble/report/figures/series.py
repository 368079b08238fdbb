"""Stored outputs in time: a panel per forcing, mean, spread and control."""

from collections.abc import Iterator
from itertools import groupby

from ensemble.report.data.series import all_series
from ensemble.report.figures.parts.panels import Ruler, called, panels
from ensemble.report.figures.parts.style import Picture, finish
from ensemble.report.run import Run

SECTION, ORDER = "series", 10

MOST_PLACES = 2


def draw(run: Run) -> Iterator[Picture]:
    """Yield one figure per output with a time axis."""
    results = run.results
    for place in run.places(MOST_PLACES):
        for _, group in groupby(all_series(results, place), key=lambda line: line.name):
            shown = list(group)
            where = results.locations[place] if len(results.locations) > 1 else ""
            caption = f"{called(shown, where)}: mean and standard deviation over samples."
            caption = f"{caption} {run.left_out(MOST_PLACES)}".strip()
            yield finish(panels(shown, results.forcings, run.synthetic, Ruler("year")), caption)
