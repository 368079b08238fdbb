"""A program, ready to be run for members: its files, its templates, its scratch folders."""

import math
import os
import re
import shlex
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from errno import EIO
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, U1
from kernels.contract.faults import Fault, Unavailable, Unfit
from kernels.contract.paths import expanded, file_of
from kernels.contract.stages import Batch, Run
from kernels.contract.status import (
    BAD_INPUT,
    BAD_OUTPUT,
    CRASHED,
    NOT_FINITE,
    OUT_OF_RANGE,
    TIMED_OUT,
)
from kernels.programs.parts import exchange as _exchange
from kernels.programs.parts import process as _process
from kernels.programs.parts.options import RUN_WORDS, Options, beside, plain, put_in

SCRATCH = "SOILSWEEP_SCRATCH"
"""Environment: folder for scratch folders, instead of the system's for temporary files."""

KEEP = "SOILSWEEP_KEEP"
"""Environment: ``failed`` keeps the scratch folders of members that fail."""

_PLACE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*(?::\s*(\w*)\s*)?\}\}")
"""``{{tau_soil}}``, a number with a point; ``{{layers:int}}``, one without, as Fortran insists."""

NOTE_PARAMETERS = 8
"""A note names a member by so many parameters."""


def open_program(options: Options, base: Path) -> "Program":
    """Return the program with its files found and its templates read.

    Raises
    ------
    Unfit
        Files or programs that are not there, templates with unknown names, parameters that
        none of them uses; all of them.
    """
    files: dict[str, Path] = {}
    faults: list[Fault] = []
    for where, written in _sources(options):
        try:
            files[written] = file_of(written, base)
        except Unfit as error:
            faults += [replace(fault, where=where) for fault in error.faults]
            continue
        if not files[written].is_file() or not os.access(files[written], os.R_OK):
            why = "cannot be read" if files[written].exists() else "is no such file"
            need = "needed a file, its path relative to the scenario's folder"
            faults.append(Fault(f"{str(files[written])!r} {why}; {need}", where))
    programs, missing = _installed(options)
    if faults or missing:
        raise Unfit([*faults, *missing])
    templates = {name: _text(files[plain(written)]) for name, written in options.inputs.items()}
    faults = list(_misplaced(options, templates, files))
    if faults:
        raise Unfit(faults)
    return Program(options, templates, files, programs)


def _sources(options: Options) -> Iterator[tuple[str, str]]:
    """Yield the place in the scenario and the path of every file that it names."""
    yield from _linked(options)
    yield from ((f"inputs.{name}", plain(file)) for name, file in options.inputs.items())


def _linked(options: Options) -> Iterator[tuple[str, str]]:
    """Yield those that scratch folders have as they are."""
    if beside(options):
        yield "command[0]", beside(options)
    yield from ((f"files[{i}]", plain(file)) for i, file in enumerate(options.files))


def _installed(options: Options) -> tuple[dict[str, Path], list[Fault]]:
    name = "/bin/sh" if options.shell else options.command[0]
    if beside(options):
        return {}, []
    try:
        program = shutil.which(name if options.shell else expanded(name))
    except ValueError as error:
        return {}, [Fault(str(error), "command[0]")]
    if program:
        return {name: Path(program)}, []
    message = f"no program {name!r} on this machine; install it, load its module, or write "
    message += f"'./{put_in(name)}' for a file beside the scenario"
    return {}, [Fault(message, "command[0]")]


def _text(file: Path) -> str:
    # Templates of old models have accents in encodings nobody remembers; their bytes come back.
    return file.read_bytes().decode(errors="surrogateescape")


def _words(options: Options) -> Sequence[str]:
    return [options.command] if options.shell else options.command


def _misplaced(
    options: Options, templates: Mapping[str, str], files: Mapping[str, Path]
) -> Iterator[Fault]:
    """Yield names in templates that stand for nothing, and parameters that no template uses."""
    used: set[str] = set()
    names = [*options.parameters, *RUN_WORDS]
    named = [("", "command", word) for word in _words(options)]
    named += [
        (str(files[plain(options.inputs[n])]), f"inputs.{n}", t) for n, t in templates.items()
    ]
    for file, where, text in named:
        for match in _PLACE.finditer(text):
            used.add(match[1])
            if match[1] not in names or match[2] not in (None, "int"):
                need = f"needed {{{{name}}}} or {{{{name:int}}}} of one of {', '.join(names)}"
                message = f"found {match[0]}; {need}"
                line = text.count("\n", 0, match.start()) + 1
                yield Fault(message, "" if file else where, file, line if file else None)
    for name in options.parameters:
        if name not in used:
            text = f"no template uses it; write {{{{{name}}}}} where its value goes, or remove it"
            yield Fault(text, f"parameters.{name}")


class _Failed(Exception):
    """A member ended without outputs: its status, and what there is to say."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Program:
    """A program with its files, shared by the threads of a process.

    Parameters
    ----------
    options : Options
    templates : mapping of str to str
        Text by name in the scratch folder.
    files, programs : mapping of str to Path
        As `kernels.Kernel` has them.
    """

    def __init__(
        self,
        options: Options,
        templates: Mapping[str, str],
        files: Mapping[str, Path],
        programs: Mapping[str, Path],
    ) -> None:
        self.options = options
        self.templates = templates
        self.files = files
        self.programs = programs
        self._lock = threading.Lock()
        self._staged: Path | None = None
        self._written: tuple[bytes, dict[str, bytes]] = b"", {}

    @property
    def shown(self) -> str:
        """Return the command for people."""
        words = _words(self.options)
        return f"/bin/sh -c {shlex.quote(words[0])}" if self.options.shell else shlex.join(words)

    def open(self, options: Any) -> Run:
        """Return the function that runs members one after the other."""
        return self._run

    def _run(self, batch: Batch, out: Mapping[str, F8], status: U1) -> list[str]:
        notes = []
        years = batch.coords["year"]
        for place, sample in np.ndindex(status.shape):
            if sample == 0:
                series = {n: v[place] for n, v in batch.drivers.items()}
                written = self._series(series, years)
            values = {
                n: float(v[place if len(v) > 1 else 0, sample]) for n, v in batch.parameters.items()
            }
            results: dict[str, Any] = dict.fromkeys(out, math.nan)
            try:
                _check_finite(values, series)
                results = self._member(values, written, list(out), years)
            except _Failed as error:
                status[place, sample] = error.status
                notes.append(f"{_named(values)}: {error}")
            for name, array in out.items():
                array[place, ..., sample] = results[name]
        return notes

    def _series(self, series: Mapping[str, F8], years: NDArray[Any]) -> dict[str, bytes]:
        """Return the files of drivers, the same for all samples of a location."""
        # Those of the call before, mostly: each member has a call of its own.
        of = b"".join(v.tobytes() for v in (years, *series.values()))
        known, written = self._written
        if known != of:
            written = self._encoded(series, years)
            self._written = of, written
        return written

    def _encoded(self, series: Mapping[str, F8], years: NDArray[Any]) -> dict[str, bytes]:
        files: dict[str, dict[str, F8]] = {}
        for name, words in self.options.drivers.items():
            files.setdefault(words.file, {})[words.variable or name] = series[name]
        return {
            file: _exchange.encoded(PurePosixPath(file).suffix, years, columns)
            for file, columns in files.items()
        }

    def _member(
        self,
        values: Mapping[str, float],
        series: Mapping[str, bytes],
        wanted: Sequence[str],
        years: NDArray[Any],
    ) -> dict[str, F8]:
        values_by_name = {**values, **dict(zip(RUN_WORDS, _run_words(years), strict=True))}
        words = [_filled(word, values_by_name) for word in _words(self.options)]
        program = beside(self.options)
        command = ["/bin/sh", "-c", *words] if self.options.shell else words
        if not self.options.shell:
            command = [expanded(words[0]), *words[1:]]
        if program:
            command = [f"./{put_in(program)}", *words[1:]]
        with _scratch() as folder:
            work, out, err = folder / "work", folder / "stdout", folder / "stderr"
            with _machine_at_fault():
                self._furnish(work, values_by_name, series)
            limit = self.options.time_limit
            code = _process.run(command, work, seconds=limit, out=out, err=err)
            last = _process.tail(err, work) or _process.tail(out, work)
            ending = f"; it said: {last}" if last else ""
            if code is None:
                raise _Failed(TIMED_OUT, f"no end within {limit:g} s{ending}")
            if code:
                raise _Failed(CRASHED, f"{_process.told(code)}{ending}")
            try:
                return self._outputs(work, wanted, years)
            except ValueError as error:
                raise _Failed(BAD_OUTPUT, f"{error}{ending}") from error

    def _furnish(
        self, work: Path, values: Mapping[str, float], series: Mapping[str, bytes]
    ) -> None:
        """Make the folder of a member: files, templates filled in, drivers."""
        staged = self._stage()
        work.mkdir()
        for file in {words.file for words in self.options.outputs.values()}:
            (work / file).parent.mkdir(parents=True, exist_ok=True)
        for copy in staged.iterdir() if staged else ():
            (work / copy.name).symlink_to(copy)
        texts = {n: _filled(t, values) for n, t in self.templates.items()}
        encoded = {n: t.encode(errors="surrogateescape") for n, t in texts.items()}
        for name, content in {**encoded, **series}.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)

    def _outputs(self, work: Path, wanted: Sequence[str], years: NDArray[Any]) -> dict[str, F8]:
        """Return the outputs that are asked for, (T,) or ()."""
        by_file: dict[str, list[str]] = {}
        for name in wanted:
            by_file.setdefault(self.options.outputs[name].file, []).append(name)
        outputs = {}
        for file, names in by_file.items():
            variables = {n: self.options.outputs[n].variable or n for n in names}
            columns = _exchange.read(work / file, list(variables.values()), years)
            for name, variable in variables.items():
                dims, values = self.options.outputs[name].dims, columns[variable]
                needed = len(years) if dims else 1
                if values.size != needed:
                    message = f"{file}, {variable!r}: found {values.size} values; needed {needed}"
                    raise ValueError(message)
                if not np.isfinite(values).all():
                    raise _Failed(NOT_FINITE, f"{file}, {variable!r}: not finite")
                outputs[name] = values.reshape(-1) if dims else values.reshape(())
        return outputs

    def _stage(self) -> Path | None:
        """Return a folder of this process with the files, copied once: local, and executable."""
        names = {written for _, written in _linked(self.options)}
        with self._lock:
            if names and self._staged is None:
                folder = Path(tempfile.mkdtemp(prefix="soilsweep-files-", dir=scratch_base()))
                weakref.finalize(self, _remove, folder, os.getpid())
                for written in names:
                    copy = folder / put_in(written)
                    shutil.copyfile(self.files[written], copy)
                    copy.chmod(0o555)
                self._staged = folder
            return self._staged


def _run_words(years: NDArray[Any]) -> tuple[int, int, int]:
    return int(years[0]), int(years[-1]), len(years)


def _filled(text: str, values: Mapping[str, float]) -> str:
    """Return a text with values for names; ``repr`` has as many digits as bring back every bit."""
    return _PLACE.sub(lambda match: _spelled(match[1], values[match[1]], match[2]), text)


def _spelled(name: str, value: float, kind: str | None) -> str:
    if kind is None:
        return repr(value)
    if value != int(value):
        message = f"{name!r} is not a whole number, which {{{{{name}:int}}}} needs"
        raise _Failed(OUT_OF_RANGE, message)
    return str(int(value))


def _check_finite(values: Mapping[str, float], series: Mapping[str, F8]) -> None:
    given: dict[str, Any] = {**values, **series}
    for name, value in given.items():
        if not np.isfinite(value).all():
            raise _Failed(BAD_INPUT, f"{name!r} is not finite; the program was not run")


def _named(values: Mapping[str, float]) -> str:
    some = [f"{name}={value!r}" for name, value in values.items()][:NOTE_PARAMETERS]
    return ", ".join([*some, *(["..."] if len(values) > NOTE_PARAMETERS else [])])


def scratch_base() -> Path:
    """Return the folder for scratch folders, made if it is not there."""
    base = Path(os.environ.get(SCRATCH) or tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    return base


@contextmanager
def _scratch() -> Iterator[Path]:
    """Make a member's folder and remove it; a failed one is kept where that is asked for."""
    with _machine_at_fault():
        folder = Path(tempfile.mkdtemp(prefix="soilsweep-member-", dir=scratch_base()))
    keep = False
    try:
        yield folder
    except _Failed as error:
        keep = os.environ.get(KEEP) == "failed"
        if keep:
            raise _Failed(error.status, f"{error}; kept in {folder}") from error
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _machine_at_fault() -> Iterator[None]:
    """Tell a full disk from a member that fails: it would cost every member after it, too."""
    try:
        yield
    except OSError as error:
        place = error.filename or scratch_base()
        # Not its own number: who meets ENOSPC would say that the store's disk is full.
        raise Unavailable(EIO, f"scratch folder: {place}: {error.strerror}") from error


def _remove(folder: Path, process: int) -> None:
    # Not by a fork that inherited this: its parent is still at work.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
