"""Which stages are run, what they read and hold, and how one that raises is run."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ensemble.members.slabs import slabs_of
from kernels import CRASHED, F8, U1, Batch, Kernel, Run, Stage, Unavailable


class Raised(Exception):
    """A stage raised in one of several slabs of years; the cause is its exception."""


def needed(kernel: Kernel, wanted: Collection[str]) -> tuple[list[Stage], dict[str, list[str]]]:
    """Return the stages to run and, for each, the names it must fill."""
    fills: dict[str, list[str]] = {}
    missing = set(wanted)
    stages: list[Stage] = []
    for stage in reversed(kernel.stages):
        mine = [name for name in stage.outputs if name in missing]
        if mine:
            stages.insert(0, stage)
            fills[stage.name] = mine
            missing |= set(stage.upstream)
    return stages, fills


def filled_in_part(
    stages: Collection[Stage], fills: Mapping[str, Sequence[str]], whole: Collection[str]
) -> set[str]:
    """Return the outputs of which stages fill some steps alone, given those asked for whole.

    See `Stage.picks`: all that a stage fills is asked so, or none.
    """
    held = {*whole, *(name for stage in stages for name in stage.upstream)}
    in_part = [s for s in stages if set(fills[s.name]) <= set(s.picks) - held]
    return {name for stage in in_part for name in fills[stage.name]}


def reads_of(stages: Collection[Stage]) -> dict[str, frozenset[str]]:
    """Return, for each stage, every parameter read so far: its own and those before it."""
    producer = {name: stage.name for stage in stages for name in stage.outputs}
    reads: dict[str, frozenset[str]] = {}
    for stage in stages:
        before = [reads[producer[name]] for name in stage.upstream]
        reads[stage.name] = frozenset(stage.parameters).union(*before)
    return reads


def least_nbytes(
    kernel: Kernel, wanted: Collection[str], sizes: Mapping[str, int], together: int
) -> int:
    """Return the bytes of the smallest tile: one group of rows at one location, drivers too.

    Of a run that goes slab by slab, those of the first slab.
    """
    stages, fills = needed(kernel, wanted)
    drivers = {name for stage in stages for name in stage.drivers}
    filled = [kernel.variable(name) for names in fills.values() for name in names]
    if (slabs := slabs_of(kernel, stages, filled, sizes)) is not None:
        sizes = slabs.sizes(sizes, slabs.first)
    made = [kernel.variable(name).dims for names in fills.values() for name in names]
    held = [driver.dims for driver in kernel.drivers if driver.name in drivers]
    own, given = (sum(math.prod(sizes[d] for d in dims) for dims in each) for each in (made, held))
    return 8 * (together * own + given)


def at_locations(base: Batch, here: slice) -> Batch:
    """Return fresh, writable, contiguous arrays: one numba signature for every block."""
    return replace(
        base,
        parameters={n: v if len(v) == 1 else v[here] for n, v in base.parameters.items()},
        drivers={n: np.array(v[here], dtype=np.float64) for n, v in base.drivers.items()},
    )


def guarded(run: Run, batch: Batch, out: Mapping[str, F8], status: U1) -> list[str]:
    """Run a stage; where it raises, halve samples, then locations, until members are alone.

    A kernel must not raise for a member. One that does costs its own members alone: they
    get a status, and the exception is noted. What is the machine's fault ends the run.
    """
    try:
        return list(run(batch, out, status) or ())
    except Unavailable:
        raise
    except Exception as error:
        if status.size == 1:
            for values in out.values():
                values[...] = np.nan
            status[...] = CRASHED
            return [f"{type(error).__name__}: {error}"]
    notes: list[str] = []
    for rows, samples in _halves(*status.shape):
        codes = np.zeros_like(status[rows, samples])
        some = {n: np.empty_like(v[rows, ..., samples], order="C") for n, v in out.items()}
        notes += guarded(run, _part(batch, rows, samples), some, codes)
        status[rows, samples] = codes
        for name, values in some.items():
            out[name][rows, ..., samples] = values
    return notes


def _halves(locations: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Yield the locations and samples of two halves: of the samples, or of the locations of one."""
    every = slice(0, locations), slice(0, width)
    length = width if width > 1 else locations
    for half in (slice(0, length // 2), slice(length // 2, length)):
        yield (every[0], half) if width > 1 else (half, every[1])


def _part(batch: Batch, rows: slice, samples: slice) -> Batch:
    """Return some locations and samples of a batch."""

    def here(values: F8) -> F8:
        return np.ascontiguousarray(values if len(values) == 1 else values[rows])

    return replace(
        batch,
        parameters={n: np.ascontiguousarray(here(v)[:, samples])
                    for n, v in batch.parameters.items()},
        drivers={n: np.ascontiguousarray(v[rows]) for n, v in batch.drivers.items()},
        upstream={n: np.ascontiguousarray(v[rows]) for n, v in batch.upstream.items()},
        start={n: np.ascontiguousarray(v[rows, ..., samples]) for n, v in batch.start.items()},
        level={n: np.ascontiguousarray(v[samples]) for n, v in batch.level.items()},
        # Who asks counts the members of the whole.
        wanted=None,
    )  # fmt: skip
