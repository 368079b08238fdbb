"""Statistics of scores over samples: of all of them, as a score is one number of a sample."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.evaluation.asked import STATISTICS, Evaluated, Scored
from ensemble.members.of_samples import over_samples
from ensemble.members.statistics import (
    Declared,
    GroupsReduction,
    Reduction,
    Target,
    canonical,
    reductions,
)
from ensemble.store.arrays import ArraySpec
from kernels import F8

if TYPE_CHECKING:
    from ensemble.members.experiment import Sampler
    from ensemble.members.layout import Layout


def requests_of(asked: Evaluated, name: str) -> tuple[str, ...]:
    """Return the statistics of a score in canonical form, each once."""
    return tuple(dict.fromkeys(canonical(request)[1] for request in asked.statistics[name]))


def arrays(layout: "Layout") -> Iterator[ArraySpec]:
    """Yield the statistics of scores, (forcing, *dims, *effects)."""
    asked = layout.evaluation
    for name in asked.statistics:
        scored, _ = asked.by_name[name]
        lead = {"forcing": layout.shape[0], **dict(zip(scored.dims, scored.shape, strict=True))}
        for request, declared in _declared(layout, name, scored).items():
            dims = {**lead, **dict(declared.extra)}
            attrs = {"long_name": f"{request} of {scored.meaning}", **declared.attrs}
            fill = 0 if declared.dtype.startswith("uint") else float("nan")
            shape = tuple(dims.values())
            path = f"{STATISTICS}/{name}_{request}"
            yield ArraySpec(path, declared.dtype, tuple(dims), shape, shape, fill, attrs)


def labels(layout: "Layout") -> dict[str, tuple[str, ...]]:
    """Return the names along dimensions of statistics of scores, by dimension."""
    found: dict[str, tuple[str, ...]] = {}
    for name in layout.evaluation.statistics:
        scored, _ = layout.evaluation.by_name[name]
        for declared in _declared(layout, name, scored).values():
            found |= declared.labels
    return found


def _declared(layout: "Layout", name: str, scored: Scored) -> dict[str, Declared]:
    every = _reductions(layout, name, scored, 0)
    made = {n: d for one in every.values() for n, d in one.declare().items()}
    # A histogram is made of quantiles elsewhere; here they are of all samples themselves.
    wanted = requests_of(layout.evaluation, name)
    of_groups = {n for r in every.values() if isinstance(r, GroupsReduction) for n in r.declare()}
    return {n: d for n, d in made.items() if n in wanted or n in of_groups}


def _reductions(
    layout: "Layout", name: str, scored: Scored, forcing: int, rows: int = 1
) -> dict[str, Reduction]:
    edges = np.tile([0.0, 1.0], (rows, 1))
    design = partial(_design, layout.sampler, forcing)
    target = Target(name, scored.units, scored.meaning, 1, edges, design=design)
    return reductions(layout.evaluation.statistics[name], target)


def _design(sampler: "Sampler", forcing: int, location: int) -> Any:
    return sampler.design(forcing, 0)


def of_score(layout: "Layout", name: str, forcing: int, values: F8) -> dict[str, NDArray[Any]]:
    """Return the statistics of a score of a forcing, (*dims, *effects) by path.

    Parameters
    ----------
    values : ndarray, shape (*dims, S)
        Of all samples; NaN where there is no score.
    """
    scored, _ = layout.evaluation.by_name[name]
    flat = values.reshape(-1, values.shape[-1])
    every = _reductions(layout, name, scored, forcing, len(flat))
    of_groups = {f: r for f, r in every.items() if isinstance(r, GroupsReduction)}
    plain = [r for r in requests_of(layout.evaluation, name) if canonical(r)[0] not in of_groups]
    found: dict[str, NDArray[Any]] = dict(
        over_samples(flat, plain, name, scored.units, scored.meaning)
    )
    for reduction in of_groups.values():
        found |= _of_groups(reduction, flat, layout)
    return {
        f"{STATISTICS}/{name}_{request}": row.reshape((*scored.shape, *row.shape[1:]))
        for request, row in found.items()
    }


def _of_groups(reduction: GroupsReduction, values: F8, layout: "Layout") -> dict[str, NDArray[Any]]:
    """Return the indices of rows (n, S) that need whole groups of the design's rows."""
    together = layout.sampler.first.rows_together
    whole = values.shape[1] // together * together
    rows = slice(0, len(values))
    sums = reduction.start(rows)
    grouped = np.ascontiguousarray(values[:, :whole]).reshape(len(values), -1, together)
    reduction.update_groups(sums, grouped, 0, rows, 0)
    return reduction.finish(sums)
