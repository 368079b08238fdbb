"""What a job asks for; also SLURM's ways of writing times and memory."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TIME = re.compile(
    r"(?:(?P<d>\d+)-(?P<dh>\d+)(?::(?P<dm>\d+)(?::(?P<ds>\d+))?)?"
    r"|(?P<h>\d+):(?P<hm>\d+):(?P<hs>\d+)"
    r"|(?P<m>\d+)(?::(?P<s>\d+))?)"
)
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?B)?", re.IGNORECASE)


def minutes(text: str) -> int:
    """Return a time limit in whole minutes, rounded up as SLURM does.

    Parameters
    ----------
    text : str
        ``minutes``, ``minutes:seconds``, ``hours:minutes:seconds``, ``days-hours``,
        ``days-hours:minutes`` or ``days-hours:minutes:seconds``.

    Raises
    ------
    ValueError
        Another form, or no time at all: SLURM takes 0 for unlimited.
    """
    match = _TIME.fullmatch(str(text).strip())
    if not match:
        raise ValueError(
            f"time {text!r} is not one of SLURM's forms; write minutes (90), "
            "hours:minutes:seconds (01:30:00) or days-hours:minutes (2-12:00)"
        )
    part = {name: int(digits or 0) for name, digits in match.groupdict().items()}
    seconds = (
        86400 * part["d"]
        + 3600 * (part["dh"] + part["h"])
        + 60 * (part["dm"] + part["hm"] + part["m"])
        + (part["ds"] + part["hs"] + part["s"])
    )
    if not seconds:
        raise ValueError(f"time {text!r} is zero; at least one minute is needed")
    return math.ceil(seconds / 60)


def mebibytes(text: str) -> int:
    """Return an amount of memory in MiB, rounded up.

    Parameters
    ----------
    text : str
        A number with K, M, G or T as SLURM writes it, with KiB and so on, both in powers of
        1024, or with KB and so on, in powers of 1000; MiB where there is no unit.

    Raises
    ------
    ValueError
        Not an amount, or zero: SLURM takes 0 for the whole node.
    """
    match = _MEMORY.fullmatch(str(text).strip())
    if not match or (match[3] and not match[2]):
        raise ValueError(f"memory {text!r} is not an amount; write 500M, 4G, 4GiB or 4096 (MiB)")
    base = 1000 if (match[3] or "").upper() == "B" else 1024
    unit = base ** "KMGT".index(match[2].upper()) * base if match[2] else 1024**2
    amount = math.ceil(float(match[1]) * unit / 1024**2)
    if not amount:
        raise ValueError(f"memory {text!r} is zero; at least 1M is needed")
    return amount


def one_line(what: str, text: str) -> str:
    """Return the text; a line break in it would become a line of the batch script.

    Raises
    ------
    ValueError
        It holds a control character.
    """
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise ValueError(f"{what} {text!r} holds a control character; one plain line is needed")
    return text


def faults(asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields of `Resources` that make no sense, each with what is wrong.

    Parameters
    ----------
    asked : mapping of str to object
        Fields by name; those that are left out are not judged.
    """
    for name in ("jobs", "cores"):
        if asked.get(name, 1) < 1:
            yield name, f"{name} is {asked[name]!r}; at least 1 is needed"
    for option in asked.get("extra", ()):
        if not option.startswith("-"):
            yield "extra", f"extra {option!r} is no option of sbatch; write --name=value"
    for name, read in (("time", minutes), ("memory", mebibytes)):
        try:
            if name in asked:
                read(asked[name])
        except ValueError as error:
            yield name, str(error)
    for name, value in asked.items():
        for text in value if isinstance(value, tuple) else (str(value),):
            try:
                one_line(name, text)
            except ValueError as error:
                yield name, str(error)


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one job asks for, and how many such jobs there are.

    Attributes
    ----------
    jobs : int
    cores : int
        Of each job.
    memory : str
        Of each job; see `mebibytes`.
    time : str
        Walltime of each job; see `minutes`.
    partition, account, qos, constraint, reservation : str
        The site's default where empty.
    modules : tuple of str
        Loaded before anything else.
    setup : tuple of str
        Lines of shell run before the command; the job ends at the first that fails.
    extra : tuple of str
        Further options of sbatch, such as ``--exclusive``.
    interface : str
        Network interface that Dask's workers and scheduler share, such as ``ib0``.
    cache : str
        Folder of compiled kernels, which nodes see and may write to; numba's own where empty.

    Raises
    ------
    ValueError
        Naming every field that does not make sense.
    """

    jobs: int = 1
    cores: int = 1
    memory: str = "2GiB"
    time: str = "01:00:00"
    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    reservation: str = ""
    modules: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    interface: str = ""
    cache: str = ""

    def __post_init__(self) -> None:
        if problems := [text for _, text in faults(vars(self))]:
            raise ValueError("; ".join(problems))

    @property
    def minutes(self) -> int:
        """Walltime in minutes."""
        return minutes(self.time)

    @property
    def mebibytes(self) -> int:
        """Memory in MiB."""
        return mebibytes(self.memory)

    def directives(self) -> list[str]:
        """Return the options of sbatch, one job's share, unquoted."""
        named = ("partition", "account", "qos", "constraint", "reservation")
        return [
            "--nodes=1",
            "--ntasks=1",
            f"--cpus-per-task={self.cores}",
            f"--mem={self.mebibytes}M",
            f"--time={self.minutes}",
            *(f"--{name}={getattr(self, name)}" for name in named if getattr(self, name)),
            *self.extra,
        ]
