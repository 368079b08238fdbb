"""What a reader has, in its own units, as the drivers a kernel asks for."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from kernels import F8, Variable
from scenarios.problems import Problem, nearest
from scenarios.units import convert, per

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


MAKERS = {
    "casa_vegetation": (
        "litter_met", "litter_str", "litter_cwd", "litter_leaf", "litter_froot",
        "leaf_litter_met", "leaf_litter_str", "froot_litter_met", "froot_litter_str",
        "mimics_litter_met", "mimics_litter_str", "annual_npp",
    ),
    "casa_debris": ("cwd_to_litter", "cwd_respiration", "lignin_n"),
}  # fmt: skip
"""Kernels that make drivers of later links of a chain."""

OF_DAYS = "testbed, testbed_seasons, clm_history, seasonal_climatology and synthetic_testbed"
OF_MEANS = "testbed_means, clm_history and synthetic_testbed"
"""Readers of the testbed's drivers."""


def misfits(
    needs: Sequence[Variable], given: Mapping[str, tuple[str, ...]], reader: str
) -> Iterator[Problem]:
    """Yield what a reader does not have, or not so; drivers with one remedy stand together.

    Parameters
    ----------
    given : mapping
        Dimensions by driver.
    reader : str
        For people.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for need in needs:
        if need.name not in given:
            maker = next((k for k, made in MAKERS.items() if need.name in made), "")
            hint = "" if maker else nearest(need.name, given)
            alike.setdefault(("missing", maker, hint), []).append(need.name)
        elif need.dims != given[need.name]:
            found, has = (", ".join(d) or "none" for d in (need.dims, given[need.name]))
            alike.setdefault(("dims", found, has), []).append(need.name)
        else:
            try:
                in_unit(np.zeros(1), need.name, need.units)
            except ValueError as error:
                yield Problem(f"driver {need.name!r}: {error}", "forcing.reader")
    for (kind, first, second), names in alike.items():
        text = _missing if kind == "missing" else _unlike
        yield Problem(text(reader, first, second, names), "forcing.reader")


def _missing(reader: str, maker: str, hint: str, names: Sequence[str]) -> str:
    text = f"{reader} has no driver{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}"
    if not maker:
        return f"{text}{hint}; use another reader"
    return (
        f"{text}; put {maker}, which makes {'it' if len(names) == 1 else 'them'}, before the "
        f"kernel in a chain, or say drivers: mean and read means ({OF_MEANS} give those)"
    )


def _unlike(reader: str, needed: str, has: str, names: Sequence[str]) -> str:
    several = len(names) > 1
    text = (
        f"driver{'s' if several else ''} {', '.join(map(repr, names))} "
        f"{'have' if several else 'has'} dimensions ({needed}) and {reader} gives ({has})"
    )
    if has == "none":
        return (
            f"{text}: it has means; say drivers: mean below kernel:, and leave out "
            "casa_vegetation and casa_debris, whose litter means hold (the scenario "
            f"jian2021-parameters is such a chain); or read days: {OF_DAYS} give them"
        )
    if needed == "none":
        return f"{text}; leave drivers: mean out, or read means: {OF_MEANS} give them"
    return f"{text}; use another reader"


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
