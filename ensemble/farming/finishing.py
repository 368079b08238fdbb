"""What is left to do when every block is committed; idempotent, whoever does it."""

from collections.abc import Mapping

import numpy as np

from ensemble.farming import certificates
from ensemble.members import across_forcings as across
from ensemble.members.limits import remedy
from ensemble.members.space import merging as adding
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.members.work import EnsembleWork
from ensemble.store.journal import Entry, Key
from ensemble.store.store import Store

MARK = "finalised"
"""File that says so, with the digest of what was finished."""


def is_finalised(store: Store) -> bool:
    """Return whether control members and statistics have been written."""
    return store.root.exists(MARK)


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


def finalise(store: Store, work: EnsembleWork, committed: Mapping[Key, Entry]) -> None:
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
    adding.finish(store, work.layout)
    certificates.remove(store.root)
    store.root.write(MARK, store.digest(committed).encode(), sync=True)
    # Independent workers look for the mark when these are gone.
    for folder in ("claims", "workers"):
        store.root.remove_folder(folder)
