"""Arrays of sums over space: what the store has of them, with units and words."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ensemble.members.space.sums import AS_THEY_ARE, COUNT, FAILED, GROUP, SCORE, Aggregate
from ensemble.scores.bands import DEGREES
from ensemble.store.arrays import ArraySpec

if TYPE_CHECKING:
    from ensemble.members.layout import Layout


def arrays(layout: "Layout") -> Iterator[ArraySpec]:
    """Yield every array of sums, their statistics and their control members."""
    asked = layout.aggregates
    for aggregate in asked.all:
        long_name = f"{_words(aggregate)} of {aggregate.meaning}"
        attrs = {"units": aggregate.units, "long_name": long_name}
        middle = dict(zip(aggregate.dims, aggregate.shape, strict=True))
        if layout.keeps_responses:
            yield _spec(layout, aggregate.name, aggregate.dim, middle, attrs)
        control = f"control/{aggregate.name}"
        yield _spec(layout, control, aggregate.dim, middle, attrs, sample=False)
        for request in aggregate.statistics:
            yield _statistic(layout, aggregate, request, middle)
        if aggregate.counted:
            yield _counted(layout, aggregate, middle)
    for kind, dim in asked.kinds().items() if asked else ():
        yield from _beside(layout, kind, dim)


def _words(one: Aggregate) -> str:
    what = "mean by area" if one.is_mean else "sum"
    if one.over == AS_THEY_ARE:
        return "sum over all locations, each as it is,"
    if one.over == SCORE:
        return "over the observations of all locations, as one:"
    if one.column:
        return f"{what} over the locations of each class of {one.column}"
    return f"{what} over {f'bands of {DEGREES:g} degrees' if one.zonal else 'all locations'}"


def _statistic(
    layout: "Layout", one: Aggregate, request: str, middle: Mapping[str, int]
) -> ArraySpec:
    squared = f"({one.units})2" if request == "variance" else one.units
    units = "1" if request.startswith(("above", "below")) else squared
    about = {"units": units, "long_name": f"{request} over samples, {_words(one)} of {one.meaning}"}
    path = f"statistics/{one.name}_{request}"
    return _spec(layout, path, one.dim, middle, about, sample=False)


def _counted(layout: "Layout", one: Aggregate, middle: Mapping[str, int]) -> ArraySpec:
    text = f"samples with a finite {one.target} at all locations, which are in its statistics"
    about, path = {"units": "1", "long_name": text}, f"statistics/{one.name}_{COUNT}"
    return _spec(layout, path, one.dim, middle, about, sample=False, dtype="uint64", fill=0)


def _beside(layout: "Layout", kind: str, dim: str) -> Iterator[ArraySpec]:
    """Yield what is known of failed members."""
    for why in layout.aggregates.losses if layout.keeps_responses else ():
        member = "member failed" if why == FAILED else "member is beyond a limit and left out"
        for word, (dtype, units) in layout.aggregates.lost.items():
            what = "area" if units == "m2" else "number"
            about = {"units": units, "long_name": f"{what} of locations whose {member}"}
            yield _spec(layout, f"{why}_{word}_{kind}", dim, {}, about, dtype=dtype, fill=0)
    lost = " or excluded" if layout.excluding else ""
    text = f"samples without a failed{lost} member, which are counted in every statistic"
    about, name = {"units": "1", "long_name": text}, f"statistics/count_{kind}"
    yield _spec(layout, name, dim, {}, about, sample=False, dtype="uint64", fill=0)


def _spec(
    layout: "Layout",
    name: str,
    dim: str,
    middle: Mapping[str, int],
    attrs: dict[str, Any],
    *,
    sample: bool = True,
    dtype: str = "float64",
    fill: float = math.nan,
) -> ArraySpec:
    """Return an array of sums, by region where they are not over all locations."""
    regions = layout.aggregates.sizes(dim)
    path = f"{GROUP}/{name}"
    return layout.summed(path, {**regions, **middle}, attrs, sample=sample, dtype=dtype, fill=fill)
