"""Entries of a kernel's tables: parameters, drivers and outputs, and where its own dimensions lie.

Each checks itself when it is made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.plausible import HALF_AROUND, Plausible
from kernels.contract.ranges import Range

MODEL = "model"
"""The dimension of models side by side, of the outputs that all of them make."""


@dataclass(frozen=True)
class Parameter:
    """A constant of the model that a design may vary.

    Parameters
    ----------
    name, units, meaning, source : str
        ``units`` as pint reads them; ``source`` is the paper and place of the default.
    default, lower, upper : float
        Default and the physical bounds, in ``units``; ``lower <= default <= upper``. Outside
        the bounds the equations do not hold and a value is refused.
    plausible : Plausible
        What a design draws from that names the parameter and no distribution. A default of 0,
        a temperature or an exponent needs one of its own: half of it means nothing, or too much.
    """

    name: str
    units: str
    default: float
    lower: float
    upper: float
    meaning: str
    source: str
    plausible: Plausible = HALF_AROUND

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"parameter {self.name!r}: a name is letters, digits and '_'")
        if not self.lower <= self.default <= self.upper:
            raise ValueError(
                f"parameter {self.name!r}: default {self.default!r} is outside "
                f"[{self.lower!r}, {self.upper!r}] {self.units}; correct the table or its bounds"
            )
        low, high = self.plausible.low, self.plausible.high
        if self.plausible.of == "value" and not self.lower <= low < high <= self.upper:
            raise ValueError(
                f"parameter {self.name!r}: plausible from {low!r} to {high!r} is outside "
                f"[{self.lower!r}, {self.upper!r}] {self.units}; correct the table or its bounds"
            )

    def likely(self, default: F8 | None = None) -> tuple[F8, F8]:
        """Return the plausible range about defaults, cut at the bounds.

        Parameters
        ----------
        default : ndarray, float64, optional
            In ``units``, of any shape; the table's own by default.

        Returns
        -------
        low, high : ndarray, shape of ``default``, float64
            In ``units``. ``low < high`` fails where a rule has nothing to go by: a default of 0
            or, of a scenario's own, outside the bounds.
        """
        own = np.asarray(self.default if default is None else default, dtype=np.float64)
        low, high = self.plausible.around(own)
        return np.maximum(low, self.lower), np.minimum(high, self.upper)


@dataclass(frozen=True)
class Limit:
    """The most that a stock can hold, whatever the place: a member beyond it is no soil.

    It changes no value and no status. Members beyond it are counted, and a scenario may leave
    them out of statistics and indices.

    Parameters
    ----------
    above : float
        Values above it are beyond the limit, in the units of the output; ``inf`` where a stock
        has none.
    source : str
        What holds as much and where that is from, or why there is no limit.
    """

    above: float
    source: str


@dataclass(frozen=True)
class Variable:
    """A driver, an output, or an intermediate that one stage hands to a later one.

    ``dims`` are the dimensions besides location and sample. ``expected_range`` is what a driver
    may be; None where nobody says, as of a user's program. Stocks among the outputs declare a
    ``limit``; those of kernels elsewhere may lack it, and then nothing is counted.
    """

    name: str
    units: str
    meaning: str
    dims: tuple[str, ...] = ("time",)
    standard_name: str = ""
    expected_range: Range | None = None
    limit: Limit | None = None


@dataclass(frozen=True)
class Condition:
    """What must hold of a member's parameters and drivers together, beyond the range of each.

    A kernel that declares it gives members ``out_of_range`` for which it does not hold; a plan
    and a replay say so with numbers.

    Attributes
    ----------
    text : str
        What may not be large, in symbols and words: ``q1 (q2 - q3 lignin_n), the metabolic part of
        litter``.
    of : tuple of str
        Parameters and drivers that it is of.
    value : callable
        ``value(named) -> ndarray`` of arrays by those names that fit one another's shapes.
    most : float
        The largest value for which it holds.
    """

    text: str
    of: tuple[str, ...]
    value: Callable[[Mapping[str, F8]], F8]
    most: float


def by_day(variable: Variable) -> Variable:
    """Return an output by years as one by days, with ``_daily`` after its name.

    What is per year is per day, and stocks are those at the end of the day.
    """
    axis = variable.dims.index("time")
    return replace(
        variable,
        name=f"{variable.name}_daily",
        units=variable.units.replace(" yr-1", " d-1"),
        meaning=f"{variable.meaning}, by day",
        dims=(*variable.dims[:axis], "date", *variable.dims[axis + 1 :]),
    )


@dataclass(frozen=True, eq=False)
class Coordinate:
    """A dimension of the kernel's own, such as ``layer``: where its places are.

    Attributes
    ----------
    values : ndarray, shape (n,), float64
        In ``units``, finite and rising: the middle of a layer.
    units, meaning : str
    bounds : ndarray, shape (n, 2), float64, or None
        Lower and upper end of each place, around its value.
    labels : tuple of str
        Names of the places, where those say it better than numbers: pools, models.
    """

    values: F8
    units: str
    meaning: str
    bounds: F8 | None = None
    labels: tuple[str, ...] = ()

    @classmethod
    def named(cls, labels: Sequence[str], meaning: str) -> "Coordinate":
        """Return a dimension whose places have names alone."""
        return cls(np.arange(float(len(labels))), "1", meaning, labels=tuple(labels))

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float64)
        object.__setattr__(self, "values", values)
        if values.ndim != 1 or not values.size or not np.isfinite(values).all():
            raise ValueError(f"a coordinate has shape {values.shape}; needed (n,), finite numbers")
        if (np.diff(values) <= 0).any():
            raise ValueError(f"a coordinate of {values.tolist()} {self.units} does not rise")
        if self.labels and len(set(self.labels)) != values.size:
            raise ValueError(f"labels {self.labels}; needed {values.size}, each once")
        if self.bounds is None:
            return
        bounds = np.asarray(self.bounds, dtype=np.float64)
        object.__setattr__(self, "bounds", bounds)
        if bounds.shape != (values.size, 2):
            raise ValueError(f"bounds have shape {bounds.shape}; needed ({values.size}, 2)")
        if not ((bounds[:, 0] < values) & (values < bounds[:, 1])).all():
            raise ValueError(f"bounds {bounds.tolist()} are not around {values.tolist()}")


@dataclass(frozen=True)
class Derived:
    """What the drivers of a forcing say about one parameter, shape (L,), parameter units."""

    default: F8
    lower: F8
    upper: F8
