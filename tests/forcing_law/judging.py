"""What became of a malformed file: the same arrays, a refusal in words, a note, or a lie."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scenarios import ScenarioError
from scenarios.forcing import Forcing
from scenarios.units import factor

FOREIGN = re.compile(
    r"traceback|ndarray|numpy|pandas|dtype|inhomogeneous|broadcast|NoneType|KeyError|IndexError"
    r"|object has no|invalid literal|could not convert|out of bounds|index \d+ is|operands"
    r"|dataframe|unhashable|codec|masked_array|0-d|too many indices|not subscriptable|positional",
    re.IGNORECASE,
)
"""Words of libraries, which no message to a user has."""

SAME = {"rtol": 1e-6}
"""Rounding of what is converted there and back, in double precision."""


@dataclass(frozen=True)
class Outcome:
    """What a reader did.

    ``kind`` is ``same``, ``refused``, ``noted`` (values are gone, others are the same, and the
    provenance says so), or what must never be: ``different`` numbers in silence, ``foreign``
    words of a library, a ``crash``. ``told`` says of the same numbers that the provenance names
    what was left out.
    """

    kind: str
    said: str = ""
    told: bool = False


Numbers = Callable[[Any], dict[tuple[str, ...], Any]]


def outcome(read: Any, good: Sequence[Any], numbers: Numbers | None = None) -> Outcome:
    """Return what became of calling ``read``, beside what the good files gave.

    ``numbers`` gives every number of what is read; by default that is forcings.
    """
    numbers = numbers or of_forcings
    try:
        found = read()
    except ScenarioError as error:
        kind = "foreign" if FOREIGN.search(str(error)) else "refused"
        return Outcome(kind, str(error))
    except Exception as error:  # whatever it is, a user must not see it
        return Outcome("crash", f"{type(error).__name__}: {error}")
    before, after = numbers(good), numbers(found)
    most = _largest(before)
    if before.keys() == after.keys() and all(_same(before[k], after[k], most[k]) for k in before):
        return Outcome("same", told=_notes(found) != _notes(good))
    differ = sorted(
        k for k in after if k not in before or not _within(before[k], after[k], most[k])
    )
    if differ:
        return Outcome("different", f"{len(differ)} arrays, first of {differ[0]}")
    if _notes(found) == _notes(good):
        return Outcome("different", "values are gone and nothing says so")
    return Outcome("noted", _notes(found))


def of_forcings(forcings: Sequence[Forcing]) -> dict[tuple[str, ...], Any]:
    """Return every number of forcings by forcing, quantity and location, whatever their order."""
    found: dict[tuple[str, ...], Any] = {}
    for one in forcings:
        for name, values in one.coords.items():
            found[one.name, f"coordinate {name}"] = np.asarray(values, dtype=np.float64)
        for i, place in enumerate(one.locations.names):
            for name, column in one.locations.columns.items():
                # Longitudes in either convention are one place.
                value = column[i] % 360.0 if name == "lon" else column[i]
                found[one.name, f"column {name}", place] = np.asarray(value, dtype=np.float64)
            for name, values in one.drivers.items():
                found[one.name, name, place] = np.asarray(values[i], dtype=np.float64)
            for name, seen in one.observations.items():
                # Observations stay in their own unit, and where they stand in a file is no value.
                scale = to_grams(seen.units)
                for end, values in seen.arrays.items():
                    if end != "_line":
                        by = scale if end in ("", "_error") else 1.0
                        array = np.asarray(values[i], dtype=np.float64) * by
                        found[one.name, name + end, place] = array
    return found


def to_grams(unit):
    """Return what values in a unit of mass, or of mass per area, are multiplied by; else 1."""
    for grams in ("g m-2", "g"):
        with suppress(ValueError):
            return factor(unit, grams)
    return 1.0


def _largest(found: Mapping[tuple[str, ...], Any]) -> dict[tuple[str, ...], float]:
    """Return the largest value of each quantity over all locations: what rounding is beside."""
    most: dict[tuple[str, ...], float] = {}
    for key, values in found.items():
        most[key[:2]] = max(most.get(key[:2], 0.0), np.nanmax(np.abs(values), initial=0.0))
    return {key: most[key[:2]] for key in found}


def _close(one: Any, other: Any, most: float) -> Any:
    return np.isclose(one, other, rtol=SAME["rtol"], atol=SAME["rtol"] * most, equal_nan=True)


def _same(before: Any, after: Any, most: float) -> bool:
    return bool(before.shape == after.shape and _close(before, after, most).all())


def _within(before: Any, after: Any, most: float) -> bool:
    """Return whether what is left of values is the same, in the same order: others are gone."""
    if before.ndim != 1 or after.ndim != 1:
        same = before.shape == after.shape
        return bool(same and (_close(before, after, most) | np.isnan(after)).all())
    left = iter(before[~np.isnan(before)])
    return all(any(_close(old, new, most) for old in left) for new in after[~np.isnan(after)])


def _notes(found: Sequence[Any]) -> str:
    """Return what is said of what was read, without digests of files."""
    said = [{"notes": getattr(one, "notes", ()), "left_out": getattr(one, "left_out", {}),
             **one.provenance} for one in found]  # fmt: skip
    return json.dumps([_plain(one) for one in said], sort_keys=True)


def _plain(said: Any) -> Any:
    if isinstance(said, Mapping):
        return {k: _plain(v) for k, v in said.items() if k not in ("sha256", "bytes")}
    return [_plain(x) for x in said] if isinstance(said, list | tuple) else said


def named(said: str, file: Path, words: Sequence[str], line: int | None) -> list[str]:
    """Return what a refusal should name and does not: file, column or variable, line."""
    lacking = [] if file.name in said else [f"file {file.name}"]
    if words and not any(word in said for word in words):
        lacking.append(f"one of {', '.join(words)}")
    if line is not None and f"{file.name}:{line}:" not in said:
        lacking.append(f"line {line}")
    return lacking
