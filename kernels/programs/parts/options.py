"""What a scenario says of a program: command, files, templates and tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

RUN_WORDS = ("first_year", "last_year", "steps")
"""What a template may say besides parameters."""


class _Strict:
    """What pydantic is told of the words below: an unknown key is a problem, never a default."""

    __pydantic_config__ = {"extra": "forbid", "allow_inf_nan": False}  # noqa: RUF012


@dataclass(frozen=True)
class ParameterWords(_Strict):
    """A parameter, as `kernels.Parameter` has it; bounds are physical ones.

    ``plausible`` is ``[low, high]`` in its unit; unsaid, half to one and a half times the default.
    """

    units: str
    default: float
    lower: float
    upper: float
    meaning: str = ""
    source: str = ""
    plausible: tuple[float, float] | None = None


@dataclass(frozen=True)
class DriverWords(_Strict):
    """A driver and the file it is written to; ``variable`` is its column there."""

    units: str
    file: str
    variable: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class OutputWords(_Strict):
    """An output and the file it is read from: ``time`` values of a variable, or one."""

    units: str
    file: str
    variable: str = ""
    dims: tuple[Literal["time"], ...] = ("time",)
    meaning: str = ""
    standard_name: str = ""


@dataclass(frozen=True)
class Options(_Strict):
    """What a scenario says of the program.

    Attributes
    ----------
    command : list of str, or str where ``shell``
        Program and arguments. With a slash and relative, such as ``./soil_model``, it is a file
        beside the scenario and travels with the store; otherwise it is installed where it runs,
        and ``~`` and ``$NAME`` in its path are what they are there.
    shell : bool
        Have ``/bin/sh`` read the command, which is then one string.
    time_limit : float
        Seconds after which a member and all that it started are killed.
    seconds : float
        Declared cost of a member, from which block lengths follow.
    files : tuple of str
        Files that each scratch folder has, read-only and executable, by their last name.
    inputs : mapping of str to str
        Template by the file in the scratch folder that is made of it.
    parameters, drivers, outputs : mapping
        The tables.
    """

    command: Any = ()
    shell: bool = False
    time_limit: float = 600.0
    seconds: float = 1.0
    files: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, ParameterWords] = field(default_factory=dict)
    drivers: Mapping[str, DriverWords] = field(default_factory=dict)
    outputs: Mapping[str, OutputWords] = field(default_factory=dict)


def beside(options: Options) -> str:
    """Return the program where it is a file of the scenario's folder; empty if installed."""
    if options.shell or "/" not in options.command[0] or options.command[0][0] in "/~$":
        return ""
    return plain(options.command[0])


def plain(written: str) -> str:
    """Return a path without what does not matter, such as a leading ``./``."""
    return str(PurePosixPath(written))


def put_in(written: str) -> str:
    """Return the name in the scratch folder of a file written as a path."""
    return PurePosixPath(written).name
