"""Stages of a kernel: what a run of one is given, and what it answers with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, I8, U1


@dataclass(frozen=True)
class Slab:
    """Some years of a run, of which a stage runs one slab after the other.

    Drivers, upstream, coordinates and ``out`` hold the slab's years and days alone. What has no
    time is filled in every slab in which the stage knows it, and stays; the status of the last
    slab is that of the run, so a stage that goes on judges what all slabs showed.

    Attributes
    ----------
    first : bool
        Whether the run begins with it: then it has as many years as the stage looks ahead.
    kept : dict
        Of the stage alone, for these members: what it needs to go on, such as its pools. Empty in
        the first slab; what the stage leaves there it finds in the next.
    """

    first: bool
    kept: dict[Any, Any] = field(default_factory=dict)


Wanted = Callable[[Mapping[str, F8], slice, slice], NDArray[np.bool_]]
"""``wanted(out, locations, samples)`` says of which members (l, s) late outputs are wanted.

It is asked once for any member, when ``out`` holds all other outputs of those."""


@dataclass(frozen=True)
class Batch:
    """One forcing x L locations x S samples; the last axis of every array is contiguous.

    Attributes
    ----------
    parameters : mapping of str to ndarray, shape (1 or L, S), float64
        Only those the stage declares; a first axis of 1 means the same at every location.
    drivers : mapping of str to ndarray, shape (L, *dims), float64
        In kernel units.
    coords : mapping of str to ndarray, shape (n,)
        Coordinates of the dims, such as ``year`` (T,).
    upstream : mapping of str to ndarray, shape (L, *dims, R), float64
        Outputs of earlier stages, on the R distinct rows of the parameters read so far.
    level : mapping of str to ndarray, shape (S,), int64
        For each name in ``upstream``, which of its R rows each sample uses.
    start : mapping of str to ndarray, shape (L, *dims, S), float64
        Restart pools; empty where the kernel makes its own start.
    slab : Slab, optional
        Which years these are; all of the run where none is given.
    picks : mapping of str to ndarray, shape (k,), int64
        Outputs of which ``out`` has these steps alone, in this, their own order, instead of all;
        see `Stage.picks`. Empty where everything is asked for whole.
    wanted : callable, optional
        Of which members late outputs are wanted, see `Stage.late`; of all where it is None.
    """

    parameters: Mapping[str, F8]
    drivers: Mapping[str, F8]
    coords: Mapping[str, NDArray[Any]]
    upstream: Mapping[str, F8] = field(default_factory=dict)
    level: Mapping[str, I8] = field(default_factory=dict)
    start: Mapping[str, F8] = field(default_factory=dict)
    slab: Slab | None = None
    picks: Mapping[str, I8] = field(default_factory=dict)
    wanted: "Wanted | None" = None


def highest_of(output: str) -> str:
    """Return what the highest of an output's steps is called in ``out``, where that is asked for.

    It is (L, *dims, S) without time, and NaN where the member failed.
    """
    return f"{output}/highest"


Run = Callable[[Batch, Mapping[str, F8], U1], Sequence[str] | None]
"""``run(batch, out, status)`` fills ``out[name]`` (L, *dims, S) and ``status`` (L, S).

``out`` holds only what is asked for. A member that fails gets a status of
`kernels.STATUSES` and NaN in every output; its neighbours are unchanged to the last bit.
``status`` arrives holding zeros. What is returned, if anything, is one note for each member
of which there is more to say than its status: an exit code, the end of what a program said.
"""


@dataclass(frozen=True)
class Stage:
    """A part of a kernel that is run once per distinct row of the parameters read so far.

    Attributes
    ----------
    parameters, drivers, upstream, outputs : tuple of str
        What the stage reads and fills. ``upstream`` names outputs or intermediates of
        earlier stages, so sharing follows from the tables alone.
    open : callable
        ``open(options) -> Run``, called once per process: compile, allocate workspace.
    ahead : int, optional
        Years from the first that its start looks at: it can be run in slabs, of which the first
        has as many or more; 1 where it looks no further than its first year. None where it takes
        all years at once. No bit depends on where slabs end.
    picks : tuple of str
        Outputs with time of which it fills some steps, and the highest of all, without holding the
        others. It is asked so for all that it fills or for none; each value has the bits that it
        has where all steps are asked for.
    late : tuple of str
        Outputs that it makes after the others, and of those members alone of which they are wanted
        by then (`Batch.wanted`): of others they are NaN, and that is no failure. A stage may make
        them of all the same; no bit of what is wanted depends on it.
    """

    name: str
    parameters: tuple[str, ...]
    drivers: tuple[str, ...]
    upstream: tuple[str, ...]
    outputs: tuple[str, ...]
    open: Callable[[Any], Run]
    ahead: int | None = None
    picks: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
