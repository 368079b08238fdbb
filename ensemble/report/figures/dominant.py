"""What dominates the variance at each location, as maps."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.colors import ListedColormap, to_hex, to_rgb
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ensemble.report.data.fields import Dominant, Places, all_dominant, all_leading, places_of
from ensemble.report.figures.parts.ground import MOST_FIELDS, draw_cells, empty_maps
from ensemble.report.figures.parts.style import (
    DARK,
    PALE,
    SERIES,
    Picture,
    columns,
    finish,
    short,
    width_of,
)
from ensemble.report.run import Run
from kernels import F8

SECTION, ORDER = "space", 40


SPLIT = (
    "The factor, or interaction of factors, of the largest share of the variance over models, "
    "forcings and parameters at each location."
)
LEADING = (
    "The parameter of the largest first-order share of the variance at each location; none clear "
    "where it is not above a parameter that does nothing and its interval, or where the ranking is "
    "noise."
)
PALER = 0.65
"""How much of white is in a colour where intervals overlap."""


def draw(run: Run) -> Iterator[Picture]:
    """Yield maps where locations have coordinates: by split variance, and by given members."""
    if (places := places_of(run.results)) is not None:
        yield from dominant(list(all_dominant(run.results, run.split)), places, run.synthetic)
        leading = list(all_leading(run.results, run.analysis.arrays))
        yield from dominant(leading, places, run.synthetic, LEADING, "none clear")


def dominant(
    shown: Sequence[Dominant],
    places: Places,
    synthetic: str,
    caption: str = SPLIT,
    without: str = "no shares",
) -> Iterator[Picture]:
    """Yield one figure of what dominates the variance, a map for each output or response."""
    some = shown[:MOST_FIELDS]
    if not some:
        return
    across = min(2, len(some))
    down = -(-len(some) // across)
    drawn, grid = empty_maps(down, across, places, synthetic)
    count = _count(some)
    looks = {term: SERIES[k] for k, term in enumerate(count) if k < len(SERIES)}
    full = [looks.get(term, DARK) for term in count]
    shades = ListedColormap([*full, *map(paler, full), "white"])
    for ax, target in zip(grid.flat, some, strict=False):
        draw_cells(ax, places, shade(target, list(count)), shades, -0.5, shades.N - 0.5)
        ax.set_title(short(f"{target.name}, {target.words}" if target.words else target.name, 48))
    for ax in list(grid.flat)[len(some) :]:
        # Its coastline, too.
        ax.set_visible(False)
    total = max(1, sum(int((target.which >= 0).sum()) for target in some))
    handles = [
        Patch(color=looks.get(term, DARK), label=f"{short(term, 44)} ({n / total:.0%} of cells)")
        for term, n in count.items()
    ]
    if any((_known(target) & ~target.apart).any() for target in some):
        handles.append(Patch(color=paler(SERIES[0]), label="paler: not apart from the next"))
    if any((target.which < 0).any() for target in some):
        handles.append(Patch(facecolor="white", edgecolor=PALE, label=without))
    most = columns(handles, width_of(drawn), 3)
    drawn.legend(handles=handles, loc="outside lower center", ncols=most)
    yield finish(drawn, f"{caption} {_counted(some)}")


def paler(colour: str) -> str:
    """Return a colour with much white in it."""
    red, green, blue = ((1 - PALER) * part + PALER for part in to_rgb(colour))
    return to_hex((red, green, blue))


def _known(target: Dominant) -> NDArray[np.bool_]:
    """Return where something dominates of which intervals are known."""
    return np.asarray((target.which >= 0) & target.intervals)


def shade(target: Dominant, terms: Sequence[str]) -> F8:
    """Return which colour each location has: full, paler, or that of none."""
    every = [terms.index(t) if t in terms else -1 for t in target.terms]
    number = np.array([*every, -1])[target.which]
    number = number + len(terms) * (_known(target) & ~target.apart)
    return np.where(target.which < 0, 2 * len(terms), number).astype(np.float64)


def _counted(shown: Sequence[Dominant]) -> str:
    """Return in how many cells something dominates, and where its interval is apart."""
    parts = []
    for target in shown:
        clear, every = int((target.which >= 0).sum()), target.which.size
        text = f"{target.name}, {target.words}" if target.words else target.name
        text += f": {clear:,} of {every:,} cells"
        if target.intervals:
            text += f", in {int(target.apart.sum()):,} of them apart"
        parts.append(text)
    words = ""
    if any(target.intervals for target in shown):
        words = ", and apart where its interval is above those of all others"
    return f"It is known{words}: {'; '.join(parts)}."


def _count(shown: Sequence[Dominant]) -> dict[str, int]:
    """Return in how many cells each term dominates, the most first."""
    cells_of: dict[str, int] = {}
    for target in shown:
        for k, term in enumerate(target.terms):
            cells_of[term] = cells_of.get(term, 0) + int((target.which == k).sum())
    return dict(sorted(((t, n) for t, n in cells_of.items() if n), key=lambda pair: -pair[1]))
