"""Units at the door: what a file says becomes what a kernel needs, or is refused.

Spelled as the field does: ``kg C m-2 s-1``, ``PgC/yr``, ``gC m^-2 d^-1``, ``kg/(m2 s)``,
``g m^{-2}``, ``GtC``, ``degC``. No other module compares units as text.

* ``C`` after a mass or moles names the element and is dropped: ``g C`` is a mass of carbon.
  TRENDY and CMIP files leave it out (``kg m-2 s-1``), so a label is not asked for, and a plan
  says what is taken so (`unsaid`). Masses of
  CO2 are refused, because they are not masses of carbon; a mole of CO2 is a mole of carbon.
  ``N``, ``P`` and ``H2O`` in its place are never carbon.
* ``yr`` is 365.25 d, as pint and the Julian year have it (UDUNITS: ``year`` is 365.2422 d).
  A reader that knows its calendar counts the days of the year itself, and there ``yr-1``
  means "per calendar year"; only a bare change of time unit (s-1 to yr-1) uses 365.25 d.
* An angle is no plain number. The case of a letter is its meaning (``mg``, ``Mg``), unless one
  reading alone is a unit of the field (``Kg``, ``PGC``, ``YR``).
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BeforeValidator

from kernels import F8
from scenarios.unit_advice import advice, different, unknown
from scenarios.unit_text import (
    LABELS,
    MASS,
    TIME,
    OfDioxideError,
    labels,
    parse,
    unlabelled,
)

UnitText = Annotated[str, BeforeValidator(lambda unit: str(unit) if unit == 1 else unit)]
"""Of a scenario: in YAML, ``clay: 1`` is a number, and means the unit 1."""

Powers = tuple[tuple[str, int], ...]

_FARTHEST = 10**24
"""Between two units of one quantity: farther apart, the case of a letter is wrong (pg for Pg)."""


def convert(values: ArrayLike, found: str, needed: str) -> F8:
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


def labelled(number: str, unit: str) -> str:
    """Return a number in words with its unit, which plain numbers have none of."""
    return number if unit in ("", "1") else f"{number} {unit}"


def ranged(low: float, high: float, spec: str = ".6g") -> str:
    """Return two ends in words, and one number where both are written alike."""
    first, last = f"{low:{spec}}", f"{high:{spec}}"
    return first if first == last else f"{first} to {last}"


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
    return unit == other or parse(unit) == parse(other)


def agree(unit: str, other: str) -> bool:
    """Say whether two units give one value; False if one cannot be read."""
    try:
        return same(unit, other) or _affine(unit, other) == (Fraction(1), Fraction(0))
    except ValueError:
        return False


def contradicts(found: str, said: str) -> bool:
    """Say whether the unit of a file is another than the scenario's, where both say one.

    A text of a file that is no unit at all (``gC/m2/s per gridcell``) contradicts nothing; one of
    CO2 does.
    """
    if not found or not said or agree(said, found):
        return False
    try:
        parse(found)
    except OfDioxideError:
        return True
    except ValueError:
        return False
    return readable(found)


def unsaid(found: Iterable[str], needed: str) -> bool:
    """Say whether a mass of carbon is needed, and of units found some is a mass and none says so.

    ``g m-2`` for ``g C m-2``: `convert` takes it, and it may as well be of dry matter. A unit that
    cannot be read says nothing.
    """
    try:
        if "C" not in labels(needed):
            return False
        units = [(labels(unit), dict(parse(unit)[1])) for unit in found]
    except ValueError:
        return False
    masses = [of for of, powers in units if any(MASS.fullmatch(name) for name in powers)]
    return bool(masses) and not any("C" in of for of in masses)


def readable(unit: str) -> bool:
    """Say whether a text is one of units at all."""
    try:
        names = parse(unit)[1]
        _registry().Unit(_pint(names))
    except (ValueError, AttributeError):
        # pint's error for a name that is no unit is an AttributeError.
        return False
    return True


def per(unit: str) -> str:
    """Return which time the unit is per (``"yr"``, ``"d"``, ``"s"``); empty for a stock."""
    return next((name for name, power in parse(unit)[1] if name in TIME and power < 0), "")


def times(unit: str, *others: str) -> str:
    """Return the product of units, such as a flux density times an area and days."""
    for factor in (unit, *others):
        parse(factor)
    return " ".join((unit, *others))


def of_water(unit: str) -> str:
    """Return the unit of a depth for one of a mass of water per area: 1 kg m-2 is 1 mm.

    Any other unit comes back as it is, without the label ``H2O``; a mass of carbon is none.
    """
    if "C" in labels(unit):
        return unit
    plain = unlabelled(unit, "H2O")
    powers = dict(parse(plain)[1])
    mass = sum(power for name, power in powers.items() if MASS.fullmatch(name))
    length = sum(power for name, power in powers.items() if name in ("m", "cm", "km", "mm"))
    return times(plain, "mm m2 kg-1") if (mass, length) == (1, -2) else plain


_PER_AREA = re.compile(r"(?<!\S)m(?:\^|\*\*)?-2(?![\w^*-])|/\s*m(?:\^|\*\*)?2(?![\w^*-])")


def over_area(unit: str) -> tuple[str, float]:
    """Return the unit of a sum of values x m2, and what the sum in m2 is multiplied by for it.

    A mass becomes Pg: ``g C m-2 yr-1`` is ``Pg C yr-1`` and 1e-15; others lose their ``m-2``.

    Raises
    ------
    ValueError
        The unit is not one per m2.
    """
    parse(unit)
    total, count = _PER_AREA.subn("", unit)
    if count != 1:
        raise ValueError(f"{unit!r} is not an amount per m2")
    first = total.split()[0].partition("/")[0] if total.strip() else ""
    mass = first.removesuffix("C")
    if MASS.fullmatch(mass) and not mass.endswith("mol"):
        total = total.replace(mass, "Pg", 1)
    total = " ".join(total.split()) or "1"
    # A bare 1 per m2 is a number of things.
    return (total, factor(times(unit, "m2"), total)) if total != "1" else ("1", 1.0)


def is_amount(unit: str) -> bool:
    """Return whether values in a unit add up over places: a mass or moles, or either per time."""
    powers = dict(parse(unit)[1])
    amounts = [power for name, power in powers.items() if MASS.fullmatch(name)]
    rest = {n for n in powers if not MASS.fullmatch(n)} - {*LABELS.values()}
    return amounts == [1] and all(name in TIME and powers[name] < 0 for name in rest)


_STEPS = {
    "day": {"d": 1.0, "h": 24.0, "min": 1440.0, "s": 86400.0, "yr": 1 / 365},
    "year": {"yr": 1.0},
}
"""Length of a step in units of time. Days are of a calendar of 365, whose year is that long."""

_PER_TIME = re.compile(r"(?<!\S)[A-Za-z]+(?:\^|\*\*)?\{?-1\}?(?!\S)|/\s*[A-Za-z]+(?![\w^*])")


def over_time(unit: str, step: str) -> tuple[str, float]:
    """Return the unit of a sum over steps, and what the sum of values is multiplied by for it.

    ``g C m-2 yr-1`` becomes ``g C m-2``: times 1 where a step is a year, and 1/365 where it is a
    day.

    Parameters
    ----------
    unit : str
    step : str
        ``day``, of a calendar of 365, or ``year``.

    Raises
    ------
    ValueError
        The unit is not one per time, or per a time of which a step is no fixed number.
    """
    time = per(unit)
    if not time:
        raise ValueError(f"{unit!r} is no amount per time")
    if time not in _STEPS[step]:
        raise ValueError(f"{unit!r} is per {time}, of which a {step} has no fixed number")
    for found in _PER_TIME.finditer(unit):
        left = " ".join(f"{unit[: found.start()]} {unit[found.end() :]}".split()) or "1"
        try:
            fits = same(times(unit, time), left)
        except ValueError:
            continue
        if fits:
            return left, _STEPS[step][time]
    raise ValueError(f"{unit!r} is not written as an amount per {time}")


@cache
def _affine(found: str, needed: str) -> tuple[Fraction, Fraction]:
    """Return scale and offset, exact."""
    if found == needed:
        return Fraction(1), Fraction(0)
    (n, have), (m, want) = parse(found), parse(needed)
    if have == want:
        return n / m, Fraction(0)
    if _kinds(have) != _kinds(want):
        raise ValueError(f"{found!r} cannot become {needed!r}; {_unlike(found, needed)}")
    ratio = _grams(have, want)
    one, zero = (n * ratio, Fraction(0)) if ratio else _by_pint(found, needed)
    scale = (one - zero) / m
    if not Fraction(1, _FARTHEST) <= scale <= _FARTHEST:
        raise ValueError(
            f"{found!r} is {float(scale):.0e} of {needed!r}; "
            "check the case of its letters: p is 1e-12 and P 1e15"
        )
    return scale, zero / m


_GRAMS = {"ng": -9, "ug": -6, "mg": -3, "g": 0, "kg": 3, "Mg": 6, "Gg": 9, "Tg": 12, "Pg": 15}
"""Powers of ten of a gram."""

_BESIDE_GRAMS = {*_GRAMS, *TIME, *LABELS.values(), "m"}
"""What a unit may hold that is converted without pint, which knows whether others are units."""


def _grams(have: Powers, want: Powers) -> Fraction | None:
    """Return the scale between units of which the prefixes of grams alone differ; else None.

    A sum over space in Pg needs no more, and waits for no import.
    """
    left = dict(have)
    for name, power in want:
        left[name] = left.get(name, 0) - power
    other = {name: power for name, power in left.items() if power}
    if sum(other.values()) or not other.keys() <= _GRAMS.keys() or not left.keys() <= _BESIDE_GRAMS:
        return None
    return Fraction(10) ** sum(_GRAMS[name] * power for name, power in other.items())


def _by_pint(found: str, needed: str) -> tuple[Fraction, Fraction]:
    """Return what one of ``found``, with its own number, and none of it are in ``needed``."""
    (n, have), (_, want) = parse(found), parse(needed)
    # Half a second, nearly all of it imports of pint's own: paid where units differ.
    import pint

    registry = _registry()
    try:
        source, target = registry.Unit(_pint(have)), registry.Unit(_pint(want))
        one, zero = (registry.Quantity(Fraction(x), source).to(target).magnitude for x in (n, 0))
    except pint.UndefinedUnitError as error:
        names = error.unit_names
        text = unknown(names if isinstance(names, str) else ", ".join(names))
        raise ValueError(f"{found!r} cannot become {needed!r}; {text}") from error
    except pint.PintError as error:
        text = advice(found, needed, source.dimensionality, target.dimensionality)
        raise ValueError(f"{found!r} cannot become {needed!r}; {text}") from error
    return Fraction(one), Fraction(zero)


def _kinds(parsed: tuple[tuple[str, int], ...]) -> list[tuple[str, int]]:
    """Return what no unit of another kind can become: labels other than carbon's, and angles."""
    powers = {name: power for name, power in parsed if name in LABELS.values()}
    powers["angle"] = sum(power for name, power in parsed if name in ("degree", "radian"))
    return sorted(powers.items())


def _unlike(found: str, needed: str) -> str:
    """Return what to do where the kinds of two units differ."""
    if "radian" in dict(parse(found)[1]) and same(needed, "m2"):
        return "an area on the ground is needed: multiply by Earth's radius squared, 4.06e13 m2"
    of = " or ".join(sorted(labels(found) - labels(needed) - {"C"}))
    return f"it is of {of}" if of else different(found, needed)


@cache
def _registry() -> Any:
    import pint

    # Fractions keep powers of ten exact: 1 kg is 1e-12 Pg to the last bit.
    return pint.UnitRegistry(non_int_type=Fraction)


def _pint(parsed: tuple[tuple[str, int], ...]) -> str:
    names = ((n, p) for n, p in parsed if n not in LABELS.values())
    return "*".join(f"{name}**{power}" for name, power in names) or "dimensionless"
