"""Run a kernel's stages over parameter rows, as plainly as the contract allows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from itertools import product
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from covered import covered_kernels

import kernels
from kernels import Batch


@dataclass(frozen=True)
class Members:
    """Outputs (L, *dims, S) of every stage that ran, statuses (L, S) merged and by stage."""

    out: Mapping[str, np.ndarray]
    status: np.ndarray
    by_stage: Mapping[str, np.ndarray]


def run(
    kernel, options, drivers, coords, rows, *, outputs=None, share=True, locations=None, wanted=None
):
    """Run the stages that the outputs need.

    Parameters
    ----------
    rows : mapping of str to array_like, shape (S,) or (1 or L, S)
        Parameters that it lacks have their defaults.
    outputs : collection of str, optional
        All outputs and intermediates by default.
    share : bool
        Whether a stage runs on the distinct rows of the parameters read so far, or on all.
    wanted : callable, optional
        What stages with late outputs are given.
    """
    rows = {name: np.atleast_2d(np.asarray(v, dtype=np.float64)) for name, v in rows.items()}
    samples = next(iter(rows.values())).shape[1]
    rows = {p.name: np.full((1, samples), p.default) for p in kernel.parameters} | rows
    count = len(next(iter(drivers.values()))) if locations is None else locations
    sizes = {d: len(coords["year" if d == "time" else d]) for d in dims(kernel)}
    made, level, reads, by_stage = {}, {}, {}, {}
    merged = np.zeros((count, samples), np.uint8)
    for stage, names in needed(kernel, outputs):
        read = set(stage.parameters).union(*(reads[name] for name in stage.upstream))
        first, mine = distinct([rows[name] for name in sorted(read)], samples, share)
        shape = {
            name: (count, *(sizes[d] for d in kernel.variable(name).dims), len(first))
            for name in names
        }
        out = {name: np.full(size, 1e300) for name, size in shape.items()}
        status = np.zeros((count, len(first)), np.uint8)
        batch = Batch(
            parameters={n: np.ascontiguousarray(rows[n][:, first]) for n in stage.parameters},
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


def needed(kernel, outputs):
    """Return the stages to run, in order, each with the names that it is asked for."""
    if outputs is None:
        return [(stage, stage.outputs) for stage in kernel.stages]
    missing, found = set(outputs), []
    for stage in reversed(kernel.stages):
        if mine := [name for name in stage.outputs if name in missing]:
            found.insert(0, (stage, mine))
            missing |= set(stage.upstream)
    return found


def distinct(columns, samples, share):
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


def dims(kernel):
    tables = (*kernel.drivers, *kernel.outputs, *kernel.intermediates)
    return {dim for variable in tables for dim in variable.dims}


def choices(kernel):
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


@dataclass(frozen=True)
class Example:
    """Drivers (L, *dims) that a kernel accepts, L >= 2, and some whose inputs are zero."""

    drivers: Mapping[str, np.ndarray]
    coords: Mapping[str, np.ndarray]
    without_input: Mapping[str, np.ndarray] = field(default_factory=dict)


def example(name: str) -> Example:
    """Return the example of a kernel: `EXAMPLE` of the file of its name in ``kernel_examples``."""
    try:
        found: Example = import_module(f"kernel_examples.{name}").EXAMPLE
    except ModuleNotFoundError as error:
        file = f"tests/kernel_examples/{name}.py"
        raise LookupError(f"no example drivers for kernel {name!r}; add {file}") from error
    return found


def known() -> dict[str, kernels.Kernel]:
    """Return the kernels that the laws are about; without files that hold none, see `failing`."""
    return {n: kernels.get(n) for n in covered_kernels() if not failing(n)}


def failing(name: str) -> str:
    """Return why a file is no kernel; empty for one that is."""
    try:
        kernels.get(name)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def names() -> list[str]:
    """Return the kernels whose tables are their own; the others have theirs from a scenario."""
    return [name for name, kernel in known().items() if kernel.make is None]


def every_choice() -> list[tuple[str, Any]]:
    """Return (kernel name, options) for every kernel and every combination of its choices."""
    return [(name, options) for name in names() for options in choices(kernels.get(name))]
