"""What a kernel is: a self-checking table and one or more compiled stages.

A kernel never opens a file, draws a number, converts a unit or raises for a member.
It receives floats in its own units and answers with arrays and one status per member.
The exception, marked ``isolated``, starts programs that do; see `kernels.programs.executable`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from kernels.contract.arrays import F8
from kernels.contract.entries import Condition, Coordinate, Derived, Parameter, Variable
from kernels.contract.factors import Factor, open_changed
from kernels.contract.paths import kept_as
from kernels.contract.stages import Run, Stage

STEPS = ("year", "day")
"""What a step along a dimension of time may be; a year by days has 365 of them."""


Derive = Callable[[Any, Mapping[str, F8], Mapping[str, NDArray[Any]]], Mapping[str, Derived]]
"""``derive(options, drivers, coords)``: per-location default and admissible range."""


def _nothing_derived(
    options: Any, drivers: Mapping[str, F8], coords: Mapping[str, NDArray[Any]]
) -> Mapping[str, Derived]:
    return {}


def _nothing_shared(options: Any, sizes: Mapping[str, int]) -> float:
    return 0.0


@dataclass(frozen=True)
class Kernel:
    """A model: its tables, its stages and what the engine may expect of it.

    Attributes
    ----------
    parameters, drivers, outputs, intermediates : tuple
        The tables. Names are unique across all four, and ``coords``.
    stages : tuple of Stage
        In order; a one-stage kernel is the plain case.
    options : type
        A frozen dataclass: scheme, layers, preset; every field has a default, and its
        annotation (``Literal`` or a number) is what a scenario may say.
    seconds : callable
        ``seconds(options, sizes) -> float``: declared cost of one member, for block lengths.
    shared_seconds : callable, optional
        ``shared_seconds(options, sizes) -> float``: what a sample takes beside, once for all
        locations of a call; of what fits once and predicts everywhere. Calls then have as many
        locations as there are, and few samples.
    derive : callable
        Per-location defaults (the control member) and admissible range from the drivers.
    balance : tuple of (stocks, inputs, losses)
        Each a tuple of output or driver names; change of stocks = inputs - losses per step.
    isolated : bool
        Does I/O or runs foreign code: needs a child process and a time limit.
    tolerance : float
        Largest relative difference of the block form from the scalar reference; 0 where
        the block loop calls the scalar equations.
    make : callable, optional
        ``make(options, base) -> Kernel`` where the tables are the scenario's own: ``base`` is the
        folder that relative paths start from, or None for the tables alone, opening no file.
        Raises `Unfit`. Such a kernel has no tables until it is `made`.
    files : mapping of str to Path
        Files that the stages read, by the path as written. Their contents count in the
        fingerprint, and they travel into the store, where ``make`` finds them by `kept_as`.
    programs : mapping of str to Path
        Installed programs that the stages start: they count, and stay where they are.
    commands : tuple of str
        What the stages start for each member, for people.
    libraries : tuple of str
        Installed packages beside numpy and numba whose versions change its numbers, such as
        ``scikit-learn``: they count in the fingerprint and stand among the versions of a store.
    time_limit : float
        Seconds after which the kernel itself gives a member up; 0 if it never does.
    coords : mapping of str to Coordinate
        Dimensions of the kernel's own, by name: ``layer``. Other dims have the length that
        drivers give them.
    steps : mapping of str to str
        What a step along each dimension of time is, of `STEPS`: ``{"time": "year"}``, and of what
        is by days beside it ``{"date": "day"}``. A dimension that is not named is no time.
    lanes : int
        Pairs of location and sample that a call should hold at least, to vectorise; calls hold
        fewer where there are no more, or where memory is short.
    notes : tuple of str
        What its files say and nothing here depends on, one line each, with the file's name first.
    warnings : tuple of str
        What the model that its files are of would do with them otherwise, and what that changes.
    passed_on : mapping of str to str
        Outputs that are what comes in, whatever the parameters: ``{"rh": "litter_input"}`` of a
        steady state, by the name of an output or driver.
    conditions : tuple of Condition
        What must hold of parameters and drivers together, of which a member fails alone.
    parts : tuple of Kernel
        Kernels that this one is made of; their functions count in the fingerprint.
    read : callable, optional
        ``read(words, get, strict) -> options`` where options hold those of other kernels.
        ``get(name)`` returns a kernel, ``strict(words, kernel)`` its options. Raises `Unfit`.
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
    make: "Callable[[Any, Path | None], Kernel] | None" = None
    files: Mapping[str, Path] = field(default_factory=dict)
    programs: Mapping[str, Path] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    time_limit: float = 0.0
    coords: Mapping[str, Coordinate] = field(default_factory=dict)
    lanes: int = 1
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    passed_on: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    parts: "tuple[Kernel, ...]" = ()
    read: "Read | None" = None
    shared_seconds: Callable[[Any, Mapping[str, int]], float] = _nothing_shared
    steps: Mapping[str, str] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()

    @classmethod
    def declared(
        cls,
        make: "Callable[[Any, Path | None], Kernel]",
        *,
        name: str,
        title: str,
        source: str,
        options: type[Any],
        seconds: Callable[[Any, Mapping[str, int]], float],
        **more: Any,
    ) -> "Kernel":
        """Return a kernel whose tables its options make: it has none until it is `made`.

        Parameters
        ----------
        make : callable
            ``make(options, base)``, see `make`; it returns what `of_stage` or
            `dataclasses.replace` make of the declared kernel, so that nothing is said twice.
        name, title, source, options, seconds
            As of any kernel.
        **more
            Other attributes that no option changes, such as ``lanes``.
        """
        return cls(
            name=name,
            title=title,
            source=source,
            parameters=(),
            drivers=(),
            outputs=(),
            stages=(),
            options=options,
            seconds=seconds,
            make=make,
            **more,
        )

    def of_stage(
        self,
        name: str,
        open_: Callable[[Any], Run],
        *,
        parameters: Iterable[Parameter],
        drivers: Iterable[Variable],
        outputs: Iterable[Variable],
        ahead: int | None = None,
        factors: Sequence[Factor] = (),
        late: Collection[str] = (),
        **more: Any,
    ) -> "Kernel":
        """Return this kernel with its tables, all of which are those of one stage.

        Parameters
        ----------
        name : str
            Of the stage.
        open_ : callable
            ``open_(options) -> Run``, see `Stage`.
        parameters, drivers, outputs : iterable
            The tables; the stage reads and fills every entry.
        ahead : int, optional
            See `Stage`.
        factors : sequence of Factor
            Parameters beside those, which change drivers before the stage is given them.
        late : collection of str
            See `Stage`.
        **more
            Other attributes that the options or their files decide on.

        Raises
        ------
        ValueError
            A factor changes none of the drivers.
        """
        parameters, drivers, outputs = tuple(parameters), tuple(drivers), tuple(outputs)
        if factors:
            factors = tuple(_of_drivers(factor, drivers) for factor in factors)
            parameters = (*parameters, *(factor.parameter for factor in factors))
            open_ = partial(open_changed, open_, factors, self.lanes)
        stage = Stage(
            name,
            parameters=tuple(parameter.name for parameter in parameters),
            drivers=tuple(driver.name for driver in drivers),
            upstream=(),
            outputs=tuple(output.name for output in outputs),
            open=open_,
            ahead=ahead,
            late=tuple(late),
        )
        return replace(
            self, parameters=parameters, drivers=drivers, outputs=outputs, stages=(stage,), **more
        )

    def __post_init__(self) -> None:
        tables = (self.parameters, self.drivers, self.outputs, self.intermediates)
        names = [*(entry.name for table in tables for entry in table), *self.coords]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"kernel {self.name!r} names {twice} twice; names are unique")
        if wrong := {dim: step for dim, step in self.steps.items() if step not in STEPS}:
            raise ValueError(
                f"kernel {self.name!r}: found steps {wrong}; needed {' or '.join(STEPS)} of each"
            )
        made = {entry.name for entry in (*self.outputs, *self.intermediates)}
        inputs = {*(p.name for p in self.parameters), *(d.name for d in self.drivers)}
        if lost := sorted({name for one in self.conditions for name in one.of} - inputs):
            raise ValueError(f"kernel {self.name!r}: conditions are of {lost}, no inputs of it")
        seen: set[str] = set()
        for stage in self.stages:
            self._check_stage(stage, made, seen)
            seen |= set(stage.outputs)
        if made - seen:
            raise ValueError(f"kernel {self.name!r}: no stage fills {sorted(made - seen)}")

    def _check_stage(self, stage: Stage, made: set[str], seen: set[str]) -> None:
        declared = {
            "parameters": {p.name for p in self.parameters},
            "drivers": {d.name for d in self.drivers},
            "upstream": seen,
            "outputs": made - seen,
        }
        for table, names in declared.items():
            unknown = sorted(set(getattr(stage, table)) - names)
            if unknown:
                raise ValueError(
                    f"kernel {self.name!r}, stage {stage.name!r}: {table} {unknown} "
                    f"are not among {sorted(names)}"
                )
        timed = {name for name in stage.outputs if self.time_of(self.variable(name))}
        if wrong := sorted(set(stage.picks) - timed):
            raise ValueError(
                f"kernel {self.name!r}, stage {stage.name!r}: picks {wrong} are not among its "
                f"outputs along time, {sorted(timed)}"
            )

        if wrong := sorted(set(stage.late) - set(stage.outputs)):
            raise ValueError(
                f"kernel {self.name!r}, stage {stage.name!r}: late {wrong} are not among its "
                f"outputs, {sorted(stage.outputs)}"
            )

    def made(self, options: Any, base: Path | None) -> "Kernel":
        """Return the kernel with its tables: itself, unless options or files decide on them."""
        return self if self.make is None else self.make(options, base)

    @property
    def kept(self) -> dict[str, Path]:
        """Return the files that a store keeps a copy of, by their names there."""
        return {kept_as(written): file for written, file in self.files.items()}

    def variable(self, name: str) -> Variable:
        """Return the output or intermediate of that name."""
        return next(v for v in (*self.outputs, *self.intermediates) if v.name == name)

    def time_of(self, variable: Variable) -> str:
        """Return the dimension of time of a variable; empty where it has none."""
        return next((dim for dim in variable.dims if dim in self.steps), "")


def _of_drivers(factor: Factor, drivers: Sequence[Variable]) -> Factor:
    """Return a factor with those of its drivers that a kernel has."""
    own = tuple(driver.name for driver in drivers if driver.name in factor.drivers)
    if not own:
        names, there = list(factor.drivers), [driver.name for driver in drivers]
        raise ValueError(f"{factor.parameter.name!r} changes {names}, none of {there}")
    return factor.of(*own)


Read = Callable[
    [Mapping[str, Any], Callable[[str], Kernel], Callable[[Mapping[str, Any], Kernel], Any]], Any
]
