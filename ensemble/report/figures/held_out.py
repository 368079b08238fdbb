"""Observed against predicted of a cross-validation: a panel for each kind of folds.

Those that leave whole studies out come first: they say how places are predicted that nobody has
measured, which folds by chance do not (Ploton et al. 2020, 10.1038/s41467-020-18321-y).
"""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from ensemble.report.figures.parts import one_to_one
from ensemble.report.figures.parts.style import (
    BLUE,
    DARK,
    Picture,
    figure,
    finish,
    labelled,
    pretty,
)
from ensemble.report.run import Run
from ensemble.tables.validation import (
    BY_CHANCE,
    HELD_OUT,
    OBSERVED,
    SCORES,
    counts_of,
    in_order,
    is_validation,
    kinds_of,
    over_members,
    pooled_scores,
)
from kernels import F8

SECTION, ORDER = "fit", 21

MOST_FORCINGS = 4


def draw(run: Run) -> Iterator[Picture]:
    """Yield one figure for each forcing of a finished cross-validation."""
    results = run.results
    if not results.complete or not is_validation(results):
        return
    held, observed = results.whole(HELD_OUT), results.whole(OBSERVED)
    for f, forcing in enumerate(results.forcings[:MOST_FORCINGS]):
        if np.isfinite(held[f]).any():
            yield _figure(run, held[f], observed[f], forcing if len(results.forcings) > 1 else "")


def _figure(run: Run, held: F8, observed: F8, forcing: str) -> Picture:
    """Draw predictions held (l, kinds, s) beside what was observed, (l, s)."""
    kinds = kinds_of(run.results)
    order = [k for k, _ in in_order(kinds)]
    units = str(run.store.specs[HELD_OUT].attrs["units"])
    n, scores = pooled_scores(held, observed)
    drawn = figure(3.6, run.synthetic)
    grid = drawn.subplots(1, len(kinds), squeeze=False, sharex=True, sharey=True)
    first = int(np.isfinite(held).any(axis=(0, 1)).argmax())
    shown = np.concatenate([held[..., first].ravel(), observed[:, first]])
    ends = one_to_one.around(shown[np.isfinite(shown)])
    for ax, k in zip(grid.flat, order, strict=True):
        _panel(ax, observed[:, first], held[:, k, first], ends)
        ax.set_xlabel(labelled("observed", units))
        told = {name: over_members(values[k], SCORES[name]) for name, values in scores.items()}
        ax.set_title(f"{kinds[k]} folds\n{_in_words(told, n[k], units)}")
    grid[0, 0].set_ylabel(labelled("predicted", units))
    return finish(drawn, _caption(run, kinds, held.shape[-1], forcing))


def _panel(ax: Axes, observed: F8, predicted: F8, ends: tuple[float, float]) -> None:
    known = np.isfinite(observed) & np.isfinite(predicted)
    ax.scatter(
        observed[known], predicted[known], c=BLUE, s=9, edgecolors=DARK, alpha=0.35,
        linewidths=0.2, zorder=3,
    )  # fmt: skip
    one_to_one.equals(ax, ends)
    ax.set_xlim(*ends)
    ax.set_ylim(*ends)
    ax.set_aspect("equal")
    ax.grid(True)


def _in_words(told: dict[str, str], n: F8, units: str) -> str:
    """Return the scores of a panel on four lines."""
    lines = (
        f"NSE {told['nse']}",
        f"r\N{SUPERSCRIPT TWO} {told['r2']}",
        f"RMSE {told['rmse']} {pretty(units)}",
        f"n {counts_of(n)}, {n.size:,} member{'s' * (n.size > 1)}",
    )
    return "\n".join(lines).replace("+-", "\N{PLUS-MINUS SIGN}")


def _caption(run: Run, kinds: list[str], members: int, forcing: str) -> str:
    meaning = run.store.specs[OBSERVED].attrs["long_name"]
    under = f" under {forcing}" if forcing else ""
    caption = (
        f"Observed against predicted without the fold of the record: {meaning}{under}. Dashed: 1:1."
    )
    if members > 1:
        caption += (
            f" Points are of the first of {members:,} members that has any; scores are over all "
            "records of a member, as mean \N{PLUS-MINUS SIGN} standard deviation over members."
        )
    if BY_CHANCE in kinds:
        caption += (
            f" Where {BY_CHANCE} folds look better, it is because records of the same place and "
            "study stand on both sides: a map asks for folds that keep them together."
        )
    return caption
