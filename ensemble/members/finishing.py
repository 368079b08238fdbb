"""What an ensemble ends with: control members and statistics, from the sums of its blocks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError
from ensemble.members import across_forcings as across
from ensemble.members.limits import remedy
from ensemble.members.space import merging
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.journal import Key
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
        merged = [merged_sums(store, work, (f, place, 0), samples) for f in forcings]
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
        if not path.startswith("statistics/") or not isinstance(whole, int):
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


def merged_sums(
    store: Store, work: "EnsembleWork", key: Key, samples: Sequence[int]
) -> dict[str, NDArray[Any]]:
    """Return what is known of one forcing and some locations; see `EnsembleWork.merge`.

    Raises
    ------
    PlanError
        Sums of its blocks are gone, or not those that this scenario's blocks have.
    """
    try:
        found = work.merge(key, (store.read_partials((*key[:2], s)) for s in samples))
    except PlanError:
        raise
    except (LookupError, TypeError, ValueError) as error:
        raise _not_sums(store, key, error) from error
    for path, values in found.items():
        spec = store.specs[path]
        depth = work.grid.axes[1].span(key[1])
        needed = (1, depth.stop - depth.start, *spec.shape[2:])
        if values.shape != needed:
            raise _not_sums(store, key, f"{path} has the shape {values.shape}; needed {needed}")
    return found


def _not_sums(store: Store, key: Key, why: object) -> PlanError:
    return PlanError(
        f"{store.path}: the sums of the blocks {[*key[:2], 's']} are not those of its scenario "
        f"({why}); run `soilsweep verify {store.path} --repair`"
    )
