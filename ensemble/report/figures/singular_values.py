"""How many directions of the parameters data determine: singular values at the best points."""

from collections.abc import Iterator

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ensemble.calibration.stored import WORK
from ensemble.report.calibrated import Calibrated
from ensemble.report.figures.parts.scales import in_decades
from ensemble.report.figures.parts.style import (
    BLUE,
    GREY,
    SERIES,
    Picture,
    columns,
    figure,
    finish,
    short,
)
from kernels import F8

OF, SECTION, ORDER = WORK, "determined", 20

MOST_LINES = 7
"""Groups with a line each; of more there are a median and a range."""

DASHES = (0, (4, 2))


def draw(run: Calibrated) -> Iterator[Picture]:
    """Yield one figure where the cost is a sum of squares."""
    if not run.squares:
        return
    values = run.found.of_searched("jacobian_sv")
    known = np.flatnonzero(np.isfinite(values).all(axis=1) & (values > 0).any(axis=1))
    if len(known):
        yield _drawn(run, values[known], [run.found.groups[g] for g in known.tolist()])


def _drawn(run: Calibrated, values: F8, names: list[str]) -> Picture:
    # Zeros have no place on a logarithmic axis.
    shown = np.where(values > 0, values, np.nan)
    order = np.arange(1, values.shape[1] + 1)
    drawn = figure(3.4, run.synthetic, width=6.5)
    axes = drawn.subplots()
    handles: list[Line2D | Patch] = []
    if len(names) <= MOST_LINES:
        for k, (name, line) in enumerate(zip(names, shown, strict=True)):
            axes.plot(order, line, "o-", color=SERIES[k], ms=4)
            handles.append(Line2D([], [], color=SERIES[k], marker="o", ms=4, label=short(name)))
    else:
        some = np.isfinite(shown).any(axis=0)
        low, middle, high = np.nanpercentile(shown[:, some], (0, 50, 100), axis=0)
        axes.fill_between(order[some], low, high, color=BLUE, alpha=0.25, linewidth=0)
        axes.plot(order[some], middle, "o-", color=BLUE, ms=4)
        handles.append(Line2D([], [], color=BLUE, marker="o", ms=4, label="median of groups"))
        handles.append(Patch(color=BLUE, alpha=0.25, label="least to greatest"))
    axes.axhline(1.0, color=GREY, linestyle=DASHES, linewidth=1.2)
    handles.append(Line2D([], [], color=GREY, ls=DASHES, label="one standard error"))
    in_decades(axes.yaxis)
    axes.set_xticks(order)
    axes.set_xlabel("direction of the parameters, the best determined first")
    axes.set_ylabel("singular value [standard errors]")
    axes.grid(True)
    drawn.legend(handles=handles, loc="outside lower center", ncols=columns(handles, 6.5, 4))
    caption = (
        "How far modelled values move along each direction of the parameters at the best point of "
        f"{'each group' if len(names) > 1 else 'the group'}, in standard errors across the whole "
        "range; below one the data do not tell."
    )
    if zeros := int((values <= 0).sum()):
        caption += f" {zeros:,} that move nothing at all are not drawn."
    return finish(drawn, caption)
