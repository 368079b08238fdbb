"""From the words of ``parameters:`` to functions of uniforms, with every problem found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, Parameter
from scenarios.designs._contract import Context
from scenarios.designs.distributions.account import KEYED
from scenarios.designs.distributions.admissible import admissible, describe_admissible
from scenarios.designs.distributions.conversion import SAME, Conversion, conversion
from scenarios.designs.distributions.families import (
    Family,
    Integers,
    Lognormal,
    Loguniform,
    Normal,
    Triangular,
    Uniform,
)
from scenarios.designs.distributions.grammar import EVERY, Column, Distribution, Number
from scenarios.problems import Problem, nearest, no_parameter
from scenarios.units import labelled

LEAST_KEPT = 1e-6
"""Probability inside the bounds below which a distribution is taken for a mistake."""


@dataclass(frozen=True)
class Marginal:
    """The distribution of one parameter; arrays are (k, 1), k = 1 or L.

    Attributes
    ----------
    family : Family
        In the units written.
    start, width : ndarray, shape (k, 1)
        Probability below the lower cut, and between the two.
    lower, upper : ndarray, shape (k, 1)
        Cuts in kernel units; infinite where there are none.
    conversion : Conversion
    """

    family: Family
    start: F8
    width: F8
    lower: F8
    upper: F8
    conversion: Conversion = SAME

    def values(self, u: F8) -> F8:
        """Return the values at uniforms ``u`` (n,), shape (k, n), kernel units."""
        x = self.conversion.to_kernel(self.family.inverse(self.start + u * self.width))
        # Cuts are exact in probability; this mends the last bit and never moves a sample.
        return np.minimum(np.maximum(x, self.lower), self.upper)

    @property
    def truncated_share(self) -> float:
        """Return the probability cut off, the largest over locations."""
        return float(1.0 - self.width.min())

    @property
    def unbounded(self) -> bool:
        """Return whether u = 0 or u = 1 would give an infinite value somewhere."""
        low, high = self.conversion.to_kernel(np.array(self.family.support())).tolist()
        low_end = np.maximum(low, self.lower).min()
        high_end = np.minimum(high, self.upper).max()
        return not (np.isfinite(low_end) and np.isfinite(high_end))

    def outside(self, parameter: Parameter) -> float:
        """Return the probability outside the kernel's bounds, the largest over locations."""
        inside = _between(
            self.family,
            self.conversion.to_written(np.maximum(self.lower, parameter.lower)),
            self.conversion.to_written(np.minimum(self.upper, parameter.upper)),
        )
        # Below a part in 10^12 it is rounding of the two cuts.
        share = 1.0 - np.maximum(inside, 0.0) / self.width
        return float(np.maximum(np.round(share, 12), 0.0).max())


@dataclass
class Resolved:
    """The parameters of a design, ready for use.

    Attributes
    ----------
    marginals : dict of str to Marginal
        In the order of the scenario.
    attributes : dict
        JSON-able account of the distributions; part of the design's attributes.
    """

    marginals: dict[str, Marginal] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the parameters in order."""
        return tuple(self.marginals)


def resolve(
    written: Mapping[str, Distribution | None],
    context: Context,
    problems: list[Problem],
    *,
    truncate: bool,
) -> Resolved:
    """Return the marginals of ``parameters:``; add what is wrong to ``problems``.

    Parameters
    ----------
    written : mapping of str to Distribution or None
        None: uniform over the plausible range of the kernel's table.
    context : Context
    problems : list of Problem
        Added to; a parameter with a problem has no marginal.
    truncate : bool
        Random designs: cut at the admissible range. Others check it, with `excesses`.
    """
    resolved = Resolved(attributes=_empty_account())
    if EVERY in written and len(written) == 1:
        written = dict.fromkeys(context.parameters)
    for name, distribution in written.items():
        where = f"{context.path}.parameters.{name}"
        if name not in context.parameters:
            text = no_parameter(name, context.parameters)
            problems.append(Problem(text, where))
            continue
        resolver = _Resolver(context, context.parameters[name], where, problems, truncate)
        marginal = resolver.marginal(distribution)
        if marginal is not None:
            resolved.marginals[name] = marginal
            _account(resolved.attributes, name, marginal, distribution, context, truncate)
    resolved.attributes["parameters"] = list(resolved.marginals)
    return resolved


def judgeable(
    written: Mapping[str, Distribution | None], context: Context
) -> dict[str, Distribution]:
    """Return the distributions of which every number is known without data.

    Not those with a column of the location table, and none that follows a default, which
    forcings may make another by location.
    """
    return {
        name: distribution
        for name, distribution in written.items()
        if name in context.parameters and distribution is not None and not _of_data(distribution)
    }


def _of_data(distribution: Distribution) -> bool:
    shape = getattr(distribution, distribution.family)
    numbers = [getattr(shape, key) for key in type(shape).model_fields]
    return any(isinstance(n, Column) for n in (*numbers, distribution.lower, distribution.upper))


def _empty_account() -> dict[str, Any]:
    return {"parameters": [], **{key: {} for key in KEYED}, "warnings": []}


def _account(
    attributes: dict[str, Any],
    name: str,
    marginal: Marginal,
    distribution: Distribution | None,
    context: Context,
    truncate: bool,
) -> None:
    """Write down one distribution: as written, what is cut off, what lies outside."""
    parameter = context.parameters[name]
    if distribution is None:
        plain: dict[str, Any] = {"uniform": _ends(marginal.family)}
        attributes["plausible"][name] = parameter.plausible.source
    else:
        plain = distribution.model_dump(mode="json", exclude_defaults=True)
    attributes["distributions"][name] = plain
    attributes["truncated_share"][name] = marginal.truncated_share
    attributes["outside_bounds"][name] = outside = marginal.outside(parameter)
    admissible = describe_admissible(context, name, by_location=len(marginal.lower) > 1)
    if admissible:
        attributes["admissible"][name] = admissible
    if outside > 0.0 and truncate:
        attributes["warnings"].append(
            f"{name}: {outside:.3g} of the distribution is outside the kernel's bounds "
            f"[{parameter.lower!r}, {parameter.upper!r}] {parameter.units}; add lower: or upper: "
            "to cut it"
        )


def _ends(family: Family) -> dict[str, Any]:
    """Return the two ends of a uniform distribution, JSON-able; of several, the outermost."""
    ends = {side: np.asarray(values) for side, values in vars(family).items()}
    return {
        side: float(v.min())
        if v.size == 1
        else {"least": float(v.min()), "most": float(v.max()), "locations": v.size}
        for side, v in ends.items()
    }


@dataclass(frozen=True)
class _Resolver:
    """Makes the marginal of one parameter."""

    context: Context
    parameter: Parameter
    where: str
    problems: list[Problem]
    truncate: bool

    def marginal(self, distribution: Distribution | None) -> Marginal | None:
        """Return the marginal, or None with at least one problem added."""
        before = len(self.problems)
        units = SAME
        if distribution is None:
            family: Family | None = self._plausible()
            cuts: tuple[F8 | None, F8 | None] = (None, None)
        else:
            units = self._conversion(distribution.units)
            family = self._family(distribution)
            cuts = (self._cut("lower", distribution), self._cut("upper", distribution))
            if family is not None and len(self.problems) == before:
                self._faults(family, distribution)
        if family is None or len(self.problems) > before:
            return None
        return self._truncated(family, cuts, units)

    def _conversion(self, written: str) -> Conversion:
        try:
            return conversion(written, self.parameter.units)
        except ValueError as error:
            self.problems.append(Problem(str(error), f"{self.where}.units"))
            return SAME

    def _family(self, distribution: Distribution) -> Family | None:
        """Return the family with its numbers looked up."""
        name = distribution.family
        shape = getattr(distribution, name)
        keys = [key for key in type(shape).model_fields if getattr(shape, key) is not None]
        numbers = {key: self._number(getattr(shape, key), f"{name}.{key}") for key in keys}
        if any(number is None for number in numbers.values()):
            return None
        n = {key: number for key, number in numbers.items() if number is not None}
        match name:
            case "normal":
                return Normal(n["mean"], n["sd"])
            case "uniform":
                return Uniform(n["lower"], n["upper"])
            case "loguniform":
                return Loguniform(n["lower"], n["upper"])
            case "integers":
                return Integers(n["low"], n["high"])
            case "triangular":
                return Triangular(n["lower"], n["mode"], n["upper"])
        if "mu" in n:
            return Lognormal(n["mu"], n["sigma"])
        return self._lognormal_of_moments(n["mean"], n["sd"])

    def _lognormal_of_moments(self, mean: F8, sd: F8) -> Family | None:
        """Return the lognormal whose value has that mean and standard deviation."""
        where = f"{self.where}.lognormal"
        for key, number in (("mean", mean), ("sd", sd)):
            self._fault(f"{where}.{key}", key, number, ~(number > 0), "needed a number above 0")
        if not ((mean > 0).all() and (sd > 0).all()):
            return None
        variance = np.log1p((sd / mean) ** 2)
        return Lognormal(np.log(mean) - 0.5 * variance, np.sqrt(variance))

    def _number(self, number: Number, key: str) -> F8 | None:
        """Return a number as (1, 1), or a column of the location table as (L, 1)."""
        if not isinstance(number, Column):
            return np.array([[number]], dtype=np.float64)
        where = f"{self.where}.{key}"
        if number.column not in self.context.columns:
            hint = nearest(number.column, self.context.columns) or "; there is no location table"
            text = f"the location table has no column {number.column!r}{hint}"
            self.problems.append(Problem(text, where))
            return None
        values = np.asarray(self.context.columns[number.column], dtype=np.float64)[:, None]
        bad = ~np.isfinite(values)
        what = f"column {number.column!r}"
        self._fault(where, what, values, bad, "needed a finite number at every location")
        return None if bad.any() else values

    def _cut(self, side: str, distribution: Distribution) -> F8 | None:
        """Return a stated cut in written units."""
        number: Number | None = getattr(distribution, side)
        if number is None:
            return None
        values = self._number(number, side)
        if values is not None and distribution.family == "lognormal":
            bad = values < 0 if side == "lower" else values <= 0
            need = "a lognormal variable is above 0, so it cuts " + (
                "nothing; remove it" if side == "lower" else "everything; state one above 0"
            )
            self._fault(f"{self.where}.{side}", side, values, bad, need)
        return values

    def _plausible(self) -> Family | None:
        """Return the uniform distribution over the plausible range: by location if defaults are."""
        p, context = self.parameter, self.context
        default = np.atleast_1d(np.asarray(context.control.get(p.name, p.default), np.float64))
        follows = p.plausible.of != "value"
        if follows and p.name in context.unlike:
            text = f"its default differs between the forcings, and so would {p.plausible.source}"
            text += "; state a distribution, or say independent: [forcing]"
            self.problems.append(Problem(text, self.where))
            return None
        if not follows or (default == default[0]).all():
            default = default[:1]
        low, high = (end[:, None] for end in p.likely(default))
        need = f"no range follows from it ({p.plausible.source}); state a distribution"
        self._fault(self.where, "the default", default[:, None], ~(low < high), need, p.units)
        return Uniform(low, high)

    def _faults(self, family: Family, distribution: Distribution) -> None:
        shape, units = distribution.family, distribution.units or self.parameter.units
        for key, values, bad, need in family.faults():
            own = "" if key in ("mu", "sigma") else units
            self._fault(f"{self.where}.{shape}.{key}", key, values, bad, need, own)

    def _fault(
        self,
        where: str,
        key: str,
        values: F8,
        bad: NDArray[np.bool_],
        need: str,
        units: str = "",
    ) -> None:
        """Add a problem that names the first bad value and its location."""
        if not bad.any():
            return
        at = int(np.flatnonzero(bad.reshape(-1))[0])
        value = float(np.broadcast_to(values, bad.shape).reshape(-1)[at])
        place = f" at location {at}" if bad.size > 1 else ""
        text = f"{key} is {labelled(repr(value), units)}{place}; {need}"
        self.problems.append(Problem(text, where))

    def _truncated(
        self, family: Family, cuts: tuple[F8 | None, F8 | None], units: Conversion
    ) -> Marginal | None:
        """Return the marginal between the stated and the admissible bounds."""
        low, high = (
            np.array([[end]]) if cut is None else units.to_kernel(cut)
            for cut, end in zip(cuts, (-np.inf, np.inf), strict=True)
        )
        if self.truncate:
            numbers = [low, high, *vars(family).values()]
            by_location = max(len(number) for number in numbers) > 1
            lower, upper = admissible(self.context, self.parameter.name, by_location=by_location)
            low, high = np.maximum(low, lower), np.minimum(high, upper)
        if isinstance(family, Integers):
            # Bounds of forcings need not be whole, and a value is moved onto them by its last bit.
            low, high = np.ceil(low), np.floor(high)
        if not (low < high).all():
            units_ = self.parameter.units
            most = labelled(repr(_first(high, ~(low < high))), units_)
            need = f"needed below upper, {most}"
            need += " (bounds stated and admissible by the forcings)" if self.truncate else ""
            self._fault(f"{self.where}.lower", "lower", low, ~(low < high), need, units_)
            return None
        start = _below(family, units.to_written(low)) if np.isfinite(low).any() else _zero()
        width = _between(family, units.to_written(low), units.to_written(high))
        width, start = np.broadcast_arrays(width, start)
        if self._keeps_too_little(width, low, high):
            return None
        return Marginal(family, start.copy(), width.copy(), low, high, units)

    def _keeps_too_little(self, width: F8, low: F8, high: F8) -> bool:
        bad = ~(width >= LEAST_KEPT)
        if bad.any():
            bounds = f"[{_first(low, bad)!r}, {_first(high, bad)!r}] {self.parameter.units}"
            what = f"the share of the distribution inside {bounds}"
            if self.truncate:
                what += ", stated and admissible by the forcings,"
            need = f"needed {LEAST_KEPT!r}; correct the distribution or its bounds"
            self._fault(self.where, what, width, bad, need)
        return bool(bad.any())


def _zero() -> F8:
    return np.zeros((1, 1))


def _first(values: F8, bad: NDArray[np.bool_]) -> float:
    """Return the value at the first bad place."""
    at = np.flatnonzero(bad.reshape(-1))[0]
    return float(np.broadcast_to(values, bad.shape).reshape(-1)[at])


def _between(family: Family, low: F8, high: F8) -> F8:
    """Return the probability between two values (k, 1)."""
    above = family.cdf(high) if np.isfinite(high).any() else np.ones((1, 1))
    below = _below(family, low) if np.isfinite(low).any() else _zero()
    return above - below


def _below(family: Family, x: F8) -> F8:
    """Return the probability of a value below ``x`` (k, 1); of whole numbers, ``x`` is not."""
    return family.cdf(np.nextafter(x, -np.inf) if isinstance(family, Integers) else x)
