"""What is kept of an output in time: steps of it, or what they are reduced to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ensemble.members.experiment import Experiment
from ensemble.members.in_time import Reduced, reduced
from ensemble.members.responses.kinds import Functional, looked_at, steps_looked_at
from ensemble.members.running import (
    Highest,
    Last,
    Picked,
    Running,
    Stream,
    at_of,
    last_of,
    orders_of,
)
from ensemble.members.stages import filled_in_part, needed
from ensemble.members.tile import Tile
from kernels import F8, I8, Variable, highest_of
from scenarios.outputs import InTime, reductions_of, steps_of
from scenarios.sections import Output


@dataclass(frozen=True)
class Keep:
    """What is kept of an output in time: one array of the store.

    Attributes
    ----------
    output : str
        Of the kernel.
    variable : Variable
        What is stored: the output, or its reduction with a name and units of its own.
    dims : tuple of str
        Dimensions in the store, between location and sample.
    shape : tuple of int
    steps : ndarray or int or None
        Time indices kept; None keeps all, an integer drops the dimension.
    reduced : Reduced, optional
        Instead of steps: what becomes of all of them.
    axis : int
        Where time is in values (l, *dims, s); of what drops or changes it.
    """

    output: str
    variable: Variable
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    steps: I8 | int | None
    reduced: Reduced | None = None
    axis: int = 0

    @property
    def whole(self) -> bool:
        """Return whether every step is kept."""
        return self.steps is None and self.reduced is None

    @property
    def attrs(self) -> dict[str, Any]:
        """Return the attributes of the array."""
        own = {} if self.reduced is None else self.reduced.attrs
        return {**about(self.variable), **own}

    def of(self, tile: Tile) -> F8:
        """Return what is kept of a tile, (l, *dims, s); its streams are made on distinct rows."""
        if self.whole:
            return tile.full(self.output)
        if self.reduced is not None:
            return tile.full(self.variable.name)
        if isinstance(self.steps, int) and tile.has(last := last_of(self.output)):
            return tile.full(last)
        assert self.steps is not None
        array, places = tile.places(self.output, np.atleast_1d(self.steps))
        taken = places[0] if isinstance(self.steps, int) else places
        some: F8 = np.take(tile.full(array), taken, axis=self.axis)
        return some

    def stream(self) -> Stream | None:
        """Return what makes it of steps as they come; None of what is taken from all of them."""
        if self.reduced is not None:
            squeezed = self.reduced.times is None
            begin = partial(Running, orders_of(self.reduced), self.axis, squeezed=squeezed)
            return Stream(self.variable.name, self.output, self.shape, begin)
        if isinstance(self.steps, int):
            return Stream(last_of(self.output), self.output, self.shape, partial(Last, self.axis))
        return None


def streams_of(
    outputs: Mapping[str, Keep],
    watched: Collection[str],
    picks: Mapping[str, I8],
    experiment: Experiment,
) -> tuple[Stream, ...]:
    """Return what is made of outputs as their steps come.

    Parameters
    ----------
    outputs : mapping of str to Keep
        By the name of the array.
    watched : collection of str
        Outputs of which the highest step is looked at, and that are not held whole.
    picks : mapping of str to ndarray
        Outputs of which only these steps are held.
    experiment : Experiment
    """
    kept = [one.stream() for one in outputs.values() if one.output not in picks]
    streams = [stream for stream in kept if stream is not None]
    for name in dict.fromkeys([*watched, *picks]):
        variable = experiment.kernel.variable(name)
        time, sizes = experiment.steps_of(variable).dim, experiment.sizes
        axis = 1 + variable.dims.index(time)
        if name in watched:
            shape = tuple(sizes[dim] for dim in variable.dims if dim != time)
            streams.append(Stream(highest_of(name), name, shape, partial(Highest, axis)))
        if name in picks:
            lengths = {**sizes, time: len(picks[name])}
            shape = tuple(lengths[dim] for dim in variable.dims)
            begin = partial(Picked, picks[name], axis)
            streams.append(Stream(at_of(name), name, shape, begin, picks[name]))
    return tuple(streams)


def picked(
    outputs: Mapping[str, Keep],
    responses: Collection[Functional],
    wanted: Collection[str],
    whole: Collection[str],
    experiment: Experiment,
) -> dict[str, I8]:
    """Return the outputs of which some steps are all that anything looks at, and which.

    None where no stage could make use of it, see `kernels.Stage.picks`.

    Parameters
    ----------
    outputs : mapping of str to Keep
    responses : collection of Functional
    wanted, whole : collection of str
        All outputs that are asked for, and those that something else asks for whole.
    experiment : Experiment
    """
    every, some = {*whole}, dict[str, list[I8]]()
    for kept in outputs.values():
        if kept.steps is None:
            every.add(kept.output)
        else:
            some.setdefault(kept.output, []).append(np.atleast_1d(kept.steps))
    for response in responses:
        steps = steps_looked_at(response)
        for name in looked_at(response):
            if steps is None or not experiment.has_time(name):
                every.add(name)
            else:
                some.setdefault(name, []).append(steps)
    stages, fills = needed(experiment.kernel, wanted)
    if not filled_in_part(stages, fills, every):
        return {}
    return {n: np.unique(np.concatenate(each)) for n, each in some.items() if n not in every}


def keeps(
    name: str, output: Output | list[Output | InTime], experiment: Experiment
) -> dict[str, Keep]:
    """Return what a scenario keeps of an output, by the name of its array."""
    variable, arrays = experiment.kernel.variable(name), {}
    if (plain := steps_of(output)) is not None:
        arrays[name] = _steps(plain, variable, experiment)
    steps, sizes = experiment.steps_of(variable), experiment.sizes
    for _, one in reductions_of(name, output):
        axis = variable.dims.index(steps.dim)
        done = reduced(one, variable, steps)
        along = {} if done.times is None else {done.times.dim: len(done.times.bounds)}
        shape = tuple({**sizes, **along}[d] for d in done.variable.dims)
        kept = Keep(name, done.variable, done.variable.dims, shape, None, done, 1 + axis)
        arrays[done.variable.name] = kept
    return arrays


def _steps(output: Output, variable: Variable, experiment: Experiment) -> Keep:
    """Return what a scenario keeps of an output, step by step."""
    sizes = experiment.sizes
    dims, shape = variable.dims, tuple(sizes[d] for d in variable.dims)
    time = experiment.steps_of(variable).dim
    if output.all is not None or time not in dims:
        return Keep(variable.name, variable, dims, shape, None)
    axis = dims.index(time)
    if output.last is not None:
        left = (*dims[:axis], *dims[axis + 1 :])
        kept = tuple(sizes[d] for d in left)
        return Keep(variable.name, variable, left, kept, sizes[time] - 1, axis=1 + axis)
    years = np.asarray(output.at)
    steps = np.searchsorted(experiment.years, years)
    renamed = (*dims[:axis], f"{variable.name}_year", *dims[axis + 1 :])
    kept = (*shape[:axis], len(years), *shape[axis + 1 :])
    return Keep(variable.name, variable, renamed, kept, steps, axis=1 + axis)


def about(variable: Variable) -> dict[str, Any]:
    """Return the attributes of an array of a variable."""
    attrs = {"units": variable.units, "long_name": variable.meaning}
    if variable.standard_name:
        attrs["standard_name"] = variable.standard_name
    return attrs
