"""Run a link of a chain: what earlier links made are drivers to it, under its own names.

A kernel takes drivers by location, and an earlier link may have made R of them by its
parameters. Samples are grouped by which of the R they use; see `kernels.contract.groups`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.groups import run_in_groups, side_by_side
from kernels.contract.stages import Batch, Run

Pairs = tuple[tuple[str, str], ...]
"""(a link's own name, the chain's), of what has a name."""


@dataclass(frozen=True)
class Wiring:
    """What a stage of a link calls by other names than the chain.

    Attributes
    ----------
    parameters, made, fed : tuple of (own name, name in the chain)
        Parameters; the link's outputs and intermediates; drivers that earlier links make.
    lanes : int
        See `kernels.Kernel.lanes`.
    """

    parameters: Pairs
    made: Pairs
    fed: Pairs
    lanes: int = 1


def open_link(open_: Callable[[Any], Run], options: Any, wiring: Wiring, _: Any) -> Run:
    """Return the run of one stage of a link, in the names of the chain."""
    run = open_(options)

    def wired(batch: Batch, out: Mapping[str, F8], status: U1) -> Sequence[str] | None:
        own = Batch(
            parameters={n: batch.parameters[c] for n, c in wiring.parameters},
            drivers=batch.drivers,
            coords=batch.coords,
            upstream={n: batch.upstream[c] for n, c in wiring.made if c in batch.upstream},
            level={n: batch.level[c] for n, c in wiring.made if c in batch.level},
            slab=batch.slab,
        )
        fed = {n: (batch.upstream[c], batch.level[c]) for n, c in wiring.fed}
        mine = {n: out[c] for n, c in wiring.made if c in out}
        if not fed:
            return run(own, mine, status)

        def drive(first: I8, drivers: Mapping[str, F8]) -> Mapping[str, F8]:
            return {name: _of_rows(*made, first) for name, made in fed.items()}

        def at_once(locations: int) -> int:
            return max(1, wiring.lanes // locations)

        # Outputs of one stage have one array of levels.
        levels = list({id(level): level for _, level in fed.values()}.values())
        return run_in_groups(run, own, levels, drive, at_once, mine, status)

    return wired


def _of_rows(values: F8, level: I8, first: I8) -> F8:
    """Return what was made for some samples, as drivers (L many, *dims)."""
    row = level[first] if len(level) else first
    return np.ascontiguousarray(side_by_side(values[..., row, None])[..., 0])


def open_side_by_side(
    columns: Mapping[str, tuple[str, ...]], shape: tuple[int, ...], _: Any
) -> Run:
    """Return a run that puts outputs of several kernels beside each other.

    Parameters
    ----------
    columns : mapping of str to tuple of str
        Of each output what the kernels call it, the last of the dimensions fastest.
    shape : tuple of int
        Places along the dimensions that they stand along, which are the output's first.
    """

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        for name, values in out.items():
            for place, column in zip(np.ndindex(shape), columns[name], strict=True):
                values[:, *place] = batch.upstream[column][..., batch.level[column]]

    return run
