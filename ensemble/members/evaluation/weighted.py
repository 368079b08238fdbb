"""Responses, sums over space and scores of weighted members, beside those of members all alike."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ensemble.members.evaluation import weights
from ensemble.members.evaluation.asked import GROUP as EVALUATION
from ensemble.members.evaluation.weights import GROUP as WEIGHTS
from ensemble.members.evaluation.weights import NAMES, Weighting
from ensemble.members.limits import EXCLUDED
from ensemble.members.responses.kinds import looked_at, parts_of
from ensemble.members.space.sums import GROUP as SUMS
from ensemble.members.space.sums import Aggregate
from ensemble.members.tile import blanked
from ensemble.scores import weights as scoring
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from kernels import F8
from scenarios import Problem, nearest
from scenarios.weights import PRIOR

if TYPE_CHECKING:
    from ensemble.members.layout import Layout

GROUP = "weighted"
ENSEMBLES = (PRIOR, "weighted")
"""Along the dimension ``ensemble``: members that all count the same, and as their weights say."""

SIZE = "effective"

DAILY = "_daily"
"""What the name of an output by the day ends with."""

USED = "weights look at it, so this is no test of them"
"""Of what is shown under weights that look at the same output."""


@dataclass(frozen=True)
class Target:
    """A number of each member that has weighted statistics.

    Attributes
    ----------
    name, path, units, meaning : str
    dims : tuple of str
        Between forcing and sample.
    shape : tuple of int
    outputs : frozenset of str
        Those that it looks at.
    group : int or None
        Of a score with groups.
    places : mapping of str to int
        Which model it looks at, of one of several.
    """

    name: str
    path: str
    units: str
    meaning: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    outputs: frozenset[str]
    group: int | None = None
    places: Mapping[str, int] = field(default_factory=dict)


def problems(layout: "Layout") -> Iterator[Problem]:
    """Yield weights of what a run does not keep of its members, and members kept by no number."""
    yield from _keeping(layout)
    for one in layout.weightings:
        where = f"evaluation.weights.{one.name}"
        if not layout.keeps_responses:
            text = f"{layout.sampler.size:,} samples are too many to keep scores of members"
            yield Problem(f"{text}, which weights are made of; needed fewer", where)
            return
        for name in one.spec.of:
            if why := _unfit(layout, one, name):
                yield Problem(why, f"{where}.of")


def _keeping(layout: "Layout") -> Iterator[Problem]:
    """Yield that members are to be kept by what is no number of each."""
    section = layout.experiment.scenario.evaluation
    if section is None or section.keep is None:
        return
    keep, every = section.keep, _every(layout)
    if keep.by not in every:
        text = f"no response, sum over space or score {keep.by!r}{nearest(keep.by, every)}"
        yield Problem(text, "evaluation.keep.by")
    elif keep.by in layout.evaluation.by_name:
        scored, _ = layout.evaluation.by_name[keep.by]
        labels = [n for d in scored.dims for n in layout.experiment.kernel.coords[d].labels]
        if len(labels) > 1 and keep.model not in labels:
            text = f"{keep.by} is by {', '.join(scored.dims)}; needed model: {' or '.join(labels)}"
            yield Problem(text, "evaluation.keep")


def _unfit(layout: "Layout", one: Weighting, name: str) -> str:
    """Return why there are no weighted statistics of a name; empty where there are."""
    every = _every(layout)
    if name not in every:
        if name in {v.name for v in layout.experiment.kernel.outputs}:
            text = f"of the output {name!r} members are not kept one by one; needed a response of "
            return f"{text}it, or a sum over space: aggregates: {{{name}: [global]}}"
        return f"no response, sum over space or score {name!r}{nearest(name, every)}"
    several = _places(layout, name, one.dims)
    for dim, places in several.items():
        if len(places) > 1:
            return f"{name!r} looks at {' and '.join(sorted(places))}, and each {dim} has weights"
    return ""


def targets(layout: "Layout", one: Weighting) -> list[Target]:
    """Return what has weighted statistics under some weights."""
    every = _every(layout)
    scores = layout.evaluation.by_name
    names = one.spec.of or [n for n in every if n not in scores and not _unfit(layout, one, n)]
    return [every[name](one) for name in names]


def left_out(layout: "Layout", one: Weighting) -> dict[str, str]:
    """Return why responses have no weighted statistics that nobody left out by name."""
    names = [] if one.spec.of else list(layout.functionals)
    return {name: why for name in names if (why := _unfit(layout, one, name))}


def _every(layout: "Layout") -> dict[str, Callable[[Weighting], Target]]:
    """Return what makes each target, by name: responses, sums over space, scores."""
    every: dict[str, Callable[[Weighting], Target]] = {}
    for name in layout.functionals:
        every[name] = partial(_of_response, layout, name)
    for aggregate in layout.aggregates.all:
        every[aggregate.name] = partial(_of_sum, layout, aggregate)
    for name in layout.evaluation.by_name:
        every[name] = partial(_of_score, layout, name)
    return every


def _of_response(layout: "Layout", name: str, one: Weighting) -> Target:
    response = layout.functionals[name]
    outputs = frozenset(_outputs(layout, name))
    about = (name, name, response.units, response.meaning)
    coords = layout.experiment.kernel.coords
    places = {
        dim: coords[dim].labels.index(next(iter(where)))
        for dim, where in _places(layout, name, one.dims).items()
    }
    return Target(*about, ("location",), layout.shape[1:2], outputs, places=places)


def _of_sum(layout: "Layout", aggregate: Aggregate, one: Weighting) -> Target:
    bands = layout.aggregates.sizes(aggregate.dim)
    dims = {**bands, **dict(zip(aggregate.dims, aggregate.shape, strict=True))}
    target = aggregate.target
    outputs = _outputs(layout, target) if target in layout.functionals else {target}
    about = (aggregate.name, f"{SUMS}/{aggregate.name}", aggregate.units, aggregate.meaning)
    places = {} if target not in layout.functionals else _of_response(layout, target, one).places
    return Target(*about, tuple(dims), tuple(dims.values()), frozenset(outputs), places=places)


def _of_score(layout: "Layout", name: str, one: Weighting) -> Target:
    scored, group = layout.evaluation.by_name[name]
    outputs = frozenset(layout.evaluation.specs[scored.benchmark].outputs())
    about = (name, f"{EVALUATION}/{scored.name}", scored.units, scored.meaning)
    return Target(*about, scored.dims, scored.shape, outputs, group if scored.groups else None)


def _outputs(layout: "Layout", name: str) -> set[str]:
    """Return the outputs that a response looks at, or that those do which it names."""
    response = layout.functionals[name]
    found = {*looked_at(response)}
    for part in parts_of(response):
        found |= _outputs(layout, part)
    return found


def _places(layout: "Layout", name: str, dims: tuple[str, ...]) -> dict[str, set[str]]:
    """Return at which places along some dimensions a response looks, itself or by others."""
    responses = layout.experiment.scenario.responses
    name = name if name in responses else _target_of(layout, name)
    if name not in responses:
        return {}
    found = {dim: {place} for dim, place in responses[name].selected.items() if dim in dims}
    for other in responses[name].names:
        for dim, places in _places(layout, other, dims).items() if other in responses else ():
            found.setdefault(dim, set()).update(places)
    return found


def _target_of(layout: "Layout", name: str) -> str:
    """Return what a sum over space is of; nothing of other names."""
    return next((one.target for one in layout.aggregates.all if one.name == name), "")


def used(target: Target, one: Weighting) -> list[str]:
    """Return the outputs of a target that weights look at: under them it is no result of its own.

    An output by the day is the one by the year.
    """
    looked = {output.removesuffix(DAILY) for output in one.outputs}
    return sorted(output for output in target.outputs if output.removesuffix(DAILY) in looked)


def labels(layout: "Layout") -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the names along dimensions of weights and weighted statistics, by group."""
    if not layout.weightings:
        return {}
    names = tuple(one.name for one in layout.weightings)
    of_statistics = {"ensemble": ENSEMBLES, "statistic": scoring.STATISTICS}
    return {WEIGHTS: {NAMES: names}, GROUP: of_statistics}


def arrays(layout: "Layout") -> Iterator[ArraySpec]:
    """Yield the weighted statistics of each target, and how many members each is worth."""
    for one in layout.weightings if layout.keeps_responses else ():
        for target in targets(layout, one):
            cells = cells_of(target, one)
            lead = {"ensemble": len(ENSEMBLES), **cells}
            path = f"{GROUP}/{one.name}/{target.name}"
            words = f"{target.meaning}: members all alike, and by {one.name}"
            about = {"units": target.units, "long_name": words}
            if looked := used(target, one):
                about["comment"] = f"{', '.join(looked)}: {USED}"
            shape = (*lead.values(), len(scoring.STATISTICS))
            yield ArraySpec(path, "float64", (*lead, "statistic"), shape, shape, attrs=about)
            about = {"units": "1", "long_name": f"effective size behind {target.name}"}
            shape = tuple(lead.values())
            yield ArraySpec(f"{path}_{SIZE}", "float64", tuple(lead), shape, shape, attrs=about)


def cells_of(target: Target, one: Weighting) -> dict[str, int]:
    """Return the dimensions of a target along which there are no weights, and their lengths."""
    both = zip(target.dims, target.shape, strict=True)
    return {dim: size for dim, size in both if dim not in one.dims}


def finish(store: Store, layout: "Layout") -> None:
    """Write weights and weighted statistics of a run whose scores are written. Idempotent."""
    for name, found in weights.finish(store, layout).items():
        one = next(w for w in layout.weightings if w.name == name)
        for target in targets(layout, one):
            parts = [
                summarised(values, target, one, found) for values in members(store, layout, target)
            ]
            statistics, sizes = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
            path = f"{GROUP}/{name}/{target.name}"
            store.write_whole(path, statistics.reshape(store.specs[path].shape))
            store.write_whole(f"{path}_{SIZE}", sizes.reshape(store.specs[f"{path}_{SIZE}"].shape))


def members(store: Store, layout: "Layout", target: Target) -> Iterator[F8]:
    """Yield the members of a target (forcing, *dims, sample), of responses some locations each."""
    if target.dims != ("location",):
        values = np.asarray(store.read_whole(target.path), dtype=np.float64)
        yield values if target.group is None else values[:, target.group]
        return
    forcings, places, samples = layout.grid.axes
    for place in range(places.blocks):
        here = places.span(place)
        out = np.empty((forcings.size, here.stop - here.start, samples.size))
        for f, s in np.ndindex(forcings.size, samples.blocks):
            key = (f, place, s)
            values = store.read_sound(target.path, key)
            if EXCLUDED in store.specs:
                values = blanked(values[0], store.read_sound(EXCLUDED, key)[0] == 1)[None]
            out[f, :, samples.span(s)] = values[0]
        yield out


def summarised(values: F8, target: Target, one: Weighting, found: F8) -> tuple[F8, F8]:
    """Return statistics of members all alike and weighted, and effective sizes.

    Parameters
    ----------
    values : ndarray, shape (forcing, *dims, sample), float64
        Of all places of the target, or of some locations.
    target : Target
    one : Weighting
    found : ndarray, shape (forcing, *dims of the weights, sample), float64

    Returns
    -------
    statistics : ndarray, shape (2, cells, statistic), float64
        Of forcings, samples and dimensions of the weights together.
    sizes : ndarray, shape (2, cells), float64
    """
    rows, mine = pooled(values, target, one, found)
    pairs = [scoring.weighted(rows, w) for w in (np.ones(len(mine)), mine)]
    statistics, sizes = zip(*pairs, strict=True)
    return np.stack(statistics), np.stack(sizes)


def pooled(values: F8, target: Target, one: Weighting, found: F8) -> tuple[F8, F8]:
    """Return members of each cell (cell, member), and the weights of these (member,).

    Members are of all forcings, samples, and places along the dimensions of the weights. A target
    that has not such a dimension has the weights of its one place, or of all places together.
    """
    together = [dim for dim in target.dims if dim in one.dims]
    axes = [1 + target.dims.index(dim) for dim in together]
    last = np.moveaxis(values, [0, *axes], range(-2 - len(axes), -1))
    rows = last.reshape(math.prod(last.shape[: -2 - len(axes)]), -1)
    for k in reversed(range(len(one.dims))):
        if one.dims[k] not in together:
            place = target.places.get(one.dims[k])
            along = 1 + k
            one_place = found.sum(axis=along) if place is None else found.take(place, axis=along)
            found = np.asarray(one_place)
    return rows, found.reshape(-1)
