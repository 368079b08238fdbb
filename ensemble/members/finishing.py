"""What the sums of blocks say: control members, statistics, groups of rows that were lost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError
from ensemble.members import begun_histograms, limits, undefined
from ensemble.members.layout import Layout
from ensemble.members.limits import remedy
from ensemble.members.statistics import REFUSE_ABOVE, Partial, Reduction
from ensemble.store.journal import Key
from ensemble.store.store import Store


def lost_groups(store: Store) -> list[str]:
    """Return what a finished run should say of indices that lost members have cost."""
    texts = []
    for path, spec in store.specs.items():
        whole = spec.attrs.get("whole")
        if not path.startswith("statistics/") or not isinstance(whole, int):
            continue
        left = store.read_whole(path)
        lost = int((left < (1 - REFUSE_ABOVE) * whole).sum())
        if lost:
            texts.append(
                f"{path.removesuffix('_effective')}: {lost:,} of {left.size:,} rows have no "
                f"indices: more than {REFUSE_ABOVE:.0%} of the {whole:,} trajectories or Saltelli "
                f"rows lost a member (the worst kept {left.min():,.0f}); {remedy(store)}"
            )
    return texts


def merged_sums(
    store: Store, layout: Layout, key: Key, samples: Sequence[int]
) -> dict[str, NDArray[Any]]:
    """Return what is known of one forcing and some locations; see `merge`.

    Raises
    ------
    PlanError
        Sums of its blocks are gone, or not those that this scenario's blocks have.
    """
    try:
        merged = merge(layout, key, (store.read_partials((*key[:2], s)) for s in samples))
    except PlanError:
        raise
    except (LookupError, TypeError, ValueError) as error:
        raise _not_sums(store, key, error) from error
    for path in merged:
        spec = store.specs[path]
        values = merged[path] = begun_histograms.as_stored(merged[path], spec)
        depth = layout.grid.axes[1].span(key[1])
        needed = (1, depth.stop - depth.start, *spec.shape[2:])
        if values.shape != needed:
            raise _not_sums(store, key, f"{path} has the shape {values.shape}; needed {needed}")
    return merged


def _not_sums(store: Store, key: Key, why: object) -> PlanError:
    return PlanError(
        f"{store.path}: the sums of the blocks {[*key[:2], 's']} are not those of its scenario "
        f"({why}); run `soilsweep verify {store.path} --repair`"
    )


def merge(
    layout: Layout, key: Key, partials: Iterable[Mapping[str, NDArray[Any]]]
) -> dict[str, Any]:
    """Return what is known of one forcing and some locations once all its blocks are.

    Parameters
    ----------
    layout : Layout
    key : tuple of int
        Any block of theirs.
    partials : iterable of mappings
        In block order.
    """
    locations = layout.grid.axes[1].span(key[1])
    reductions = layout.reductions(key[0])
    total: dict[str, NDArray[Any]] = {}
    summed: dict[str, Partial] = {}
    for partial in partials:
        mine = _by_reduction(partial)
        for name, reduction in reductions.items():
            some = mine.get(name, {})
            summed[name] = reduction.merge(summed[name], some) if summed.get(name) else some
        limits.merge(total, partial)
        undefined.merge(total, partial)
        total["count"] = total.get("count", np.uint64(0)) + partial["count"]
        total.update({k: v for k, v in partial.items() if k.startswith("control/")})
    return _finished(layout, reductions, summed, total, locations)


def _by_reduction(partial: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, NDArray[Any]]]:
    """Return sums by ``target/family`` and field; a look for each reduction would cost more."""
    fields: dict[str, dict[str, NDArray[Any]]] = {}
    for path, values in partial.items():
        if path.count("/") > 1:
            target, family, field = path.split("/", 2)
            fields.setdefault(f"{target}/{family}", {})[field] = values
    return fields


def _finished(
    layout: Layout,
    reductions: Mapping[str, Reduction],
    summed: Mapping[str, Partial],
    total: Mapping[str, NDArray[Any]],
    locations: slice,
) -> dict[str, NDArray[Any]]:
    """Return the control members and finished statistics (1, L, *dims, *extra) by path."""
    depth = locations.stop - locations.start
    arrays = {path: v for path, v in total.items() if path.startswith("control/")}
    arrays.update(limits.finished(layout, total))
    arrays.update(undefined.finished(total))
    if reductions:
        arrays["statistics/count"] = total["count"][None]
    for name, reduction in reductions.items():
        target = name.partition("/")[0]
        dims = layout.target_shape(target)
        for request, values in reduction.finish(summed[name]).items():
            shape = (1, depth, *dims, *values.shape[1:])
            arrays[f"statistics/{target}_{request}"] = values.reshape(shape)
    return arrays
