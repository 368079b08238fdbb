"""CASA: batches taken some locations at a time, and outputs filled from members."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from kernels.contract.arrays import F8, U1
from kernels.contract.batches import parameter_status
from kernels.contract.build import equation
from kernels.contract.entries import Parameter
from kernels.contract.faults import Fault
from kernels.contract.stages import Batch, Run
from kernels.contract.status import OK

MEMBERS_AT_ONCE = 8192
"""Members whose rows are held at once, where locations have fewer."""


@dataclass(frozen=True)
class Part:
    """Some locations of a batch with all their samples; M = l * S members, samples innermost.

    Attributes
    ----------
    at : slice
    samples : int
    x : mapping of str to ndarray, shape (1 or l, S)
        Parameters.
    series : mapping of str to ndarray, shape (l, *dims)
        Drivers.
    start : mapping of str to ndarray, shape (M, n)
        Restart pools.
    out : mapping of str to ndarray, shape (l, *dims, S)
    codes : ndarray, shape (M,), uint8
        Statuses.
    kept : dict, optional
        Where members that are run in slabs of years leave what they go on with.
    """

    at: slice
    samples: int
    x: Mapping[str, F8]
    series: Mapping[str, F8]
    start: Mapping[str, F8]
    out: Mapping[str, F8]
    codes: U1
    kept: dict[Any, Any] | None = None

    @property
    def goes_on(self) -> bool:
        """Return whether earlier years have been run, in a slab before this one."""
        return bool(self.kept)

    def take_up(self) -> list[Any]:
        """Return what `leave` was given, and the statuses that the start gave members."""
        assert self.kept
        sound = self.codes == OK
        self.codes[sound] = self.kept["codes"][sound]
        return list(self.kept["arrays"])

    def leave(self, *arrays: Any, codes: U1) -> None:
        """Keep what members go on with, which blocks bring to the end of the slab in place.

        ``codes`` are the statuses that stay; what years do to a member the last of them judges.
        """
        if self.kept is not None:
            self.kept.update(arrays=arrays, codes=codes.copy())

    def of_members(self, name: str) -> F8:
        """Return a parameter of every member, (M,)."""
        shape = (self.at.stop - self.at.start, self.samples)
        return np.broadcast_to(self.x[name], shape).reshape(-1)

    def asked(self, names: Sequence[str]) -> tuple[F8, ...]:
        """Return outputs as blocks take them: without a location where not asked for."""
        none = np.empty((0, 0, 0))
        return tuple(self.out.get(name, none) for name in names)

    def put(self, name: str, values: F8) -> None:
        """Fill an output (l, n, S) or (l, S) from columns of members, (M, n) or (M,)."""
        if name in self.out:
            out = self.out[name]
            if out.ndim == 3:
                shape = (len(out), self.samples, out.shape[1])
                out[...] = np.moveaxis(values.reshape(shape), -1, 1)
            else:
                out[...] = values.reshape(out.shape)


def parts(
    batch: Batch, out: Mapping[str, F8], status: U1, parameters: Sequence[Parameter], places: U1
) -> Iterator[Part]:
    """Yield a batch some locations at a time; afterwards members that failed are NaN.

    ``places`` (L,) are the statuses of locations.
    """
    count, samples = status.shape
    deep = max(1, MEMBERS_AT_ONCE // max(1, samples))
    for first in range(0, count, deep):
        at = slice(first, min(first + deep, count))
        x = {n: v if len(v) == 1 else v[at] for n, v in batch.parameters.items()}
        kept = None if batch.slab is None else batch.slab.kept.setdefault(first, {})
        codes = np.empty((at.stop - first, samples), np.uint8)
        drawn = kept["drawn"] if kept else parameter_status(parameters, x)
        codes[...] = drawn
        codes[places[at] != OK] = places[at][places[at] != OK][:, np.newaxis]
        here = {n: np.ascontiguousarray(v[at]) for n, v in out.items()}
        start = {
            n: np.moveaxis(v[at], 1, -1).reshape(codes.size, v.shape[1])
            for n, v in batch.start.items()
        }
        series = {n: np.ascontiguousarray(v[at]) for n, v in batch.drivers.items()}
        part = Part(at, samples, x, series, start, here, codes.reshape(codes.size), kept)
        yield part
        if kept is not None:
            kept["drawn"] = drawn
        status[at] = codes
        for name, values in here.items():
            np.moveaxis(values, -1, 1)[codes != OK] = nan
            if not np.shares_memory(values, out[name]):
                out[name][at] = values


def opener(
    run: Callable[[Any, Any, Batch, Mapping[str, F8], U1], None], constants: Any
) -> Callable[[Any], Run]:
    """Return what opens a stage: ``run(options, constants, batch, out, status)``, in silence."""

    def open_(options: Any) -> Run:
        def quiet(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
            # Members with a status go through as well, for no result.
            with np.errstate(all="ignore"):
                run(options, constants, batch, out, status)

        return quiet

    return open_


def years_of(batch: Batch, series: str) -> int:
    """Return the years of a batch; the days of a daily driver must be 365 of each."""
    years, days = len(batch.coords["year"]), batch.drivers[series].shape[1]
    if days != 365 * years:
        raise ValueError(f"drivers have {days} days for {years} years; needed 365 of each")
    return years


def in_time(options: Any, daily: bool) -> dict[str, Any]:
    """Return what a kernel of the testbed says of time: its steps, and how far its start looks."""
    if not daily:
        return {}
    ahead = 1 if options.start == "cold" else options.cycle
    return {"steps": {"time": "year", "date": "day"}, "ahead": ahead}


def cycle_faults(options: Any) -> Iterator[Fault]:
    """Yield what is wrong with options of the cycle that a kernel starts from."""
    for name in ("cycle", "spinup_years"):
        if getattr(options, name) < 1:
            yield Fault(f"found {getattr(options, name)}; needed 1 or more (years)", name)


def spinup_faults(options: Any) -> Iterator[Fault]:
    """Yield what is wrong with them, and with when a cycle is at rest."""
    yield from cycle_faults(options)
    if not 0.0 < options.spinup_tolerance < 1.0:
        message = f"found {options.spinup_tolerance:g}; needed more than 0 and less than 1"
        yield Fault(message, "spinup_tolerance")


@equation
def any_asked(arrays: tuple[F8, ...]) -> bool:
    """Return whether any of some outputs is asked for."""
    asked = 0
    for k in range(len(arrays)):
        asked += arrays[k].shape[0]
    return asked > 0
