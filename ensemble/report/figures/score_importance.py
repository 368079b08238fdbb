"""Which parameter decides the fit: indices of scores over all locations, model by model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from ensemble.analysis import noise
from ensemble.analysis.given_data import DUMMY
from ensemble.report.figures.parts.style import (
    DARK,
    SERIES,
    WIDTH,
    Picture,
    figure,
    finish,
    labelled,
    short,
)
from ensemble.report.run import Run
from ensemble.tables.responses import of_response
from kernels import F8

SECTION, ORDER = "fit", 60

INDICES = {
    "ST": "total Sobol index, the share of variance that a parameter is part of",
    "mu_star": "mean absolute elementary effect",
    "S1": "first-order index, the share of variance that is due to a parameter alone",
}
"""Which are drawn, the first that there is."""

MOST_SCORES, MOST_EFFECTS = 6, 12


@dataclass(frozen=True)
class Important:
    """An index of a score: values (label, effect), NaN where the ranking is noise."""

    name: str
    index: str
    units: str
    labels: tuple[str, ...]
    effects: tuple[str, ...]
    values: F8
    half: F8
    noise: int


def draw(run: Run) -> Iterator[Picture | str]:
    """Yield a figure of the scores that have indices."""
    found = [one for name in _names(run) if (one := _important(run, name))]
    shown = [one for one in found if np.isfinite(one.values).any()]
    for index in dict.fromkeys(one.index for one in shown):
        mine = [one for one in shown if one.index == index]
        yield _figure(run, mine[:MOST_SCORES])
        if len(mine) > MOST_SCORES:
            yield f"Importance of {MOST_SCORES} of {len(mine)} scores is drawn; tables have all."
    for one in found:
        if one not in shown:
            why = "its ranking is noise, or nothing moves it"
            yield f"Importance for {one.name} is not drawn: {why}."


def _names(run: Run) -> list[str]:
    specs = (spec for spec, _ in run.of_scores.values())
    return list(
        dict.fromkeys(
            str(spec.attrs["response"])
            for spec in specs
            if "response" in spec.attrs and spec.dims[1:2] != ("location",)
        )
    )


def _important(run: Run, name: str) -> Important | None:
    arrays = of_response(run.of_scores, name)
    index = next((index for index in INDICES if index in arrays), "")
    if not index:
        return None
    spec = run.of_scores[f"sensitivity/{name}_{index}"][0]
    effects = tuple(map(str, run.of_scores["sensitivity/effect"][1]))
    places = tuple(map(str, run.of_scores[f"sensitivity/{spec.dims[1]}"][1]))
    values = np.asarray(arrays[index], np.float64)
    half = np.asarray(arrays.get(f"{index}_conf", np.full(values.shape, np.nan)), np.float64)
    held = noise.is_noise(noise.codes_of(arrays, index)) if index in noise.RANKINGS else None
    if held is not None:
        values = np.where(held[..., None], np.nan, values)
    several = len(run.results.forcings) > 1
    labels = tuple(
        f"{place}, {forcing}" if several and len(places) > 1 else forcing if several else place
        for forcing in run.results.forcings
        for place in places
    )
    flat, wide = (a.reshape(len(labels), len(effects)) for a in (values, half))
    count = 0 if held is None else int(held.sum())
    units = str(spec.attrs.get("units", "1"))
    return Important(name, index, units, labels, effects, flat, wide, count)


def _figure(run: Run, shown: Sequence[Important]) -> Picture:
    across = min(3, len(shown))
    down = -(-len(shown) // across)
    rows = min(MOST_EFFECTS, len(shown[0].effects))
    labels = max((one.labels for one in shown), key=len)
    height = down * (0.6 + rows * (0.14 + 0.09 * len(labels))) + 0.5
    drawn = figure(height, run.synthetic, width=WIDTH if across > 1 else 6.0)
    grid = drawn.subplots(down, across, squeeze=False)
    for axes, one in zip(grid.flat, shown, strict=False):
        _panel(axes, one)
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    handles, names = max(
        (axes.get_legend_handles_labels() for axes in grid.flat), key=lambda pair: len(pair[1])
    )
    if len(names) > 1:
        drawn.legend(handles, names, loc="outside lower center", ncols=min(4, len(names)))
    return finish(drawn, _caption(run, shown))


def _panel(axes: Axes, one: Important) -> None:
    size = np.nanmax(np.where(np.isfinite(one.values), one.values, -np.inf), axis=0)
    order = np.argsort(-size, kind="stable")[:MOST_EFFECTS]
    thick = 0.8 / len(one.labels)
    for k, label in enumerate(one.labels):
        y = np.arange(len(order)) - 0.4 + (k + 0.5) * thick
        values, half = one.values[k, order], one.half[k, order]
        known = np.isfinite(values)
        below = np.minimum(np.nan_to_num(half), np.maximum(np.nan_to_num(values), 0.0))
        axes.barh(
            y[known], values[known], height=0.92 * thick, color=SERIES[k % len(SERIES)],
            label=short(label, 30), xerr=np.stack([below, np.nan_to_num(half)])[:, known],
            error_kw={"ecolor": DARK, "elinewidth": 0.9, "capsize": 1.5},
        )  # fmt: skip
    axes.set_yticks(range(len(order)), [short(one.effects[k], 22) for k in order.tolist()])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(left=0.0)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_title(short(one.name, 34))
    word = {"mu_star": "\N{GREEK SMALL LETTER MU}*"}.get(one.index, one.index)
    axes.set_xlabel(labelled(word, one.units))


def _caption(run: Run, shown: Sequence[Important]) -> str:
    caption = (
        "Which parameter decides the fit, over all locations together: "
        f"{INDICES[shown[0].index]}, of scores, largest first; a bar each of "
        f"{', '.join(shown[0].labels[:6])}. "
    )
    if any(np.isfinite(one.half).any() for one in shown):
        caption += "Whiskers: 95 % by bootstrap; none below zero. "
    if DUMMY in shown[0].effects:
        caption += f"{DUMMY}: a column that nothing reads; what is not above it is nothing. "
    held = [f"{one.name} {one.noise}" for one in shown if one.noise]
    if held:
        caption += f"Bars left out, as their ranking is noise: {', '.join(held)}."
    return caption.strip()
