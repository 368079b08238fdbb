"""Maps of modelled less observed values, of each benchmark of maps."""

from collections.abc import Iterator

import numpy as np

from ensemble.report.data.cells import evenly
from ensemble.report.data.evaluated import Evaluated, counted
from ensemble.report.data.fields import Places
from ensemble.report.figures import HELD
from ensemble.report.figures.parts.ground import draw_cells, empty_maps
from ensemble.report.figures.parts.style import Picture, finish, labelled, pretty, short
from ensemble.report.reported import Reported
from kernels import F8

OF, SECTION, ORDER = HELD, "fit", 30

MOST = 6
SHARE = 0.98
"""Part of the differences, by size, that colours are told apart for."""


def draw(run: Reported) -> Iterator[Picture]:
    """Yield a figure for each benchmark of maps, where locations have coordinates."""
    for one in run.against("map"):
        if one.has_values and all(model.places is not None for model in one.models):
            yield _figure(one, run.synthetic)


def _figure(one: Evaluated, synthetic: str) -> Picture:
    shown = [one.models[k] for k in evenly(range(len(one.models)), MOST)]
    fields, places = [], []
    for model in shown:
        assert model.places is not None
        at, values = model.cells, np.full(model.places.lat.shape, np.nan)
        values[model.place[at]] = model.values[at] - model.observed[at]
        fields.append(values)
        places.append(model.places)
    end = cut(np.concatenate(fields))
    across = min(2, len(shown))
    drawn, axes = empty_maps(-(-len(shown) // across), across, _together(places), synthetic)
    last = None
    for ax, model, where, values in zip(axes.flat, shown, places, fields, strict=False):
        last = draw_cells(ax, where, values, "RdBu_r", -end, end)
        ax.set_title(f"{short(model.label, 30)}: n {np.isfinite(values).sum():,}")
    for ax in axes.flat[len(shown) :]:
        # Its coastline, too.
        ax.set_visible(False)
    assert last is not None, "a figure of no maps"
    bar = drawn.colorbar(last, ax=axes, shrink=0.8, aspect=30, pad=0.015, extend="both")
    bar.set_label(labelled("modelled \N{MINUS SIGN} observed", one.units))
    bar.outline.set_visible(False)
    n = counted([len(model.cells) for model in one.models])
    caption = f"{one.name}: {one.spec.output} of {one.who} less {one.about['reference']}, {n}"
    caption += " cells, each drawn alike whatever its area. One scale for all maps, which ends at"
    caption += f" the 98th percentile of the sizes of differences, {end:.3g} {pretty(one.units)};"
    caption += " grey: no observed value."
    if len(shown) < len(one.models):
        caption += f" {len(shown)} of {len(one.models)}, evenly chosen."
    return finish(drawn, caption)


def _together(places: list[Places]) -> Places:
    """Return all locations, which maps of one size have room for."""
    lat, lon = (np.concatenate([getattr(one, n) for one in places]) for n in ("lat", "lon"))
    return Places(lat, lon, None)


def cut(differences: F8) -> float:
    """Return the end of a scale for differences: their 98th percentile by size."""
    sizes = np.abs(differences[np.isfinite(differences)])
    return float(np.quantile(sizes, SHARE)) or 1.0
