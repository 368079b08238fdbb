"""Run a kernel's stages over parameter rows, as plainly as the contract allows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import product
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels import F8, I8, U1, Batch, Kernel, Stage

Rows = Mapping[str, F8]
"""Values (S,) of parameters."""


@dataclass(frozen=True)
class Members:
    """Outputs (L, *dims, S) of every stage that ran, statuses (L, S) merged and by stage."""

    out: Mapping[str, F8]
    status: U1
    by_stage: Mapping[str, U1]


@dataclass(frozen=True)
class Subject:
    """A kernel with options, and drivers that it accepts.

    Attributes
    ----------
    kernel : Kernel
    options : object
    drivers : mapping of str to ndarray, shape (L, *dims), float64
        L >= 2.
    coords : mapping of str to ndarray
    without_input : mapping of str to ndarray
        The drivers, those zero that bring carbon; empty where the kernel declares no balance.
    """

    kernel: Kernel
    options: Any
    drivers: Mapping[str, F8]
    coords: Mapping[str, NDArray[Any]]
    without_input: Mapping[str, F8] = field(default_factory=dict)

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return for each parameter the range that is admissible at every location."""
        derived = self.kernel.derive(self.options, self.drivers, self.coords)
        found = {}
        for parameter in self.kernel.parameters:
            low, high = parameter.lower, parameter.upper
            if parameter.name in derived:
                low = max(low, float(np.max(derived[parameter.name].lower)))
                high = min(high, float(np.min(derived[parameter.name].upper)))
            found[parameter.name] = (low, high)
        return found

    def control(self) -> dict[str, F8]:
        """Return the rows (1 or L, 1) of the member of defaults."""
        derived = self.kernel.derive(self.options, self.drivers, self.coords)
        return {
            p.name: np.asarray(derived[p.name].default)[:, np.newaxis]
            if p.name in derived
            else np.array([[p.default]])
            for p in self.kernel.parameters
        }

    def members(self, rows: Rows, **how: Any) -> Members:
        """Return members; see `run`."""
        return run(self.kernel, self.options, self.drivers, self.coords, rows, **how)


def run(
    kernel: Kernel,
    options: Any,
    drivers: Mapping[str, F8],
    coords: Mapping[str, NDArray[Any]],
    rows: Mapping[str, ArrayLike],
    *,
    outputs: Collection[str] | None = None,
    share: bool = True,
    locations: int | None = None,
    wanted: Callable[..., Any] | None = None,
) -> Members:
    """Run the stages that the outputs need.

    Parameters
    ----------
    kernel : Kernel
    options : object
    drivers : mapping of str to ndarray, shape (L, *dims), float64
    coords : mapping of str to ndarray
    rows : mapping of str to array_like, shape (S,) or (1 or L, S)
        Parameters that it lacks have their defaults.
    outputs : collection of str, optional
        All outputs and intermediates by default.
    share : bool
        Whether a stage runs on the distinct rows of the parameters read so far, or on all.
    locations : int, optional
        L, where there are no drivers.
    wanted : callable, optional
        What stages with late outputs are given.
    """
    given = {name: np.atleast_2d(np.asarray(v, dtype=np.float64)) for name, v in rows.items()}
    samples = next(iter(given.values())).shape[1]
    given = {p.name: np.full((1, samples), p.default) for p in kernel.parameters} | given
    count = len(next(iter(drivers.values()))) if locations is None else locations
    sizes = {d: len(coords["year" if d == "time" else d]) for d in dims(kernel)}
    made: dict[str, F8] = {}
    level: dict[str, I8] = {}
    reads: dict[str, set[str]] = {}
    by_stage: dict[str, U1] = {}
    merged = np.zeros((count, samples), np.uint8)
    for stage, names in needed(kernel, outputs):
        read = set(stage.parameters).union(*(reads[name] for name in stage.upstream))
        first, mine = distinct([given[name] for name in sorted(read)], samples, share)
        shape = {
            name: (count, *(sizes[d] for d in kernel.variable(name).dims), len(first))
            for name in names
        }
        out = {name: np.full(size, 1e300) for name, size in shape.items()}
        status = np.zeros((count, len(first)), np.uint8)
        batch = Batch(
            parameters={n: np.ascontiguousarray(given[n][:, first]) for n in stage.parameters},
            drivers={name: drivers[name] for name in stage.drivers},
            coords=coords,
            upstream={name: made[name] for name in stage.upstream},
            level={name: level[name][first].copy() for name in stage.upstream},
            wanted=wanted if stage.late else None,
        )
        stage.open(options)(batch, out, status)
        made |= out
        level |= dict.fromkeys(out, mine)
        reads |= dict.fromkeys(stage.outputs, read)
        by_stage[stage.name] = status[:, mine]
        merged = np.where(merged == 0, by_stage[stage.name], merged)
    asked = made if outputs is None else outputs
    return Members({name: made[name][..., level[name]] for name in asked}, merged, by_stage)


def needed(kernel: Kernel, outputs: Collection[str] | None) -> list[tuple[Stage, Sequence[str]]]:
    """Return the stages to run, in order, each with the names that it is asked for."""
    if outputs is None:
        return [(stage, stage.outputs) for stage in kernel.stages]
    missing = set(outputs)
    found: list[tuple[Stage, Sequence[str]]] = []
    for stage in reversed(kernel.stages):
        if mine := [name for name in stage.outputs if name in missing]:
            found.insert(0, (stage, mine))
            missing |= set(stage.upstream)
    return found


def distinct(columns: Sequence[F8], samples: int, share: bool) -> tuple[I8, I8]:
    """Return the first sample of every distinct row, and the row of every sample."""
    if not columns:
        return np.zeros(1, np.int64), np.zeros(samples, np.int64)
    if not share:
        return np.arange(samples), np.arange(samples)
    seen: dict[bytes, int] = {}
    keys = [b"".join(c[:, s].tobytes() for c in columns) for s in range(samples)]
    level = np.array([seen.setdefault(key, len(seen)) for key in keys])
    first = [int(np.argmax(level == row)) for row in range(len(seen))]
    return np.array(first), level


def dims(kernel: Kernel) -> set[str]:
    """Return the dimensions of a kernel's drivers, outputs and intermediates."""
    tables = (*kernel.drivers, *kernel.outputs, *kernel.intermediates)
    return {dim for variable in tables for dim in variable.dims}


def choices(kernel: Kernel) -> list[Any]:
    """Return options for every combination of the `Literal` choices."""
    hints = get_type_hints(kernel.options)
    literal = {
        f.name: get_args(hints[f.name])
        for f in fields(kernel.options)
        if get_origin(hints[f.name]) is Literal
    }
    return [
        kernel.options(**dict(zip(literal, chosen, strict=True)))
        for chosen in product(*literal.values())
    ]
