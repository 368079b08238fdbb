"""What an ensemble ends with: control members and statistics, from the sums of its blocks."""

from typing import TYPE_CHECKING

import numpy as np

from ensemble.members import across_forcings as across
from ensemble.members.limits import remedy
from ensemble.members.space import merging
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.store import Store

if TYPE_CHECKING:
    from ensemble.members.work import EnsembleWork


def finish(store: Store, work: "EnsembleWork") -> None:
    """Write control members and statistics from the blocks' sums; idempotent.

    Blocks write their members themselves. What is left is small, and as one file per block
    it is written and made durable once, not once per array.
    """
    forcings, locations, samples = (range(axis.blocks) for axis in work.grid.axes)
    for place in locations:
        merged = [
            work.merge((f, place, 0), (store.read_partials((f, place, s)) for s in samples))
            for f in forcings
        ]
        finished = {path: np.concatenate([m[path] for m in merged]) for path in merged[0]}
        finished.update(across.compute(work.layout, finished))
        for path, values in finished.items():
            store.write_chunk(path, work.grid.index((0, place, 0), store.specs[path]), values)
    merging.finish(store, work.layout)


def lost_units(store: Store) -> list[str]:
    """Return what a finished run should say of indices that lost members have cost."""
    found = []
    for path, spec in store.specs.items():
        whole = spec.attrs.get("whole")
        if not path.startswith("statistics/") or whole is None:
            continue
        left = store.read_whole(path)
        lost = int((left < (1 - REFUSE_ABOVE) * whole).sum())
        if lost:
            found.append(
                f"{path.removesuffix('_effective')}: {lost:,} of {left.size:,} rows have no "
                f"indices: more than {REFUSE_ABOVE:.0%} of the {whole:,} trajectories or Saltelli "
                f"rows lost a member (the worst kept {left.min():,.0f}); {remedy(store)}"
            )
    return found
