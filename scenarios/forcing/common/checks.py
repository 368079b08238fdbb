"""What every reader checks of files, numbers, signs and years: collected, told at once."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator

from kernels import F8
from scenarios.problems import Problem, ScenarioError, and_more, most_named, nearest
from scenarios.units import same

SHOWN = 10
"""Problems of one kind and file that are shown; the others are counted."""

# What programs write for "no value". Above 1e20 the exact numbers are float32's.
_FILLS = (-999.0, -9999.0, -99999.0, 1e20, 9.969209968386869e36)

_SOFT_FILLS = (-99.0, -999.0)
"""Stand for "no value" where the variable cannot be that low."""

LEAST = -90.0
"""Of what drivers are: a temperature in degC. Permil and degrees east go lower."""

LEAST_PER_MIL = -998.0
"""Of 14C: no older carbon is told from none, so -99 is a value and -999 stands for none."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.A | re.I)

_MISSING = frozenset({"", "-", "na", "n/a", "nan", "none", "null", "."})


class Findings:
    """Problems of the files of one reader, at most `SHOWN` of a kind and file in full."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], tuple[list[Problem], int]] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def of(self, file: str) -> bool:
        """Return whether there is a problem of a file."""
        return any(name == file for name, _ in self._kinds)

    def add(self, kind: str, problem: Problem) -> None:
        """Note a problem; ``kind`` is a plural: ``"gaps"``."""
        shown, more = self._kinds.setdefault((problem.file, kind), ([], 0))
        if problem in shown:
            return
        if len(shown) < most_named(SHOWN):
            shown.append(problem)
        else:
            self._kinds[problem.file, kind] = (shown, more + 1)

    def fatal(self, kind: str, problem: Problem) -> NoReturn:
        """Note a problem that nothing can be read beyond, and raise."""
        self.add(kind, problem)
        self.raise_all()
        raise AssertionError("a finding was just added")

    def raise_all(self) -> None:
        """Raise `ScenarioError` with every problem, if there is any."""
        problems = []
        for (file, kind), (shown, more) in self._kinds.items():
            problems += shown
            if more:
                problems.append(Problem(f"...{and_more(more, kind)}", file=file))
        if problems:
            raise ScenarioError(problems)


def _ordered(years: tuple[int, int]) -> tuple[int, int]:
    if not years[0] < years[1]:
        raise ValueError(f"{list(years)} must be [first year, later year]")
    return years


Years = Annotated[tuple[int, int], AfterValidator(_ordered)]
"""First and last year, both included."""


def as_range(years: tuple[int, int]) -> str:
    """Return ``"1901-2018"``."""
    first, last = years
    return f"{first}-{last}" if first != last else f"{first}"


def runs(years: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of consecutive years, which must rise."""
    start = last = None
    for year in years:
        if start is None or last is None:
            start = year
        elif year != last + 1:
            yield start, last
            start = year
        last = year
    if start is not None and last is not None:
        yield start, last


def not_a_file(path: Path, needed: str) -> str:
    """Return why the path cannot be opened as a file; empty if it can."""
    if path.is_dir():
        return f"is a folder; needed {needed}"
    if path.is_file():
        return ""
    if not path.parent.is_dir():
        return f"no such file, nor its folder; needed {needed}"
    return (
        f"no such file; needed {needed}{near(path.name, (p.name for p in path.parent.iterdir()))}"
    )


def near(name: str, names: Iterable[str]) -> str:
    """Return what `nearest` says, unless it would list a whole folder."""
    hint = nearest(name, names)
    return hint if hint.startswith("; did you mean") else ""


def digest(name: str, data: bytes) -> dict[str, Any]:
    """Return what provenance says of a file; no folder, so equal runs have equal words."""
    return {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


class MissingError(ValueError):
    """A cell that stands for "no value", in the words for the end of a sentence."""


def number(cell: object, least: float = LEAST) -> float:
    """Return a finite number from a cell.

    Parameters
    ----------
    cell : object
        Text, or what Parquet holds.
    least : float
        What the variable can be at least: below it -99 and -999 stand for "no value".

    Raises
    ------
    MissingError
        The cell stands for "no value".
    ValueError
        It is no number. Both say what was found, for the end of a sentence.
    """
    if isinstance(cell, str):
        text = cell.strip()
        if text.lower() in _MISSING:
            raise MissingError("is empty" if not text else f"is missing ({text!r})")
        # float() reads '1_000', and digits of other scripts; no table means that.
        value = _float(text) if _NUMBER.fullmatch(text) else None
    else:
        value = None if isinstance(cell, bool) else _float(cell)
        if not isinstance(cell, bool) and (value is None or np.isnan(value)):
            raise MissingError(f"is missing ({cell!r})")
    if value is None:
        raise ValueError(f"{cell!r} is not a number")
    if not np.isfinite(value):
        raise ValueError(f"{cell!r} is not finite")
    if value in _SOFT_FILLS and value >= least:
        return value
    # One by one: an array of each cell would take most of the time of a large table.
    if value in _SOFT_FILLS or any(abs(value - fill) <= 1e-6 * abs(fill) for fill in _FILLS):
        raise MissingError(f"{cell!r} looks like a fill value")
    return value


def is_number(cell: str) -> bool:
    """Return whether a text is written as a number."""
    return bool(_NUMBER.fullmatch(cell.strip()))


def whole(cell: object) -> int | None:
    """Return a whole number from a cell (``1901``, ``1901.0``); None if it is none."""
    try:
        value = number(cell)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None


def least_of(unit: str) -> float:
    """Return what values of a unit can be at least, for `number`."""
    try:
        return LEAST_PER_MIL if unit and same(unit, "permille") else LEAST
    except ValueError:
        return LEAST


def _float(cell: Any) -> float | None:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def is_fill(values: F8, fills: Iterable[float] = _FILLS) -> NDArray[np.bool_]:
    """Return where values equal one of the usual fill values, to float32 precision."""
    are_fills = np.zeros(np.shape(values), dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        for fill in fills:
            are_fills |= np.abs(values - fill) <= 1e-6 * abs(fill)
    return are_fills
