"""What the text of a unit says: a number and powers of names, in one spelling."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

Parsed = tuple[Fraction, tuple[tuple[str, int], ...]]
"""A number and the sorted powers of names; labels of carbon are dropped, of others kept."""

TIME = frozenset({"s", "min", "h", "d", "week", "month", "yr"})
MASS = re.compile(r"[yzafpnuμmcdhkMGTPE]?g|[kMGTP]?t|tonnes?|[pnuμmk]?mol")

LABELS = {"N": "nitrogen", "P": "phosphorus", "H2O": "water"}
"""What a mass may be of, besides carbon."""

HOW = "write it as 'kg C m-2 s-1'"


class OfDioxideError(ValueError):
    """A unit that is one, of CO2 and not of carbon."""


_PLAIN = frozenset(
    "- 1 1.0 fraction fractions frac unitless dimensionless nondimensional non-dimensional "
    "proportion ratio 0-1 [-] none".split()
)

# Any case is one unit: words have no prefix.
_WORDS = {
    **dict.fromkeys("yr yrs year years annum".split(), "yr"),
    **dict.fromkeys("month months mon mons mo mth mths".split(), "month"),
    **dict.fromkeys("week weeks".split(), "week"),
    **dict.fromkeys("day days".split(), "d"),
    **dict.fromkeys("hr hrs hour hours".split(), "h"),
    **dict.fromkeys("minute minutes".split(), "min"),
    **dict.fromkeys("sec secs second seconds".split(), "s"),
    **dict.fromkeys("degc celsius centigrade °c".split(), "degC"),
    **dict.fromkeys("degf fahrenheit °f".split(), "degF"),
    **dict.fromkeys("kelvin kelvins degk °k".split(), "K"),
    **dict.fromkeys("percent pct percentage".split(), "%"),
    **dict.fromkeys("permil permille ‰".split(), "permille"),
    **dict.fromkeys("degree degrees deg arcdeg ° degn dege".split(), "degree"),
    **dict.fromkeys(
        "degrees_north degree_north degreesn degreen deg_north deg_n".split(), "degree"
    ),
    **dict.fromkeys("degrees_n degree_n degrees_e degree_e".split(), "degree"),
    **dict.fromkeys("degrees_east degree_east degreese degreee deg_east deg_e".split(), "degree"),
    **dict.fromkeys("radian radians rad".split(), "radian"),
    **dict.fromkeys("meter meters metre metres".split(), "m"),
    **dict.fromkeys("kilometer kilometers kilometre kilometres".split(), "km"),
    **dict.fromkeys("gram grams gramme grammes".split(), "g"),
    **dict.fromkeys("kilogram kilograms".split(), "kg"),
    **dict.fromkeys("hectare hectares ha".split(), "ha"),
    **dict.fromkeys("mole moles".split(), "mol"),
    **dict.fromkeys("millimeter millimeters millimetre millimetres".split(), "mm"),
    **dict.fromkeys("centimeter centimeters centimetre centimetres".split(), "cm"),
}

# The case is the meaning (mg, Mg), but for what no other unit of the field is spelled like.
_SYMBOLS = {
    **dict.fromkeys(("a", "y"), "yr"),
    **dict.fromkeys(("Gt", "PG"), "Pg"),
    **dict.fromkeys(("Kg", "KG"), "kg"),
    **dict.fromkeys(("Km", "KM"), "km"),
    "TG": "Tg",
    "oC": "degC",
}

SPELLINGS = (*_WORDS, "fraction", "dimensionless", "unitless")
"""Words that a misspelt one may mean. Symbols are none: one letter makes another unit of them."""

_TOKEN = re.compile(r"(?P<name>[A-Za-zμ°˚%‰_]+)(?:(?:\^|\*\*)?(?P<power>[+-]?\d+))?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TEN = re.compile(r"10(?:\^|\*\*)(?P<power>[+-]?\d+)")
_PIECE = re.compile(r"[()/]|[^\s()/]+")
_AFTER_GROUP = re.compile(r"(?:\^|\*\*)?(?P<power>[+-]?\d+)")

# (what is found, what it becomes), in this order
_TIDY = tuple(
    (re.compile(found, flags), becomes)
    for found, flags, becomes in (
        (r"[\u2212\u2013]", 0, "-"),
        (r"[\u00b7\u22c5\u00d7]", 0, " "),
        (r"\$", 0, ""),
        (r"\{\s*([^{}]*?)\s*\}", 0, r"\1"),
        (r"(?<=[\^*])\(\s*([+-]?\d+)\s*\)", 0, r"\1"),
        (r"\bper[ -]?cent\b", re.I, "percent"),
        (r"\bper[ -]?mil(?:le)?\b", re.I, "permille"),
        (r"\bper\b", re.I, "/"),
        (r"\b(?:square|sq\.?) ?(k?m)\b", re.I, r"\g<1>2"),
        (r"\b(?:square|sq\.?) (kilo)?met(?:er|re)s?\b", re.I, r"\1m2"),
        (r"\bkilom2\b", re.I, "km2"),
        (r"\bdeg(?:ree)?s?[ _]?(?:C|celsius|centigrade)\b", re.I, "degC"),
        (r"\bdeg(?:ree)?s?[ _]?(?:K|kelvin)\b", re.I, "K"),
        (r"[°˚]\s*C\b", re.I, "degC"),
        (r"[°˚]\s*K\b", re.I, "K"),
        (r"\bdeg(?:ree)?s? (?:north|east|N|E)\b", re.I, "degree"),
        # Digits inside a name are no power.
        (r"CO_?2", 0, "_carbondioxide_"),
        (r"H_?2O", 0, "_water_"),
        # A full stop between units, not that of a number.
        (r"(?<=[A-Za-z_])\.(?=[A-Za-z])|(?<=\d)\.(?=[A-Za-z])(?![eE][+-]?\d)", 0, " "),
        (r"(?<!\*)\*(?!\*)", 0, " "),
    )
)
_LONG = {"_carbondioxide_": "CO2", "_water_": "H2O"}


def tidy(unit: str) -> str:
    """Return the text in plain characters, units apart from one another."""
    text = unicodedata.normalize("NFKC", unit.replace("˚", "°")).strip()
    if not text:
        raise ValueError("no unit is given; say '1' for a plain number")
    for pattern, becomes in _TIDY:
        text = pattern.sub(becomes, text)
    return text.strip()


@dataclass
class _Reading:
    """The powers so far; ``before`` is the name that a label may follow."""

    unit: str
    number: Fraction = Fraction(1)
    powers: dict[str, int] = field(default_factory=dict)
    before: str = ""

    def take(self, token: str, sign: int) -> None:
        """Count a number or a name with its power."""
        if ten := _TEN.fullmatch(token):
            self.number *= Fraction(10) ** (int(ten["power"]) * sign)
        elif _NUMBER.fullmatch(token):
            self.number *= Fraction(token) ** sign
        else:
            self._name(token, sign)

    def _name(self, token: str, sign: int) -> None:
        name, power, label = _named(token, self.unit)
        if label and name:
            self._count(name, sign * power)
            self._label(label, 1, 1)
        elif label:
            self._label(label, power, sign)
        else:
            self._count(name, sign * power)

    def _count(self, name: str, power: int) -> None:
        self.powers[name] = self.powers.get(name, 0) + power
        self.before = name

    def _label(self, label: str, power: int, sign: int) -> None:
        """Count what a mass is of."""
        follows = MASS.fullmatch(self.before) and power == sign == 1
        if label == "CO2":
            if not follows or not self.before.endswith("mol"):
                raise OfDioxideError(_of_dioxide(self.unit, self.before))
        elif label == "C":
            if not follows:
                raise ValueError(
                    f"'C' in {self.unit!r} could be carbon, degree or coulomb; "
                    "say degC for a temperature, or put it after a mass: 'g C'"
                )
        elif follows or (label == "H2O" and self.before in ("mm", "cm", "m")):
            self.powers[LABELS[label]] = 1
        else:
            self._count(label, sign * power)


def _of_dioxide(unit: str, before: str) -> str:
    if MASS.fullmatch(before):
        return f"{unit!r} is of CO2, not of carbon; multiply a mass by 12.011/44.009 and say C"
    return f"{unit!r} is of CO2; needed a mass of carbon, such as 'g C'"


@cache
def parse(unit: str) -> Parsed:
    """Return a number and the sorted powers of unit names, labels of carbon dropped.

    Raises
    ------
    ValueError
        It cannot be read, or is of CO2.
    """
    text = tidy(unit)
    if text.casefold() in _PLAIN or text in ("(1)", "[1]"):
        return Fraction(1), ()
    if text[0] == "[" and text[-1] == "]":
        text = text[1:-1]
    reading = _Reading(unit)
    for token, sign in _signed(text, unit):
        reading.take(token, sign)
    return reading.number, tuple(sorted((n, p) for n, p in reading.powers.items() if p))


def terms(unit: str) -> tuple[Fraction, dict[tuple[str, str], int]]:
    """Return a number and the power of each name with what it is of: ``("g", "C")`` of ``g C``.

    Unlike `parse` it keeps the label of carbon, for who spells a unit again.

    Raises
    ------
    ValueError
        As `parse`.
    """
    number, _ = parse(unit)
    text = tidy(unit)
    if text.casefold() in _PLAIN or text in ("(1)", "[1]"):
        return number, {}
    if text[0] == "[" and text[-1] == "]":
        text = text[1:-1]
    found: list[tuple[str, str, int]] = []
    for token, sign in _signed(text, unit):
        if _TEN.fullmatch(token) or _NUMBER.fullmatch(token):
            continue
        name, power, label = _named(token, unit)
        if name:
            found.append((name, label, sign * power))
        elif found and not found[-1][1] and power == 1:
            found[-1] = (found[-1][0], label, found[-1][2])
        else:
            found.append((label, "", sign * power))
    powers: dict[tuple[str, str], int] = {}
    for name, label, power in found:
        powers[name, label] = powers.get((name, label), 0) + power
    return number, {key: power for key, power in powers.items() if power}


def labels(unit: str) -> frozenset[str]:
    """Return what the masses of a unit are said to be of: ``C``, ``N``, ``P``, ``H2O``."""
    named = (_named(token, unit) for token, _ in _signed(tidy(unit), unit)
             if _TOKEN.fullmatch(token))  # fmt: skip
    return frozenset(label for _, _, label in named if label)


def unlabelled(unit: str, label: str) -> str:
    """Return the unit without a label that stands apart: ``kg H2O m-2`` is ``kg m-2``."""
    return " ".join(unit.replace(label, " ").split()) or unit


def _signed(text: str, unit: str) -> Iterator[tuple[str, int]]:
    """Yield tokens with +1 or -1; a slash divides by the one, or the group, right after it."""
    signs, sign = [1], 1
    pieces = _PIECE.findall(text)
    closed = False
    for i, piece in enumerate(pieces):
        if piece == "(":
            power = _group_power(pieces, i, unit)
            signs.append(signs[-1] * sign * power)
            sign = 1
        elif piece == ")":
            if len(signs) == 1:
                raise ValueError(f"unit {unit!r} cannot be read at ')'; {HOW}")
            signs.pop()
        elif piece == "/":
            sign = -1
        elif closed and _AFTER_GROUP.fullmatch(piece):
            pass
        else:
            times = signs[-1] * sign
            # A group may have a power; all of its names have it.
            for _ in range(abs(times)):
                yield piece, 1 if times > 0 else -1
            sign = 1
        closed = piece == ")"
    if len(signs) > 1:
        raise ValueError(f"unit {unit!r} cannot be read: '(' is not closed; {HOW}")


def _group_power(pieces: list[str], opened: int, unit: str) -> int:
    """Return the power that stands right after a group's end, 1 if none does."""
    depth = 0
    for i in range(opened, len(pieces)):
        depth += {"(": 1, ")": -1}.get(pieces[i], 0)
        if not depth:
            after = pieces[i + 1] if i + 1 < len(pieces) else ""
            match = _AFTER_GROUP.fullmatch(after)
            if match and abs(int(match["power"])) > 9:
                raise ValueError(f"unit {unit!r} cannot be read at {after!r}; {HOW}")
            return int(match["power"]) if match else 1
    return 1


def _named(token: str, unit: str) -> tuple[str, int, str]:
    """Return a name in our spelling, its power, and the label it has or is."""
    match = _TOKEN.fullmatch(token)
    if not match:
        said = token
        for ours, theirs in _LONG.items():
            said = said.replace(ours, theirs)
        raise ValueError(f"unit {unit!r} cannot be read at {said!r}; {HOW}")
    name, power, label = match["name"], int(match["power"] or 1), ""
    for ours, theirs in _LONG.items():
        if name.endswith(ours):
            name, label = name.removesuffix(ours), theirs
    if not label and name in ("C", "N", "P"):
        return "", power, name
    if not label and name[-1:] in "CNP" and MASS.fullmatch(_symbol(name[:-1])):
        name, label = name[:-1], name[-1]
    elif not label and name[-1:] == "c" and len(name) > 2 and MASS.fullmatch(_symbol(name[:-1])):
        name, label = name[:-1], "C"
    return _symbol(name), power, label


def _symbol(name: str) -> str:
    """Return a name in our spelling."""
    return _SYMBOLS.get(name, name if name in ("", "m") else _WORDS.get(name.casefold(), name))
