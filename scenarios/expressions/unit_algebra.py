"""Units of products, quotients and powers, spelled as the field spells them.

``Pg C`` over ``Pg C yr-1`` is ``yr``: a mass keeps what it is of, so that carbon per nitrogen is
no plain number. ``Pg kg-1`` stays as it is, and becomes 1e12 where a plain number is needed.
"""

from collections.abc import Mapping
from fractions import Fraction

from scenarios.unit_text import parse, terms

OFFSET = frozenset({"degC", "degF"})
"""Units whose zero is not nothing: no product and no power has a meaning."""

MOST_POWER = 99
"""Of a part of a unit: beyond it a text is no unit of a person, and numbers in it have no end."""

DIFFERENCES = {"degC": "K"}
"""What a difference of temperatures is in, where 1 of it is 1 of that."""

Terms = Mapping[tuple[str, str], int]


def product(unit: str, other: str, power: int = 1) -> str:
    """Return the unit of a value times another to a power of 1 or -1."""
    (n, first), (m, second) = terms(unit), terms(other)
    both = dict(first)
    for name, count in second.items():
        both[name] = both.get(name, 0) + power * count
    return _spelled(n * m**power, both)


def to_power(unit: str, power: Fraction) -> str:
    """Return the unit of a value to a power.

    Raises
    ------
    ValueError
        A part of it would have a power that is not whole, or is beyond any use.
    """
    beyond = abs(power) > MOST_POWER
    said = f"{float(power):g}" if beyond or power.denominator > MOST_POWER else power
    none = ValueError(f"{unit!r} to the power {said} has no unit")
    if beyond:
        raise none
    number, powers = terms(unit)
    raised = {name: count * power for name, count in powers.items()}
    if any(count.denominator > 1 for count in raised.values()):
        raise none
    # A number to a broken power is no number of a unit.
    if number != 1 and power.denominator > 1:
        raise none
    scale = Fraction(1) if number == 1 else number**power.numerator
    return _spelled(scale, {name: int(count) for name, count in raised.items()})


def is_plain(unit: str) -> bool:
    """Return whether a unit is that of a plain number, and 1 of it is 1."""
    number, powers = parse(unit)
    return number == 1 and not powers


def has_offset(unit: str) -> bool:
    """Return whether zero of a unit is not nothing, as in degC."""
    return any(name in OFFSET for name, _ in terms(unit)[1])


def apart(unit: str) -> str:
    """Return the unit of differences of values: that of values, but K of degC."""
    return DIFFERENCES.get(unit, unit)


def _spelled(number: Fraction, powers: Mapping[tuple[str, str], int]) -> str:
    """Return a unit as text: what is multiplied before what is divided by."""
    words = [] if number == 1 else [f"{float(number):.15g}"]
    ordered = sorted(powers.items(), key=lambda pair: pair[1] < 0)
    for (name, label), power in ordered:
        if power == 1:
            words.append(f"{name} {label}".strip())
        elif power:
            words.append(f"{name}{label}{power}")
    unit = " ".join(words) or "1"
    # Carbon over a mass that does not say of what is a plain number too.
    return "1" if is_plain(unit) else unit
