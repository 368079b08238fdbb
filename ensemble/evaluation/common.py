"""What all models have: cells of maps, and records of sites."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ensemble.members.evaluation.others import Against, Other
from scenarios.benchmarks import BenchmarkSpec
from scenarios.observations import GridMap, GridMaps, SiteRecords

MAPS = (GridMap, GridMaps)


@dataclass(frozen=True)
class Common:
    """What is compared of every model.

    Attributes
    ----------
    models : mapping of str to Other
    observed : observations
    """

    models: Mapping[str, Other]
    observed: Any


def common(
    spec: BenchmarkSpec, observed: Any, models: Mapping[str, Other], found: Mapping[str, Against]
) -> Common | str | None:
    """Return what all models have of what each is compared with; None where that is all.

    Words where there is nothing, as on grids of their own. Bands of latitude, totals and turnover
    times are of each model's own land: there is nothing in common to be looked for.
    """
    if len(found) < 2:
        return None
    if isinstance(observed, SiteRecords):
        lines = [{*one.prepared.arrays["record_line"].tolist()} for one in found.values()]
        shared = set.intersection(*lines)
        if all(shared == some for some in lines):
            return None
        if not shared:
            return "no record has a value of every model, so that each is compared on its own"
        return Common(models, observed.some(np.isin(observed.line, sorted(shared))))
    if not isinstance(observed, MAPS) or spec.compare != "map":
        return None
    cells = {}
    for name, one in found.items():
        every = models[name].cells
        at = np.unique(next(iter(one.prepared.pairs.values())).place)
        cells[name] = {every[k] for k in at.tolist()}
    whole = set.intersection(*cells.values())
    if all(whole == some for some in cells.values()):
        return None
    if len(whole) < 2:
        return "models are on grids of their own, each compared on its cells: say grid: MODEL"
    kept = {n: np.array([cell in whole for cell in models[n].cells]) for n in found}
    return Common({n: models[n].some(kept[n]) for n in found}, observed)
