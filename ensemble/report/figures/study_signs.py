"""Where studies are that a model is over, under and well at."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ensemble.report.data.evaluated import Evaluated, Model
from ensemble.report.data.fields import Places
from ensemble.report.figures import HELD
from ensemble.report.figures.parts.ground import empty_maps
from ensemble.report.figures.parts.style import BLUE, DARK, RED, Picture, finish, short
from ensemble.report.reported import Reported
from ensemble.scores.seasons import means
from ensemble.scores.signed_ranks import LEVEL
from kernels import F8

OF, SECTION, ORDER = HELD, "fit", 46

MOST = 4

SIGNS: dict[str, dict[str, Any]] = {
    "over": {"marker": "^", "color": RED, "s": 18},
    "under": {"marker": "v", "color": BLUE, "s": 18},
    "well": {"marker": "o", "facecolor": "none", "edgecolor": DARK, "s": 12},
}


def draw(run: Reported) -> Iterator[Picture]:
    """Yield a figure for each benchmark of sites whose studies are tested."""
    for one in run.against("sites"):
        shown = [model for model in one.models if {*SIGNS} <= {*model.scores} and model.tables]
        if shown:
            yield _drawn(one, shown[:MOST], len(shown) - MOST, run.synthetic)


def _drawn(one: Evaluated, shown: list[Model], left: int, synthetic: str) -> Picture:
    where = [_middles(model) for model in shown]
    every = np.concatenate(where, axis=1)
    across = min(2, len(shown))
    places = Places(every[0], every[1], None)
    drawn, axes = empty_maps(-(-len(shown) // across), across, places, synthetic)
    for ax, model, (lat, lon) in zip(axes.flat, shown, where, strict=False):
        ax.set_facecolor("white")
        classes = model.tables["studies"].columns["study_class"]
        counts = {word: int((classes == word).sum()) for word in SIGNS}
        for word, look in SIGNS.items():
            here = classes == word
            ax.scatter(lon[here], lat[here], label=word, linewidths=0.7, zorder=4, **look)
        told = " / ".join(f"{n} {word}" for word, n in counts.items())
        ax.set_title(f"{short(model.label, 30)}: {told}")
    for ax in axes.flat[len(shown) :]:
        # Its coastline, too.
        ax.set_visible(False)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    caption = f"{one.name}: where the studies lie at which {one.spec.output} is modelled over or"
    caption += " under the records (two-sided Wilcoxon test of a study's pairs, p at most"
    caption += f" {LEVEL:g}), or neither is shown; at the mean of their records. Studies with too"
    caption += f" few pairs are left out. Against {one.reference}."
    return finish(drawn, caption + (f" Without {left} others." if left > 0 else ""))


def _middles(model: Model) -> F8:
    """Return the mean latitude and longitude of each study's records, (2, studies)."""
    known = model.arrays
    records = np.stack([known["record_lat"], known["record_lon"]], axis=1)
    study = known["group_study"][model.group]
    return np.asarray(means(records, study, len(known["study"])).mean.T)
