"""What a kernel is: a self-checking table and one or more compiled stages.

A kernel never opens a file, draws a number, converts a unit or raises for a member.
It receives floats in its own units and answers with arrays and one status per member.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]


@dataclass(frozen=True)
class Parameter:
    """A constant of the model that a design may vary.

    Parameters
    ----------
    name, units, meaning, source : str
        ``units`` as pint reads them; ``source`` is the paper and place of the default.
    default, lower, upper : float
        Default and the physical bounds, in ``units``; ``lower <= default <= upper``.
    """

    name: str
    units: str
    default: float
    lower: float
    upper: float
    meaning: str
    source: str

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"parameter {self.name!r}: a name is letters, digits and '_'")
        if not self.lower <= self.default <= self.upper:
            raise ValueError(
                f"parameter {self.name!r}: default {self.default!r} is outside "
                f"[{self.lower!r}, {self.upper!r}] {self.units}; correct the table or its bounds"
            )


@dataclass(frozen=True)
class Variable:
    """A driver, an output, or an intermediate that one stage hands to a later one.

    ``dims`` are the dimensions besides location and sample. ``aggregate`` says how a
    coarser time step is made of it: ``"last"`` and ``"mean"`` suit stocks, ``"sum"`` fluxes.
    """

    name: str
    units: str
    meaning: str
    dims: tuple[str, ...] = ("time",)
    standard_name: str = ""


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
    """

    parameters: Mapping[str, F8]
    drivers: Mapping[str, F8]
    coords: Mapping[str, NDArray[Any]]
    upstream: Mapping[str, F8] = field(default_factory=dict)
    level: Mapping[str, I8] = field(default_factory=dict)
    start: Mapping[str, F8] = field(default_factory=dict)


Run = Callable[[Batch, Mapping[str, F8], U1], None]
"""``run(batch, out, status)`` fills ``out[name]`` (L, *dims, S) and ``status`` (L, S).

``out`` holds only what is asked for. A member that fails gets a status of
`kernels.STATUSES` and NaN in every output; its neighbours are unchanged to the last bit.
``status`` arrives holding zeros.
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
    """

    name: str
    parameters: tuple[str, ...]
    drivers: tuple[str, ...]
    upstream: tuple[str, ...]
    outputs: tuple[str, ...]
    open: Callable[[Any], Run]


@dataclass(frozen=True)
class Derived:
    """What the drivers of a forcing say about one parameter, shape (L,), parameter units."""

    default: F8
    lower: F8
    upper: F8


Derive = Callable[[Any, Mapping[str, F8], Mapping[str, NDArray[Any]]], Mapping[str, Derived]]
"""``derive(options, drivers, coords)``: per-location default and admissible range."""


def _nothing_derived(
    options: Any, drivers: Mapping[str, F8], coords: Mapping[str, NDArray[Any]]
) -> Mapping[str, Derived]:
    return {}


@dataclass(frozen=True)
class Kernel:
    """A model: its tables, its stages and what the engine may expect of it.

    Attributes
    ----------
    parameters, drivers, outputs, intermediates : tuple
        The tables. Names are unique across all four.
    stages : tuple of Stage
        In order; a one-stage kernel is the plain case.
    options : type
        A frozen dataclass: scheme, layers, preset; every field has a default, and its
        annotation (``Literal`` or a number) is what a scenario may say.
    seconds : callable
        ``seconds(options, sizes) -> float``: declared cost of one member, for block lengths.
    derive : callable
        Per-location defaults (the control member) and admissible range from the drivers.
    balance : tuple of (stocks, inputs, losses)
        Each a tuple of output or driver names; change of stocks = inputs - losses per step.
    isolated : bool
        Does I/O or runs foreign code: needs a child process and a time limit.
    tolerance : float
        Largest relative difference of the block form from the scalar reference; 0 where
        the block loop calls the scalar equations.
    """

    name: str
    title: str
    source: str
    parameters: tuple[Parameter, ...]
    drivers: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    stages: tuple[Stage, ...]
    options: type[Any]
    seconds: Callable[[Any, Mapping[str, int]], float]
    intermediates: tuple[Variable, ...] = ()
    derive: Derive = _nothing_derived
    balance: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = ()
    isolated: bool = False
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        tables = (self.parameters, self.drivers, self.outputs, self.intermediates)
        names = [entry.name for table in tables for entry in table]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"kernel {self.name!r} names {twice} twice; names are unique")
        made = {entry.name for entry in (*self.outputs, *self.intermediates)}
        seen: set[str] = set()
        for stage in self.stages:
            self._check_stage(stage, made, seen)
            seen |= set(stage.outputs)
        if made - seen:
            raise ValueError(f"kernel {self.name!r}: no stage fills {sorted(made - seen)}")

    def _check_stage(self, stage: Stage, made: set[str], seen: set[str]) -> None:
        known = {
            "parameters": {p.name for p in self.parameters},
            "drivers": {d.name for d in self.drivers},
            "upstream": seen,
            "outputs": made - seen,
        }
        for table, names in known.items():
            unknown = sorted(set(getattr(stage, table)) - names)
            if unknown:
                raise ValueError(
                    f"kernel {self.name!r}, stage {stage.name!r}: {table} {unknown} "
                    f"are not among {sorted(names)}"
                )

    def variable(self, name: str) -> Variable:
        """Return the output or intermediate of that name."""
        return next(v for v in (*self.outputs, *self.intermediates) if v.name == name)
