"""How values read of a store's small files look: what no version wrote is told, and not met later.

A file is looked at where it is opened. What is looked for in it by name and is not there says so
itself, with the file's name: no reader of a store has to ask first.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ensemble.errors import PlanError

Fits = Callable[[Any], bool]

NEVER = 1e11
"""Seconds since 1970 that no clock shows: the year 5138."""


class Held(dict[Any, Any]):
    """A mapping out of a file, which tells what it lacks.

    Parameters
    ----------
    refusal : callable
        Returns the error of a reason.
    content : mapping
    """

    def __init__(self, refusal: Callable[[object], PlanError], content: Mapping[Any, Any]) -> None:
        super().__init__(content)
        self._refusal = refusal

    def __missing__(self, name: Any) -> Any:
        raise self._refusal(f"no {name!r}")


def is_text(value: Any) -> bool:
    """Return whether a value is text that can be written: no half of a pair of code units."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def is_count(value: Any) -> bool:
    """Return whether a value is a whole number from 0 that fits 63 bits."""
    return type(value) is int and 0 <= value < 2**63


def is_number(value: Any) -> bool:
    """Return whether a value is a number that fits a float."""
    return type(value) is float or (type(value) is int and abs(value) < 2**63)


def is_seconds(value: Any) -> bool:
    """Return whether a value is a duration, or a time since 1970."""
    return type(value) in (int, float) and 0 <= value < NEVER


def is_mapping(value: Any) -> bool:
    """Return whether a value is a mapping with names."""
    return isinstance(value, dict) and all(map(is_text, value))


def anything(value: Any) -> bool:
    """Return that a value is looked at elsewhere."""
    return True


def listed(fits: Fits) -> Fits:
    """Return what a list of such values has to fulfil."""
    return lambda value: isinstance(value, list) and all(map(fits, value))


def mapped(fits: Fits) -> Fits:
    """Return what a mapping of names to such values has to fulfil."""
    return lambda value: is_mapping(value) and all(map(fits, value.values()))


def either(*fits: Fits) -> Fits:
    """Return what a value has to fulfil that is one of several kinds."""
    return lambda value: any(one(value) for one in fits)


def nothing(value: Any) -> bool:
    """Return whether a value is none."""
    return value is None


def keyed(needed: Mapping[str, Fits], more: Mapping[str, Fits] | None = None) -> Fits:
    """Return what a mapping has to fulfil that holds some names at least; others are free."""
    return lambda value: is_mapping(value) and not amiss(value, needed, more or {})


def amiss(held: Mapping[str, Any], needed: Mapping[str, Fits], more: Mapping[str, Fits]) -> str:
    """Return what is wrong with a mapping in words: ``it lacks 'at'``; empty for nothing.

    Parameters
    ----------
    held : mapping
    needed, more : mapping of str to callable
        How its values look, those that it holds at least and those that it may hold.
    """
    for name, fits in {**needed, **{n: f for n, f in more.items() if n in held}}.items():
        if name not in held:
            return f"it lacks {name!r}"
        if not fits(held[name]):
            return f"its {name!r} is {shown(held[name])}"
    return ""


def shown(value: Any) -> str:
    """Return the beginning of a value, for a message."""
    return repr(str(value)[:60])


ROOT: tuple[Mapping[str, Fits], Mapping[str, Fits]] = (
    {
        **{"title": is_text, "synthetic": is_text},
        "identity": keyed({"kernel": mapped(is_text), "scenario": is_mapping}),
        "accepted_changes": listed(keyed({"reason": is_text, "changes": listed(is_text)})),
    },
    {"work": is_text},
)
"""Attributes of the root of every store: those it holds at least, and those it may hold."""

ARRAY: Mapping[str, Fits] = {"units": is_text, "long_name": is_text}
"""Attributes of arrays that readers of every store look for."""

_COUNTS = mapped(is_count)


def _is_key(value: Any) -> bool:
    return bool(value) and listed(is_count)(value)


def _are_statuses(value: Any) -> bool:
    return _COUNTS(value) and all(c.isascii() and c.isdecimal() and int(c) < 256 for c in value)


START: tuple[Mapping[str, Fits], Mapping[str, Fits]] = (
    {"time": is_seconds},
    {
        **dict.fromkeys(("host", "cpu", "kernel"), is_text),
        **dict.fromkeys(("pid", "generation"), is_count),
    },
)
VOID: tuple[Mapping[str, Fits], Mapping[str, Fits]] = ({"journal": is_text, "line": is_text}, {})
BLOCK: tuple[Mapping[str, Fits], Mapping[str, Fits]] = (
    {
        **{"block": _is_key, "checksums": mapped(is_text), "status": _are_statuses},
        **{"seconds": is_seconds, "attempt": is_count},
    },
    {
        **dict.fromkeys(("notes", "recounted"), listed(is_text)),
        **{"at": is_seconds, "beyond": _COUNTS, "excluded": is_count},
    },
)
"""Kinds of lines of a journal: what each holds at least, and what it may hold."""
