"""Maps of modelled less observed values of the control members, of each benchmark of maps."""

from collections.abc import Iterator

import numpy as np

from ensemble.report.data.cells import evenly
from ensemble.report.data.fields import Places, places_of
from ensemble.report.data.held_against import Held, held_against
from ensemble.report.figures.parts.coastlines import draw_coastlines
from ensemble.report.figures.parts.ground import draw_cells, empty_maps
from ensemble.report.figures.parts.style import Picture, finish, labelled, short
from ensemble.report.run import Run
from kernels import F8

SECTION, ORDER = "fit", 30

MOST = 6
SHARE = 0.98
"""Part of the differences, by size, that colours are told apart for."""


def draw(run: Run) -> Iterator[Picture]:
    """Yield a figure for each benchmark of maps, where locations have coordinates."""
    places = places_of(run.results)
    if places is not None:
        for held in held_against(run.results, "map"):
            yield _figure(held, places, run.synthetic)


def _figure(held: Held, places: Places, synthetic: str) -> Picture:
    at = held.cells
    shown = evenly(range(len(held.labels)), MOST)
    fields = []
    for k in shown:
        values: F8 = np.full(places.lat.shape, np.nan)
        values[held.place[at]] = held.modelled[k, at] - held.observed[at]
        fields.append(values)
    end = cut(np.concatenate(fields))
    across = min(2, len(shown))
    drawn, axes = empty_maps(-(-len(shown) // across), across, places, synthetic)
    last = None
    for ax, k, values in zip(axes.flat, shown, fields, strict=False):
        last = draw_cells(ax, places, values, "RdBu_r", -end, end)
        draw_coastlines(ax)
        ax.set_title(short(held.labels[k], 40))
    for ax in axes.flat[len(shown) :]:
        ax.set_axis_off()
    assert last is not None, "a figure of no maps"
    bar = drawn.colorbar(last, ax=axes, shrink=0.8, aspect=30, pad=0.015, extend="both")
    bar.set_label(labelled("modelled \N{MINUS SIGN} observed", held.units))
    bar.outline.set_visible(False)
    caption = f"{held.name}: control member less {held.about['reference']}, {len(at)} cells."
    caption += " One scale for all maps, which ends at the 98th percentile of the"
    caption += f" sizes of differences, {end:.3g} {held.units}; grey: no observed value."
    if len(shown) < len(held.labels):
        caption += f" {len(shown)} of {len(held.labels)}, evenly chosen."
    return finish(drawn, caption)


def cut(differences: F8) -> float:
    """Return the end of a scale for differences: their 98th percentile by size."""
    sizes = np.abs(differences[np.isfinite(differences)])
    return float(np.quantile(sizes, SHARE)) or 1.0
