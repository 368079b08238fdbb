"""Climatologies of outputs: months, seasons or days of the year, a panel per forcing."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from ensemble.report.data.series import Series, all_series
from ensemble.report.figures.parts.panels import Ruler, called, panels
from ensemble.report.figures.parts.style import Picture, finish
from ensemble.report.run import Run
from ensemble.tables.times import parts_along

SECTION, ORDER = "series", 20

MOST_PLACES = 2

MONTHS = "JFMAMJJASOND"

QUARTERS = {1: "1 Jan", 91: "1 Apr", 182: "1 Jul", 274: "1 Oct", 365: "31 Dec"}
"""Days of a year of 365 days that are named below the others."""


def draw(run: Run) -> Iterator[Picture]:
    """Yield one figure per output reduced to months, seasons or days of the year."""
    results = run.results
    for place in run.places(MOST_PLACES):
        every = all_series(results, place, parts_along)
        for name, group in groupby(every, key=lambda line: line.name):
            shown = list(group)
            where = results.locations[place] if len(results.locations) > 1 else ""
            caption = f"{called(shown, where)}: mean and standard deviation over {_members(shown)}."
            if left := results.store.specs[name].attrs.get("left_out"):
                caption += f" Left out, {left}."
            caption = f"{caption} {run.left_out(MOST_PLACES)}".strip()
            yield finish(
                panels(_numbered(shown), results.forcings, run.synthetic, _ruler(shown[0])), caption
            )


def _ruler(line: Series) -> Ruler:
    """Return what stands below the parts of a year."""
    count = len(line.years)
    if line.years.dtype.kind not in "iu":
        return Ruler("season", tuple(range(count)), tuple(map(str, line.years)))
    if count == len(MONTHS):
        return Ruler("month", tuple(range(1, count + 1)), tuple(MONTHS))
    return Ruler("day of the year", tuple(QUARTERS), tuple(QUARTERS.values()))


def _numbered(shown: Sequence[Series]) -> list[Series]:
    """Return lines whose parts of the year are numbers."""
    if shown[0].years.dtype.kind in "iu":
        return list(shown)
    return [line.along(np.arange(len(line.years))) for line in shown]


def _members(shown: Sequence[Series]) -> str:
    """Return how many members a forcing has, in words."""
    every = [line.members for line in shown if line.members is not None]
    counts = np.concatenate([np.empty(0), *every])
    if not (counts := counts[counts > 0]).size:
        return "samples"
    low, high = int(counts.min()), int(counts.max())
    ran = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{ran} members of each forcing" if high != 1 else "the one member of each forcing"
