"""The unit of a variable of a file: its own attribute, or what the scenario says of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from kernels import F8
from scenarios.problems import Problem, nearest
from scenarios.units import contradicts, convert


def unit_said(name: str, variable: Any, said: Mapping[str, str]) -> str:
    """Return the unit of a NetCDF variable; empty if nobody says it.

    Parameters
    ----------
    name : str
        Of the variable.
    variable : netCDF4.Variable
    said : mapping
        ``units:`` of the scenario, by variable.

    Raises
    ------
    ValueError
        The file and the scenario say different units. A unit of the file that is none at all
        (``gC/m2/s per gridcell``) gives way to the scenario's.
    """
    of_file, word = str(getattr(variable, "units", "")).strip(), said.get(name, "")
    if contradicts(of_file, word):
        raise ValueError(
            f"variable {name!r} is in {of_file!r} and the scenario says {word!r}; "
            "correct units: or the file"
        )
    return word or of_file


def in_needed(
    values: F8, name: str, variable: Any, said: Mapping[str, str], needed: str, *, default: str = ""
) -> F8:
    """Return the values of a variable in the unit needed.

    Parameters
    ----------
    values : ndarray, float64
    name, variable, said
        As in `unit_said`.
    needed : str
    default : str
        Unit of the format where nobody says one; empty if one has to be said.

    Raises
    ------
    ValueError
        No unit, two that differ, or one that cannot become the one needed.
    """
    unit = unit_said(name, variable, said) or default
    if not unit:
        text = f"variable {name!r} has no unit; say units: {{{name}: UNIT}}"
        raise ValueError(f"{text}; needed such as {needed!r}")
    try:
        return np.asarray(convert(values, unit, needed))
    except ValueError as error:
        raise ValueError(f"variable {name!r}: {error}") from error


def unknown_units(said: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for every key of ``units:`` that is no variable of a reader."""
    names = list(known)
    for name in said:
        if name not in names:
            text = f"is no variable of this reader{nearest(name, names)}"
            yield Problem(text, f"forcing.units.{name}")
