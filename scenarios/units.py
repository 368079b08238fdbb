"""Units at the door: what a file says becomes what a kernel needs, or is refused.

Spelled as the field does: ``kg C m-2 s-1``, ``PgC/yr``, ``gC m^-2 d^-1``, ``GtC``, ``degC``.

* ``C`` after a mass names the element and is dropped: ``g C`` is a mass of carbon. TRENDY
  and CMIP files leave it out (``kg m-2 s-1``), so a label is not asked for. Masses of CO2
  are refused, because they are not masses of carbon.
* ``yr`` is 365.25 d, as pint and the Julian year have it (UDUNITS: ``year`` is 365.2422 d).
  A reader that knows its calendar counts the days of the year itself, and there ``yr-1``
  means "per calendar year"; only a bare change of time unit (s-1 to yr-1) uses 365.25 d.
"""

import re
import unicodedata
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_PLAIN_NUMBER = frozenset({"-", "1", "fraction", "unitless", "dimensionless", "0-1"})
_SPELLINGS = {
    **dict.fromkeys(("a", "y", "yrs", "year", "years"), "yr"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("sec", "second", "seconds"), "s"),
    **dict.fromkeys(("hr", "hour", "hours"), "h"),
    **dict.fromkeys(("mon", "mo", "months"), "month"),
    **dict.fromkeys(("Gt", "Pg"), "Pg"),
    **dict.fromkeys(("°C", "degrees_C", "degree_C", "deg_C", "celsius", "Celsius"), "degC"),
    **dict.fromkeys(("degrees_Celsius", "degree_Celsius", "degreesC"), "degC"),
    "Kelvin": "K",
    "kelvin": "K",
}
_TIME = frozenset({"s", "min", "h", "d", "week", "month", "yr"})
_MASS = re.compile(r"[yzafpnuμmcdhkMGTPE]?g|[kMGTP]?t|tonnes?|[pnuμm]?mol")
_TOKEN = re.compile(r"(?P<name>[A-Za-zμ°%‰_]+)(?:(?:\^|\*\*)?(?P<power>[+-]?\d+))?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_HOW = "write it as 'kg C m-2 s-1'"

_Parsed = tuple[Fraction, tuple[tuple[str, int], ...]]


def convert(values: ArrayLike, found: str, needed: str) -> NDArray[np.float64]:
    """Return values in the needed unit.

    Parameters
    ----------
    values : array_like
        In ``found``; returned as they are, without importing pint, where the units are the
        same or differ in spelling alone.
    found, needed : str
        Units; ``degC`` to ``K`` adds the offset.

    Raises
    ------
    ValueError
        A unit cannot be read, or the one cannot become the other.
    """
    array = np.asarray(values, dtype=np.float64)
    scale, offset = _affine(found, needed)
    if scale != 1:
        array = array * float(scale)
    return array + float(offset) if offset else array


def factor(found: str, needed: str) -> float:
    """Return what values in ``found`` are multiplied by to be in ``needed``.

    Raises
    ------
    ValueError
        As `convert`; and where an offset is needed as well (temperatures).
    """
    scale, offset = _affine(found, needed)
    if offset:
        raise ValueError(f"{found!r} to {needed!r} needs an offset; convert the values instead")
    return float(scale)


def same(unit: str, other: str) -> bool:
    """Say whether two units differ in spelling alone; `ValueError` if one cannot be read."""
    return unit == other or _parse(unit) == _parse(other)


def per(unit: str) -> str:
    """Return which time the unit is per (``"yr"``, ``"d"``, ``"s"``); empty for a stock."""
    return next((name for name, power in _parse(unit)[1] if name in _TIME and power < 0), "")


def times(unit: str, *others: str) -> str:
    """Return the product of units, such as a flux density times an area and days."""
    for one in (unit, *others):
        _parse(one)
    return " ".join((unit, *others))


_PER_AREA = re.compile(r"(?<!\S)m(?:\^|\*\*)?-2(?![\w^*-])|/\s*m(?:\^|\*\*)?2(?![\w^*-])")


def over_area(unit: str) -> tuple[str, float]:
    """Return the unit of a sum of values x m2, and what the sum in m2 is multiplied by for it.

    A mass becomes Pg: ``g C m-2 yr-1`` is ``Pg C yr-1`` and 1e-15; others lose their ``m-2``.

    Raises
    ------
    ValueError
        The unit is not one per m2.
    """
    _parse(unit)
    total, count = _PER_AREA.subn("", unit)
    if count != 1:
        raise ValueError(f"{unit!r} is not an amount per m2")
    first = total.split()[0].partition("/")[0] if total.strip() else ""
    mass = first.removesuffix("C")
    if _MASS.fullmatch(mass) and not mass.endswith("mol"):
        total = total.replace(mass, "Pg", 1)
    total = " ".join(total.split()) or "1"
    # A bare 1 per m2 is a number of things.
    return (total, factor(times(unit, "m2"), total)) if total != "1" else ("1", 1.0)


@cache
def _affine(found: str, needed: str) -> tuple[Fraction, Fraction]:
    """Return scale and offset, exact."""
    if found == needed:
        return Fraction(1), Fraction(0)
    (n, have), (m, want) = _parse(found), _parse(needed)
    if have == want:
        return n / m, Fraction(0)
    # Half a second, nearly all of it imports of pint's own: paid where units differ.
    import pint

    registry = _registry()
    try:
        source, target = registry.Unit(_pint(have)), registry.Unit(_pint(want))
        zero, one = (registry.Quantity(Fraction(x), source).to(target).magnitude for x in (0, n))
    except pint.PintError as error:
        raise ValueError(_refusal(found, needed, error)) from error
    return Fraction(one - zero) / m, Fraction(zero) / m


@cache
def _registry() -> Any:
    import pint

    # Fractions keep powers of ten exact: 1 kg is 1e-12 Pg to the last bit.
    return pint.UnitRegistry(non_int_type=Fraction)


def _pint(parsed: tuple[tuple[str, int], ...]) -> str:
    return "*".join(f"{name}**{power}" for name, power in parsed) or "dimensionless"


def _refusal(found: str, needed: str, error: Exception) -> str:
    import pint

    text = f"{found!r} cannot become {needed!r}"
    if isinstance(error, pint.UndefinedUnitError):
        names = error.unit_names
        unknown = names if isinstance(names, str) else ", ".join(names)
        return f"{text}; {unknown!r} is not a unit; {_HOW}"
    have, want = per(found), per(needed)
    if want and not have:
        return f"{text}; a rate is needed"
    if have and not want:
        return f"{text}; a stock is needed, not a rate"
    area = _power_of_length(found) - _power_of_length(needed)
    if area == -2:
        return f"{text}; a total is needed: multiply by the area"
    if area == 2:
        return f"{text}; an amount per area is needed"
    return f"{text}; they measure different things"


def _power_of_length(unit: str) -> int:
    return sum(power for name, power in _parse(unit)[1] if name in ("m", "cm", "km"))


@cache
def _parse(unit: str) -> _Parsed:
    """Return a number and the sorted powers of unit names, labels of carbon dropped."""
    text = _tidy(unit)
    if text in _PLAIN_NUMBER:
        return Fraction(1), ()
    number, powers, before = Fraction(1), dict[str, int](), ""
    for token, sign in _split(text):
        if _NUMBER.fullmatch(token):
            number *= Fraction(token) ** sign
            continue
        name, power = _named(token, unit)
        if name == "C":
            if not _MASS.fullmatch(before) or power != 1 or sign != 1:
                raise ValueError(
                    f"'C' in {unit!r} could be carbon, degree or coulomb; "
                    "say degC for a temperature, or put it after a mass: 'g C'"
                )
            continue
        powers[name] = powers.get(name, 0) + sign * power
        before = name
    return number, tuple(sorted((n, p) for n, p in powers.items() if p))


def _tidy(unit: str) -> str:
    text = unicodedata.normalize("NFKC", unit).strip()
    for mark, plain in (("\u2212", "-"), ("\u2013", "-"), ("\u00b7", " "), ("\u22c5", " ")):
        text = text.replace(mark, plain)
    if not text:
        raise ValueError("no unit is given; say '1' for a plain number")
    if re.search(r"CO2", text):
        raise ValueError(
            f"{unit!r} is of CO2, not of carbon; multiply a mass by 12.011/44.009 and say C"
        )
    return re.sub(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z])|(?<!\*)\*(?!\*)", " ", text)


def _split(text: str) -> list[tuple[str, int]]:
    """Return tokens with +1, or -1 for the one right after a slash."""
    first, *others = text.split("/")
    tokens = [(token, 1) for token in first.split()]
    for part in others:
        tokens += [(token, 1 if i else -1) for i, token in enumerate(part.split())]
    return tokens


def _named(token: str, unit: str) -> tuple[str, int]:
    match = _TOKEN.fullmatch(token)
    if not match:
        raise ValueError(f"unit {unit!r} cannot be read at {token!r}; {_HOW}")
    name, power = match["name"], int(match["power"] or 1)
    if name.endswith("C") and _MASS.fullmatch(name[:-1]):
        name = name[:-1]
    return _SPELLINGS.get(name, name), power
