"""Which column or variable of a file supplies which driver, with what sign and unit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, Variable
from scenarios.forcing.common.places import place_of
from scenarios.problems import Problem, nearest
from scenarios.units import contradicts, same

Names = str | list[str]
"""One column or variable, or several to add; ``-ra`` is subtracted."""

# Of TRENDY and CMIP: what is reported apart from the pool a driver means. Soil carbon here
# includes litter (He et al. 2022), so a separate litter pool is added where there is one.
_ADDED = {"csoil": "clitter"}

_FLUXES = {
    "npp": "NPP is positive into the land",
    "gpp": "GPP is positive into the land",
    "ra": "Ra is positive out of the plants",
    "rh": "Rh is positive out of the soil",
}
_STOCKS = frozenset({"cveg", "csoil", "clitter"})

# What such numbers are in about as often: none is to be copied unread.
_EITHER = {"1": ("fraction", "percent"), "degC": ("degC", "K")}

# Ten times what the whole Earth holds or moves: beyond it only a unit can be wrong. There is
# no lower limit, because one vegetation type may be small.
_LARGEST = {"Pg C yr-1": 1e3, "Pg C": 1e5}


@dataclass(frozen=True)
class Term:
    """One column or variable of a sum."""

    name: str
    sign: int = 1


def key(name: str) -> str:
    """Return a name as it is compared: ``c_soil_model``, ``cSoil`` and ``csoil`` are one."""
    return name.removesuffix("_model").replace("_", "").lower()


def spelled(terms: Sequence[Term]) -> str:
    """Return ``"gpp - ra"``."""
    text = " ".join(f"{'-' if t.sign < 0 else '+'} {t.name}" for t in terms)
    return text.removeprefix("+ ")


def by_name(
    driver: str, available: Sequence[str], noun: str, mapping: str
) -> tuple[list[Term], str]:
    """Return the terms a driver has by its name, or none and what is wrong.

    ``noun`` (``"column"``) and ``mapping`` (``"columns"``) are the reader's words.
    """
    place = place_of(driver)
    matches = [n for n in available if key(n) == key(driver) or (place and place_of(n) == place)]
    if len(matches) > 1:
        names = " and ".join(map(repr, matches))
        return [], f"{noun}s {names} may both be meant; say {mapping}: {{{driver}: {matches[0]}}}"
    if not matches:
        if key(driver) == "npp" and {"gpp", "ra"} <= {key(name) for name in available}:
            gpp, ra = (next(n for n in available if key(n) == k) for k in ("gpp", "ra"))
            hint = f"say {mapping}: {{{driver}: [{gpp}, -{ra}]}}"
        else:
            hint = f"say {mapping}: {{{driver}: NAME}}; available: {', '.join(available)}"
        return [], f"no {noun} is named like driver {driver!r}; {hint}"
    added = _ADDED.get(key(driver))
    extra = [name for name in available if added is not None and key(name) == added]
    return [Term(name) for name in (*matches, *extra)], ""


def as_asked(asked: Names, available: Sequence[str], noun: str) -> tuple[list[Term], list[str]]:
    """Return the terms a mapping names, and what is wrong with it."""
    terms, complaints = [], []
    for name in [asked] if isinstance(asked, str) else asked:
        term = Term(name) if name in available else Term(name.lstrip("-+ "), _sign(name))
        if term.name not in available:
            complaints.append(f"no {noun} {term.name!r}{nearest(term.name, available)}")
        terms.append(term)
    return terms, complaints


def _sign(name: str) -> int:
    return -1 if name.startswith("-") else 1


def unit_of(
    name: str, driver: Variable, said: Mapping[str, str], *, found: str, example: str
) -> tuple[str, str]:
    """Return the unit of a column or variable, or what is wrong.

    Parameters
    ----------
    name : str
        Column or variable.
    said : mapping
        ``units:`` of the scenario, by column, variable or driver.
    found : str
        What the file says; empty if it does not.
    example : str
        Unit to show in the advice.
    """
    word = said.get(name, said.get(driver.name, ""))
    if contradicts(found, word):
        return "", (
            f"the scenario says {name} is in {word!r} and the file says {found!r}; "
            f"correct units: or the file, or leave {name} out of units:"
        )
    if not word and not found:
        likely = _EITHER.get(example, (example,))
        words = " or ".join(f"{{{driver.name}: {unit}}}" for unit in likely)
        return "", f"no units for {name}: say units: {words}"
    return word or found, ""


def is_stock(source: str, driver: Variable) -> bool:
    """Return whether a column or variable, or else the driver, is named as a pool of carbon is."""
    name = key(source)
    return (name if name in _FLUXES or name in _STOCKS else key(driver.name)) in _STOCKS


def wrong(
    source: str, driver: Variable, values: F8, *, cells: bool = False
) -> list[tuple[NDArray[np.bool_], str]]:
    """Return where values cannot be, and what was needed, rule by rule.

    Parameters
    ----------
    source : str
        Column or variable; where its name says nothing, the driver's decides.
    values : ndarray, any shape, float64
        In the driver's unit; finite.
    cells : bool
        Whether they are of many places: a flux may be 0 or below in some, and is of the other
        sign where it is in most.
    """
    name, rules = key(source), []
    if name not in _FLUXES and name not in _STOCKS:
        name = key(driver.name)
    if name in _FLUXES and (not cells or np.mean(values < 0) > 0.5):
        rules.append((values <= 0, f"needed a positive number: {_FLUXES[name]}"))
    if name in _STOCKS:
        rules.append((values < 0, "needed 0 or more: a stock cannot be negative"))
    for limit in (most for unit, most in _LARGEST.items() if same(unit, driver.units)):
        need = f"needed at most {limit:g} {driver.units}, far beyond any land: check the unit"
        rules.append((np.abs(values) > limit, need))
    return rules


def unneeded(
    said: Iterable[str], needs: Sequence[Variable], where: str, others: Iterable[str] = ()
) -> Iterator[Problem]:
    """Yield a problem for every key of a mapping that is not a driver (or one of ``others``)."""
    drivers = {*(need.name for need in needs), *others}
    for name in said:
        if name not in drivers:
            text = f"the kernel has no driver {name!r}{nearest(name, drivers)}"
            yield Problem(text, f"{where}.{name}")


def not_annual(needs: Sequence[Variable]) -> Iterator[Problem]:
    """Yield a problem for every driver that is not one number a year."""
    for need in needs:
        if need.dims != ("time",):
            dims = ", ".join(need.dims) or "none"
            text = f"driver {need.name!r} has dimensions ({dims}) and this reader gives (time)"
            yield Problem(f"{text}; use another reader", "forcing.reader")


def told(driver: Variable, terms: Sequence[Term], units: Mapping[str, str]) -> dict[str, Any]:
    """Return what provenance says of a driver: where from, in what unit, what was done."""
    # A unit is empty where its problem was noted.
    kept = all(u == driver.units or (u and same(u, driver.units)) for u in units.values())
    return {
        "from": spelled(terms),
        "units": {term.name: units[term.name] for term in terms},
        "converted": "no" if kept else f"to {driver.units}",
    }
