"""What a reader has, in its own units, as the drivers a kernel asks for."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kernels import Variable
from scenarios._problems import Problem, nearest
from scenarios.units import convert, per

F8 = NDArray[np.float64]

DAYS = 365
"""Of every year of the testbed."""

UNITS = {
    **dict.fromkeys(("soil_temperature", "air_temperature"), "degC"),
    **dict.fromkeys(("theta_l", "theta_f", "btran", "sand", "clay", "silt", "porosity"), "1"),
    **dict.fromkeys(("pft", "lignin_n"), "1"),
    "latitude": "degrees_north",
    "depth": "cm",
    **dict.fromkeys(("greenup", "fall"), "d"),
    "annual_npp": "g C m-2 yr-1",
}
"""Of the testbed's drivers; every other one is g C m-2 d-1."""

FLUX = "g C m-2 d-1"

LASTING = ("pft", "latitude", "sand", "clay", "silt", "porosity", "depth")
"""Drivers that are one number a location in every mode."""


def misfits(
    needs: Sequence[Variable], given: Mapping[str, tuple[str, ...]], reader: str
) -> Iterator[Problem]:
    """Yield a problem for every driver that a reader does not have, or not so.

    Parameters
    ----------
    given : mapping
        Dimensions by driver.
    reader : str
        For people.
    """
    for need in needs:
        if need.name not in given:
            hint = nearest(need.name, given)
            text = f"{reader} has no driver {need.name!r}{hint}; use another reader"
        elif need.dims != given[need.name]:
            found, has = (", ".join(d) or "none" for d in (need.dims, given[need.name]))
            text = f"driver {need.name!r} has dimensions ({found}) and {reader} gives ({has})"
        else:
            try:
                in_unit(np.zeros(1), need.name, need.units)
                continue
            except ValueError as error:
                text = f"driver {need.name!r}: {error}"
        yield Problem(text, "forcing.reader")


def in_unit(values: F8, name: str, needed: str) -> F8:
    """Return a driver in the unit needed; a year has 365 days.

    Raises
    ------
    ValueError
        It cannot be.
    """
    found = UNITS.get(name, FLUX)
    if found == needed:
        return values
    if per(found) == "d" and per(needed) == "yr":
        values, found = DAYS * values, found.replace("d-1", "yr-1")
    return convert(values, found, needed)


def wants_days(needs: Sequence[Variable]) -> bool:
    """Return whether drivers are asked for by the day."""
    return any("date" in need.dims for need in needs)


def serve(needs: Sequence[Variable], has: Mapping[str, F8]) -> dict[str, F8]:
    """Return the drivers that are asked for, in their units."""
    return {need.name: in_unit(has[need.name], need.name, need.units) for need in needs}
