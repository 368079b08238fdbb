"""What a plan notices before a run: one thing each, for people and for programs."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scenarios.units import ranged

DATA, FILE, DRIVER, DEFAULT, DESIGN, FROZEN, FILES, CUT, SHARED, PASSED_ON, UNSAID = (
    "data", "file", "driver", "default", "design", "frozen", "files", "cut", "shared", "passed_on",
    "unsaid",
)  # fmt: skip
"""Kinds: said by a reader or a response; a file of the kernel that its own model reads otherwise;
a driver, a control member's value or a distribution out of its range; steady states at mean drivers
where soil freezes; more files than a file system likes; seasons that the ends of a run cut; what
locations share and blocks of them pay again; outputs that no parameter moves; masses of which no
unit says that they are of carbon."""


@dataclass(frozen=True)
class Notice:
    """Something that makes a run worth a second look.

    Attributes
    ----------
    kind : str
        One of the kinds above.
    text : str
        One sentence or more for people; `str` of a notice is this.
    name : str
        The driver or parameter.
    share : float
        Of values, locations or samples: what the text says; from 0 to 1.
    value : float
        The worst one, in ``units``.
    lower, upper : float
        The range it is compared with; infinite where it has no end.
    units : str
    place : str
        Where the worst one is: forcing, location and time.
    cause : str
        The likely mistake; empty if none fits.
    fails : bool
        Whether members fail for it, by the kernel's own check.
    """

    kind: str
    text: str
    name: str = ""
    share: float = math.nan
    value: float = math.nan
    lower: float = -math.inf
    upper: float = math.inf
    units: str = ""
    place: str = ""
    cause: str = ""
    fails: bool = False

    def __str__(self) -> str:
        return self.text

    def as_json(self) -> Mapping[str, Any]:
        """Return it for programs; numbers that are none, or without end, are null."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(self).items()
        }


def between(lower: float, upper: float, units: str) -> str:
    """Return a range in words: ``0 to 1``, ``above 1 yr``, with its unit."""
    unit = "" if units == "1" else f" {units}"
    if math.isinf(upper):
        return f"{lower:,.6g}{unit} and more"
    if math.isinf(lower):
        return f"{upper:,.6g}{unit} and less"
    return f"{ranged(lower, upper, ',.6g')}{unit}"


def with_unit(value: float, units: str) -> str:
    """Return a number in words, with its unit."""
    return f"{value:,.6g}{'' if units == '1' else f' {units}'}"


def percent(share: float) -> str:
    """Return a share in words; it is 0 % or 100 % only if it is exactly that."""
    if 0.0 < share < 1e-4:
        return "less than 0.01%"
    if 0.9999 < share < 1.0:
        return "more than 99.99%"
    return f"{100 * share:.4g}%"


def size(nbytes: float) -> str:
    """Return bytes in words."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if nbytes < 1024 or unit == "TiB":
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1024
    raise AssertionError
