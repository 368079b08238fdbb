"""Numbers and lists as Fortran writes and reads them, for every file of a model in Fortran.

The forms are those of list-directed input, tried on gfortran 12: ``1.5D3``, ``1.5q3`` and
``5.68-104``, whose exponent has lost its letter, are numbers; ``1_0``, ``T``, ``0x10`` and
``1.5e`` are none; ``3*0.5`` is three numbers.
"""

import math
import re
from collections.abc import Iterable

_REAL = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[edq]([+-]?[0-9]+)|([+-][0-9]+))?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_SPECIAL = re.compile(r"([+-]?)(?:(inf(?:inity)?)|nan(?:\([^()]*\))?)")
_LOGICAL = re.compile(r"\.(?P<dotted>[tf])[a-z]*\.?|(?P<plain>t|f|true|false)")
_REPEATED = re.compile(r"([0-9]+)\*(.*)", re.DOTALL)


def real(text: str) -> float | None:
    """Return a number, which may be NaN or infinite; None where Fortran reads none."""
    word = text.strip().lower()
    if match := _REAL.fullmatch(word):
        digits, marked, bare = match.groups()
        return float(f"{digits}e{marked or bare or 0}")
    if match := _SPECIAL.fullmatch(word):
        value = math.inf if match[2] else math.nan
        return -value if match[1] == "-" else value
    return None


def number(text: str) -> float | None:
    """Return a finite number, or None: no constant of a model is infinite."""
    value = real(text)
    return value if value is not None and math.isfinite(value) else None


def integer(text: str) -> int | None:
    """Return a whole number, or None; Fortran reads ``1.0`` into no integer."""
    word = text.strip()
    return int(word) if _INTEGER.fullmatch(word) else None


def logical(text: str) -> bool | None:
    """Return ``.true.``, ``T`` or ``.f.`` as what they mean, or None; 0 and 1 are numbers."""
    match = _LOGICAL.fullmatch(text.strip().lower())
    return (match["dotted"] or match["plain"]).startswith("t") if match else None


def repeated(words: Iterable[str]) -> list[str]:
    """Return values with ``3*0.5`` written out, and nothing for each of ``3*``."""
    unfolded: list[str] = []
    for word in words:
        match = _REPEATED.fullmatch(word.strip())
        # A count of 0 is an error in Fortran, and stays what it is: no number.
        times = int(match[1]) if match else 0
        unfolded += [match[2]] * times if match and 0 < times <= _MOST else [word]
    return unfolded


_MOST = 10_000
"""A larger count is no list of a model's, but a slip of the pen that would fill memory."""
