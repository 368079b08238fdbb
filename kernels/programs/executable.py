"""A program of yours as a kernel: Fortran, C, R, anything that reads files and writes files.

The scenario declares the tables. Each member runs in a scratch folder of its own: templates
are filled in, series of drivers written, the command run without a shell and within a time
limit, and its outputs read. In a template ``{{tau_soil}}`` stands for the value of a parameter,
in as many digits as bring back every bit, and ``{{layers:int}}`` for one without a point;
``{{first_year}}``, ``{{last_year}}`` and ``{{steps}}`` for the run's; every other brace stays.

.. code-block:: yaml

    kernel:
      command: [./soil_model, soil.nml]
      time_limit: 600
      seconds: 0.02
      inputs: {soil.nml: templates/soil.nml}
      parameters:
        tau_soil: {units: yr, default: 38.3, lower: 1, upper: 1000, plausible: [16, 60]}
      drivers:
        npp: {units: Pg C yr-1, file: drivers.csv}
      outputs:
        c_soil: {units: Pg C, file: soil.csv}
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from kernels.contract.entries import Parameter, Variable
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.plausible import HALF_AROUND, Plausible
from kernels.programs.parts.exchange import SUFFIXES
from kernels.programs.parts.options import RUN_WORDS, Options, ParameterWords, beside, plain, put_in
from kernels.programs.parts.program import open_program

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _make(options: Options, base: Path | None) -> Kernel:
    faults = [*_command(options), *_tables(options)]
    # Names of files are compared only where there is a command to take one from.
    faults += _file_names(options) if not faults else ()
    if faults:
        raise Unfit(faults)
    program = open_program(options, base) if base is not None else None
    return KERNEL.of_stage(
        "program",
        program.open if program else _closed,
        parameters=(_parameter(n, p) for n, p in options.parameters.items()),
        drivers=(Variable(n, d.units, d.meaning or n) for n, d in options.drivers.items()),
        outputs=(
            Variable(n, o.units, o.meaning or n, o.dims, o.standard_name)
            for n, o in options.outputs.items()
        ),
        title=f"program {options.command if options.shell else options.command[0]}",
        files=program.files if program else {},
        programs=program.programs if program else {},
        commands=(program.shown,) if program else (),
        time_limit=options.time_limit,
        steps={"time": "year"},
    )


def _parameter(name: str, p: ParameterWords) -> Parameter:
    likely = Plausible(*p.plausible, "the scenario") if p.plausible else HALF_AROUND
    about = (p.meaning or name, p.source)
    return Parameter(name, p.units, p.default, p.lower, p.upper, *about, likely)


def _closed(options: Options) -> Any:
    raise ValueError("a kernel made without its files cannot run")


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    return options.seconds


def _command(options: Options) -> Iterator[Fault]:
    command, spelling = options.command, _spelled(options.command)
    if options.shell:
        if not isinstance(command, str) or not command.strip():
            yield Fault(f"found {spelling}; needed one string, as shell: true", "command")
    elif isinstance(command, str) and command:
        need = "needed a list, such as [./soil_model, soil.nml], or shell: true beside it"
        yield Fault(f"found {spelling}; {need}", "command")
    elif not (isinstance(command, list | tuple) and command and all(map(_is_word, command))):
        need = "needed a list of texts, such as [./soil_model, soil.nml]"
        yield Fault(f"found {spelling}; {need}", "command")
    for name in ("time_limit", "seconds"):
        if not getattr(options, name) > 0:
            yield Fault(f"found {getattr(options, name):g}; needed more than 0 (seconds)", name)


def _is_word(word: Any) -> bool:
    return isinstance(word, str) and word != "" and "\0" not in word


def _spelled(command: Any) -> str:
    return repr(list(command) if isinstance(command, tuple) else command)[:60]


def _tables(options: Options) -> Iterator[Fault]:
    owners = dict.fromkeys(RUN_WORDS, "what a template may say of the run")
    for table in ("parameters", "drivers", "outputs"):
        entries = getattr(options, table)
        if not entries:
            yield Fault(f"is missing; needed one or more: {_EXAMPLES[table]}", table)
        for name in entries:
            where = f"{table}.{name}"
            if not _NAME.fullmatch(name):
                need = "needed a name of letters, digits and '_', a letter first"
                yield Fault(f"found {name!r}; {need}", where)
            elif name in owners:
                yield Fault(f"{name!r} is {owners[name]} too; names are unique", where)
            owners.setdefault(name, f"among {table}")
    for name, parameter in options.parameters.items():
        if not parameter.lower <= parameter.default <= parameter.upper:
            message = f"found {parameter.default!r}; needed a number from lower to upper"
            message += f" ({parameter.lower!r} to {parameter.upper!r})"
            yield Fault(message, f"parameters.{name}.default")
        if parameter.plausible is None:
            continue
        low, high = parameter.plausible
        if not parameter.lower <= low < high <= parameter.upper:
            message = (
                f"found [{low!r}, {high!r}]; needed two numbers that rise, from lower to upper"
            )
            message += f" ({parameter.lower!r} to {parameter.upper!r})"
            yield Fault(message, f"parameters.{name}.plausible")


_EXAMPLES = {
    "parameters": "{tau_soil: {units: yr, default: 30, lower: 1, upper: 1000}}",
    "drivers": "{npp: {units: Pg C yr-1, file: drivers.csv}}",
    "outputs": "{c_soil: {units: Pg C, file: soil.csv}}",
}


def _file_names(options: Options) -> Iterator[Fault]:
    """Yield names outside the scratch folder, and names of two things."""
    placed: dict[str, str] = {}
    for where, name in _placed(options):
        yield from _outside(name, where)
        if other := _clash(name, placed):
            yield Fault(f"{name!r} is the file of {other} too; rename one of them", where)
        placed.setdefault(name, where)
    for name, output in options.outputs.items():
        where = f"outputs.{name}.file"
        yield from _outside(output.file, where)
        if other := _clash(output.file, placed):
            message = f"{output.file!r} is there before the program runs ({other})"
            yield Fault(f"{message}; have it write another file", where)
    yield from _columns(options)


def _clash(name: str, placed: Mapping[str, str]) -> str:
    """Return the place of a file of the same name, or one of which one is inside the other."""
    clashes = (
        where
        for other, where in placed.items()
        if f"{name}/".startswith(f"{other}/") or f"{other}/".startswith(f"{name}/")
    )
    return next(clashes, "")


def _columns(options: Options) -> Iterator[Fault]:
    """Yield files of an unknown kind, and columns of two variables."""
    taken: dict[tuple[str, str], str] = {}
    for table in ("drivers", "outputs"):
        for name, entry in getattr(options, table).items():
            where, column = f"{table}.{name}", (entry.file, entry.variable or name)
            if PurePosixPath(entry.file).suffix not in SUFFIXES:
                need = f"needed a name that ends in {' or '.join(SUFFIXES)}"
                yield Fault(f"found {entry.file!r}; {need}", f"{where}.file")
            if column in taken or column[1] == "year":
                message = (
                    f"{column[1]!r} of {entry.file} is {taken.get(column, 'the year')} already"
                )
                yield Fault(f"{message}; say another variable:", where)
            taken.setdefault(column, where)


def _placed(options: Options) -> Iterator[tuple[str, str]]:
    """Yield the place in the scenario and the name of every file a scratch folder begins with."""
    yield from ((f"inputs.{name}", name) for name in options.inputs)
    program = beside(options)
    if program and program not in map(plain, options.files):
        yield "command[0]", put_in(program)
    yield from ((f"files[{i}]", put_in(file)) for i, file in enumerate(options.files))
    first: dict[str, str] = {}
    for name, driver in options.drivers.items():
        first.setdefault(driver.file, name)
    yield from ((f"drivers.{name}.file", file) for file, name in first.items())


def _outside(name: str, where: str) -> Iterator[Fault]:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or name in ("", "."):
        need = "needed a name inside the member's scratch folder, such as soil.nml or in/soil.nml"
        yield Fault(f"found {name!r}; {need}", where)


KERNEL = Kernel.declared(
    _make,
    name="executable",
    title="Your own program, run for each member: Fortran, R, whatever reads and writes files",
    source="the scenario",
    options=Options,
    seconds=_seconds,
    isolated=True,
)
