"""What products are among themselves: their totals, and their median where all have a value.

Models cannot agree better with products than these do with each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ensemble.members.benchmarks import Asked
from ensemble.members.evaluation.others import Other
from ensemble.scores.products import best_estimate
from scenarios.units import convert

TOTALS = ("Pg C yr-1", "Pg C")
"""Units of totals of a rate and of a stock of an area of land."""


@dataclass(frozen=True)
class Total:
    """A sum over land: what it is, of how much land (m2), and of how many cells."""

    value: float
    land: float
    cells: int


@dataclass(frozen=True)
class Ceiling:
    """The products of an output.

    Attributes
    ----------
    output, units, rate_units : str
        Of totals, and of what is summed up.
    totals : mapping of str to Total
        Each over the cells of its own.
    median, mad : float
        Of the totals; the median absolute deviation is not scaled.
    best : Total or None
        Of the median of each cell where all products have a value; None on unlike grids.
    mean_mad : float
        Mean over that land of the median absolute deviations, ``rate_units``; NaN without ``best``.
    """

    output: str
    units: str
    rate_units: str
    totals: Mapping[str, Total]
    median: float
    mad: float
    best: Total | None
    mean_mad: float | None


def ceiling(output: str, products: Mapping[str, Other]) -> Ceiling | None:
    """Return what products are among themselves; None of what has no total over land."""
    first = next(iter(products.values())).asked[output]
    unit = next((unit for unit in TOTALS if _may_be(first, unit)), None)
    if unit is None:
        return None
    totals = {}
    for name, one in products.items():
        land = one.places.columns["area"]
        rate = one.outputs[output][:, :, 0].mean(axis=1)
        value = float((land * rate).sum() * one.asked[output].factor(unit, "m2"))
        totals[name] = Total(value, float(land.sum()), len(land))
    median, mad, _ = best_estimate(np.array([[one.value] for one in totals.values()]))
    best, mean_mad = _best(output, unit, products)
    of = first.variable.units
    return Ceiling(output, unit, of, totals, median.item(), mad.item(), best, mean_mad)


def _may_be(asked: Asked, unit: str) -> bool:
    """Return whether what is summed over land is in a unit."""
    try:
        asked.factor(unit, "m2")
    except ValueError:
        return False
    return True


def _best(
    output: str, unit: str, products: Mapping[str, Other]
) -> tuple[Total | None, float | None]:
    """Return the total of the cells' medians, and the mean of their deviations."""
    asked = next(iter(products.values())).asked[output]
    tables = [_by_place(one, output, asked.variable.units) for one in products.values()]
    shared = sorted(set.intersection(*({*table} for table in tables)))
    if not shared:
        return None, None
    both = np.array([[table[place] for place in shared] for table in tables])
    rates, land = both[..., 0], both[..., 1]
    median, mad, _ = best_estimate(rates)
    least = land.min(axis=0)
    value = float((least * median).sum() * asked.factor(unit, "m2"))
    return Total(value, float(least.sum()), len(shared)), float(np.average(mad, weights=least))


def _by_place(one: Other, output: str, unit: str) -> dict[tuple[str, float], tuple[float, float]]:
    """Return rate and land by cell."""
    values = one.outputs[output][:, :, 0].mean(axis=1)
    rate = convert(values, one.asked[output].variable.units, unit).tolist()
    land = one.places.columns["area"].tolist()
    return dict(zip(one.cells, zip(rate, land, strict=True), strict=True))
