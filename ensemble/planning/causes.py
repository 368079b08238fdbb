"""The likely cause of values out of range: the unit that would bring them back.

A mistake in a unit moves every value of a data set, so a cause must put the middle one and the
worst one into the range, and the largest one at least at its peak.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kernels import Range

SHOWN = 2
"""Causes named, in the order of the tables below: two may fit the same numbers."""

FREEZING = 273.15
SECONDS = 365.25 * 86400.0
"""Of a year."""


@dataclass(frozen=True)
class Sample:
    """Some values of a data set: the worst, the middle and the largest."""

    worst: float
    middle: float
    largest: float


def cause(sample: Sample, units: str, range_: Range) -> str:
    """Return the likely mistake as a question, such as ``percent given as a fraction?``.

    Parameters
    ----------
    sample : Sample
        In ``units``.
    units : str
        Of the driver or parameter, as the kernel has it.
    range_ : Range

    Returns
    -------
    str
        Empty if no mistake in a unit explains the values.
    """
    fits = [words for words, factor, add in _mistakes(units) if _mends(sample, factor, add, range_)]
    return f"{' or '.join(fits[:SHOWN])}?" if fits else ""


def _mends(sample: Sample, factor: float, add: float, range_: Range) -> bool:
    """Return whether values that are undone so would be in range."""
    worst, middle, largest = (
        v / factor + add for v in (sample.worst, sample.middle, sample.largest)
    )
    inside = all(range_.low <= v <= range_.high for v in (worst, middle))
    return inside and largest >= range_.peak


Mistake = tuple[str, float, float]
"""Words, factor and offset: value / factor + offset is what was meant."""

_OF_WHOLE: dict[str, tuple[Mistake, ...]] = {
    "degC": (
        ("Celsius given as K", 1.0, FREEZING),
        ("kelvin given as Celsius", 1.0, -FREEZING),
        ("Fahrenheit given as Celsius", 1.8, -32.0 / 1.8),
    ),
    "1": (
        ("percent given as a fraction", 100.0, 0.0),
        ("a fraction given as percent", 0.01, 0.0),
    ),
    "cm": (
        ("mm given as cm", 10.0, 0.0),
        ("m given as cm", 0.01, 0.0),
        ("cm given as m", 100.0, 0.0),
    ),
    "yr": (
        ("months given as years", 12.0, 0.0),
        ("days given as years", 365.25, 0.0),
        ("years given as days", 1 / 365.25, 0.0),
        ("seconds given as years", SECONDS, 0.0),
    ),
    "d": (("hours given as days", 24.0, 0.0), ("seconds given as days", 86400.0, 0.0)),
}
"""By the whole unit."""

_OF_PART: dict[str, tuple[Mistake, ...]] = {
    "d-1": (
        ("a month's sum given as a day's", 30.4, 0.0),
        ("a year's sum given as a day's", 365.0, 0.0),
        ("a day's sum given as one per second", 86400.0, 0.0),
        ("a rate per second given as one per day", 1 / 86400.0, 0.0),
    ),
    "yr-1": (
        ("a month's sum given as a year's", 1 / 12.0, 0.0),
        ("a day's sum given as a year's", 1 / 365.0, 0.0),
        ("a year's sum given as a month's", 12.0, 0.0),
        ("a year's sum given as a day's", 365.0, 0.0),
        ("a year's sum given as one per second", SECONDS, 0.0),
        ("a rate per second given as one per year", 1 / SECONDS, 0.0),
    ),
    "mg": (("mg given as g", 1000.0, 0.0), ("g given as mg", 1e-3, 0.0)),
    "g": (("g given as kg", 1000.0, 0.0), ("kg given as g", 1e-3, 0.0)),
    "kg": (("g given as kg", 1000.0, 0.0), ("kg given as g", 1e-3, 0.0)),
    "Pg": (
        ("Tg given as Pg", 1e3, 0.0),
        ("Pg given as Tg", 1e-3, 0.0),
        ("kg given as Pg", 1e12, 0.0),
        ("g given as Pg", 1e15, 0.0),
    ),
}
"""By one part of the unit; masses before times where both fit."""


def _mistakes(units: str) -> Iterator[Mistake]:
    yield from _OF_WHOLE.get(units, ())
    for part in units.split():
        yield from _OF_PART.get(part, ())
