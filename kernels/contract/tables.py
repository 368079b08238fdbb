"""What a kernel is: a self-checking table and one or more compiled stages.

A kernel never opens a file, draws a number, converts a unit or raises for a member.
It receives floats in its own units and answers with arrays and one status per member.
The exception, marked ``isolated``, starts programs that do; see `kernels.executable`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.paths import placed
from kernels.contract.plausible import HALF_AROUND, Plausible
from kernels.contract.ranges import Range

MODEL = "model"
"""The dimension of models side by side, of the outputs that all of them make."""


@dataclass(frozen=True)
class Parameter:
    """A constant of the model that a design may vary.

    Parameters
    ----------
    name, units, meaning, source : str
        ``units`` as pint reads them; ``source`` is the paper and place of the default.
    default, lower, upper : float
        Default and the physical bounds, in ``units``; ``lower <= default <= upper``. Outside
        the bounds the equations do not hold and a value is refused.
    plausible : Plausible
        What a design draws from that names the parameter and no distribution. A default of 0,
        a temperature or an exponent needs one of its own: half of it means nothing, or too much.
    """

    name: str
    units: str
    default: float
    lower: float
    upper: float
    meaning: str
    source: str
    plausible: Plausible = HALF_AROUND

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"parameter {self.name!r}: a name is letters, digits and '_'")
        if not self.lower <= self.default <= self.upper:
            raise ValueError(
                f"parameter {self.name!r}: default {self.default!r} is outside "
                f"[{self.lower!r}, {self.upper!r}] {self.units}; correct the table or its bounds"
            )
        low, high = self.plausible.low, self.plausible.high
        if self.plausible.of == "value" and not self.lower <= low < high <= self.upper:
            raise ValueError(
                f"parameter {self.name!r}: plausible from {low!r} to {high!r} is outside "
                f"[{self.lower!r}, {self.upper!r}] {self.units}; correct the table or its bounds"
            )

    def likely(self, default: F8 | None = None) -> tuple[F8, F8]:
        """Return the plausible range about defaults, cut at the bounds.

        Parameters
        ----------
        default : ndarray, float64, optional
            In ``units``, of any shape; the table's own by default.

        Returns
        -------
        low, high : ndarray, shape of ``default``, float64
            In ``units``. ``low < high`` fails where a rule has nothing to go by: a default of 0
            or, of a scenario's own, outside the bounds.
        """
        own = np.asarray(self.default if default is None else default, dtype=np.float64)
        low, high = self.plausible.around(own)
        return np.maximum(low, self.lower), np.minimum(high, self.upper)


@dataclass(frozen=True)
class Limit:
    """The most that a stock can hold, whatever the place: a member beyond it is no soil.

    It changes no value and no status. Members beyond it are counted, and a scenario may leave
    them out of statistics and indices.

    Parameters
    ----------
    above : float
        Values above it are beyond the limit, in the units of the output; ``inf`` where a stock
        has none.
    source : str
        What holds as much and where that is from, or why there is no limit.
    """

    above: float
    source: str


@dataclass(frozen=True)
class Variable:
    """A driver, an output, or an intermediate that one stage hands to a later one.

    ``dims`` are the dimensions besides location and sample. ``expected_range`` is what a driver
    may be; None where nobody says, as of a user's program. Stocks among the outputs declare a
    ``limit``; those of kernels elsewhere may lack it, and then nothing is counted.
    """

    name: str
    units: str
    meaning: str
    dims: tuple[str, ...] = ("time",)
    standard_name: str = ""
    expected_range: Range | None = None
    limit: Limit | None = None


@dataclass(frozen=True, eq=False)
class Coordinate:
    """A dimension of the kernel's own, such as ``layer``: where its places are.

    Attributes
    ----------
    values : ndarray, shape (n,), float64
        In ``units``, finite and rising: the middle of a layer.
    units, meaning : str
    bounds : ndarray, shape (n, 2), float64, or None
        Lower and upper end of each place, around its value.
    labels : tuple of str
        Names of the places, where those say it better than numbers: pools, models.
    """

    values: F8
    units: str
    meaning: str
    bounds: F8 | None = None
    labels: tuple[str, ...] = ()

    @classmethod
    def named(cls, labels: Sequence[str], meaning: str) -> "Coordinate":
        """Return a dimension whose places have names alone."""
        return cls(np.arange(float(len(labels))), "1", meaning, labels=tuple(labels))

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float64)
        object.__setattr__(self, "values", values)
        if values.ndim != 1 or not values.size or not np.isfinite(values).all():
            raise ValueError(f"a coordinate has shape {values.shape}; needed (n,), finite numbers")
        if (np.diff(values) <= 0).any():
            raise ValueError(f"a coordinate of {values.tolist()} {self.units} does not rise")
        if self.labels and len(set(self.labels)) != values.size:
            raise ValueError(f"labels {self.labels}; needed {values.size}, each once")
        if self.bounds is None:
            return
        bounds = np.asarray(self.bounds, dtype=np.float64)
        object.__setattr__(self, "bounds", bounds)
        if bounds.shape != (values.size, 2):
            raise ValueError(f"bounds have shape {bounds.shape}; needed ({values.size}, 2)")
        if not ((bounds[:, 0] < values) & (values < bounds[:, 1])).all():
            raise ValueError(f"bounds {bounds.tolist()} are not around {values.tolist()}")


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


Run = Callable[[Batch, Mapping[str, F8], U1], Sequence[str] | None]
"""``run(batch, out, status)`` fills ``out[name]`` (L, *dims, S) and ``status`` (L, S).

``out`` holds only what is asked for. A member that fails gets a status of
`kernels.STATUSES` and NaN in every output; its neighbours are unchanged to the last bit.
``status`` arrives holding zeros. What is returned, if anything, is one note for each member
of which there is more to say than its status: an exit code, the end of what a program said.
"""


@dataclass(frozen=True)
class Fault:
    """One thing to mend before a kernel can be made: `text`, and its place.

    ``where`` is below ``kernel:`` of the scenario; or ``file`` and ``line``, of a file it names.
    """

    text: str
    where: str = ""
    file: str = ""
    line: int | None = None


class Unfit(ValueError):
    """Options that make no kernel, or files of theirs that are not there; holds every fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.where or f.file}: {f.text}" for f in faults))


class Unavailable(OSError):
    """The machine is at fault and no member is: no room in the scratch folder, no program."""


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
        The tables. Names are unique across all four, and ``coords``.
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
    time_limit : float
        Seconds after which the kernel itself gives a member up; 0 if it never does.
    coords : mapping of str to Coordinate
        Dimensions of the kernel's own, by name: ``layer``. Other dims have the length that
        drivers give them.
    lanes : int
        Pairs of location and sample that a call should hold at least, to vectorise; calls hold
        fewer where there are no more, or where memory is short.
    notes : tuple of str
        What its files say and nothing here depends on, one line each, with the file's name first.
    warnings : tuple of str
        What the model that its files are of would do with them otherwise, and what that changes.
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
    parts: "tuple[Kernel, ...]" = ()
    read: "Read | None" = None

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
        **more
            Other attributes that the options or their files decide on.
        """
        parameters, drivers, outputs = tuple(parameters), tuple(drivers), tuple(outputs)
        stage = Stage(
            name,
            parameters=tuple(parameter.name for parameter in parameters),
            drivers=tuple(driver.name for driver in drivers),
            upstream=(),
            outputs=tuple(output.name for output in outputs),
            open=open_,
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


Read = Callable[
    [Mapping[str, Any], Callable[[str], Kernel], Callable[[Mapping[str, Any], Kernel], Any]], Any
]


def file_of(written: str, base: Path) -> Path:
    """Return a kernel's file: the store's copy where there is one, or that beside the scenario.

    Raises
    ------
    Unfit
        A variable in its path is not set.
    """
    kept = base / kept_as(written)
    try:
        return kept if kept.is_file() else placed(base, written)
    except ValueError as error:
        raise Unfit((Fault(str(error)),)) from error


def kept_as(written: str) -> str:
    """Return the name under which a store keeps a kernel's file."""
    return f"kernel-{sha256(written.encode()).hexdigest()[:8]}-{Path(written).name}"
