"""What dominates the variance at each location, as maps."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from ensemble.report.data.fields import Dominant, Places, all_dominant, all_leading, places_of
from ensemble.report.figures.parts.ground import GROUND, MOST_FIELDS, draw_cells, empty_maps
from ensemble.report.figures.parts.style import (
    GREY,
    PALE,
    SERIES,
    Picture,
    columns,
    finish,
    short,
)
from ensemble.report.run import Run

SECTION, ORDER = "space", 40


SPLIT = (
    "The factor, or interaction of factors, of the largest share of the variance over models, "
    "forcings and parameters at each location."
)
LEADING = (
    "The parameter of the largest first-order share of the variance at each location; none clear "
    "where it is not above a parameter that does nothing, or where the ranking is noise."
)


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
    shades = ListedColormap([looks.get(term, GREY) for term in count] or [GREY])
    for ax, target in zip(grid.flat, some, strict=False):
        place = np.array([*(list(count).index(t) if t in count else -1 for t in target.terms), -1])
        which = place[target.which].astype(np.float64)
        which[target.which < 0] = np.nan
        draw_cells(ax, places, which, shades, -0.5, max(1, len(count)) - 0.5)
        ax.set_title(short(f"{target.name}, {target.words}" if target.words else target.name, 48))
    for ax in list(grid.flat)[len(some) :]:
        ax.set_axis_off()
    total = max(1, sum(int((target.which >= 0).sum()) for target in some))
    handles = [
        Patch(color=looks.get(term, GREY), label=f"{short(term, 44)} ({n / total:.0%} of cells)")
        for term, n in count.items()
    ]
    if any((target.which < 0).any() for target in some):
        handles.append(Patch(facecolor=GROUND, edgecolor=PALE, label=without))
    width = float(drawn.get_figwidth())
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, width, 3))
    yield finish(drawn, caption)


def _count(shown: Sequence[Dominant]) -> dict[str, int]:
    """Return in how many cells each term dominates, the most first."""
    cells_of: dict[str, int] = {}
    for target in shown:
        for k, term in enumerate(target.terms):
            cells_of[term] = cells_of.get(term, 0) + int((target.which == k).sum())
    return dict(sorted(((t, n) for t, n in cells_of.items() if n), key=lambda pair: -pair[1]))
