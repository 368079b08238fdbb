"""Maps: a panel per model and forcing, and their differences."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.collections import PathCollection, QuadMesh

from ensemble.report.data.cells import evenly
from ensemble.report.data.fields import Field, Places, all_fields, places_of
from ensemble.report.figures.parts.ground import (
    MOST_FIELDS,
    draw_cells,
    empty_maps,
    ends_in_words,
    limits,
)
from ensemble.report.figures.parts.style import (
    Picture,
    finish,
    labelled,
    short,
    wrapped,
)
from ensemble.report.run import Run
from kernels import F8, MODEL

SECTION, ORDER = "space", 30

MOST_MODELS, MOST_FORCINGS = 6, 4
"""Rows and columns of a figure of maps."""


def draw(run: Run) -> Iterator[Picture]:
    """Yield maps of every field where locations have coordinates."""
    if (places := places_of(run.results)) is not None:
        fields = list(all_fields(run.results))
        yield from maps(fields, places, run.results.forcings, run.synthetic)


def maps(shown: Sequence[Field], places: Places, forcings: Sequence[str], synthetic: str
         ) -> Iterator[Picture]:  # fmt: skip
    """Yield the map of each field, and maps of differences between forcings and models."""
    for field in shown[:MOST_FIELDS]:
        yield _panels(field, places, forcings, synthetic)
        if len(forcings) > 1:
            yield _between_forcings(field, places, forcings, synthetic)
        if len(field.models) > 1:
            yield _between_models(field, places, forcings, synthetic)


def _panels(field: Field, places: Places, forcings: Sequence[str], synthetic: str) -> Picture:
    rows = evenly(range(len(field.models)), MOST_MODELS)
    across = evenly(range(len(forcings)), MOST_FORCINGS)
    grid = [[(field.values[m, f], _title(field.models[m], forcings[f])) for f in across]
            for m in rows]  # fmt: skip
    caption = f"{_upper(field.meaning)}: {field.words}"
    caption += f", by {_along(field)} and forcing." if len(field.models) > 1 else ", by forcing."
    if len(rows) < len(field.models) or len(across) < len(forcings):
        caption += " Some of them, evenly chosen; the store holds all."
    return _figure(grid, places, (field.name, field.units), synthetic, caption, False)


def _between_forcings(
    field: Field, places: Places, forcings: Sequence[str], synthetic: str
) -> Picture:
    rows = evenly(range(len(field.models)), MOST_MODELS)
    others = evenly(range(1, len(forcings)), MOST_FORCINGS)
    grid = [
        [
            (field.common[m, f] - field.common[m, 0], _title(field.models[m], forcings[f]))
            for f in others
        ]
        for m in rows
    ]
    name = short(forcings[0], 40)
    caption = f"{_upper(field.meaning)}: {field.words}, each forcing less {name}"
    caption += ", of the samples that ran under all." if field.paired else "."
    words = f"{field.name} \N{MINUS SIGN} that of {name}"
    return _figure(grid, places, (words, field.units), synthetic, caption, True)


def _between_models(
    field: Field, places: Places, forcings: Sequence[str], synthetic: str
) -> Picture:
    others = evenly(range(1, len(field.models)), MOST_MODELS)
    across = evenly(range(len(forcings)), MOST_FORCINGS)
    grid = [
        [
            (field.values[m, f] - field.values[0, f], _title(field.models[m], forcings[f]))
            for f in across
        ]
        for m in others
    ]
    name = short(field.models[0], 40)
    caption = f"{_upper(field.meaning)}: {field.words}, each {field.along} less {name}."
    words = f"{field.name} \N{MINUS SIGN} that of {name}"
    return _figure(grid, places, (words, field.units), synthetic, caption, True)


def _along(field: Field) -> str:
    """Return along what models, kernels or options stand, in words."""
    return "soil model" if field.along == MODEL else field.along


def _title(model: str, forcing: str) -> str:
    return ", ".join(short(part, 26) for part in (model, forcing) if part)


def _upper(text: str) -> str:
    """Return text as a sentence begins, but for a name of the run's own."""
    if "_" in text.split(" ")[0]:
        return text
    return f"{text[:1].upper()}{text[1:]}"


def _figure(
    grid: Sequence[Sequence[tuple[F8, str]]],
    places: Places,
    label: tuple[str, str],
    synthetic: str,
    caption: str,
    signed: bool,
) -> Picture:
    """Draw rows of maps with one scale of colours."""
    drawn, axes = empty_maps(len(grid), len(grid[0]), places, synthetic)
    every = np.concatenate([values for row in grid for values, _ in row])
    low, high, beyond = limits(every, signed)
    shades = "RdBu_r" if signed else "viridis"
    last: QuadMesh | PathCollection | None = None
    for ax_row, row in zip(axes, grid, strict=True):
        for ax, (values, title) in zip(ax_row, row, strict=True):
            last = draw_cells(ax, places, values, shades, low, high)
            ax.set_title(title)
    assert last is not None, "a figure of no maps"
    bar = drawn.colorbar(last, ax=axes, shrink=0.8, aspect=30, pad=0.015, extend=beyond)
    words, units = label
    one_line = labelled(words, units)
    room = 12 + 18 * len(grid)
    if len(one_line) > room:
        one_line = f"{wrapped(words, room)}\n{labelled('', units).strip()}".strip()
    bar.set_label(one_line)
    bar.outline.set_visible(False)
    return finish(drawn, caption + ends_in_words((low, high), beyond))
