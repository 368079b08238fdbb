"""Costs: how far what a member holds is from what was observed at its location."""

from dataclasses import dataclass

import numpy as np

from ensemble.members.responses.pairs import Data, Pairs, Unanswered, pairs_of, scale_of
from kernels import F8, Variable
from scenarios import limit_in_units
from scenarios.forcing import Observed
from scenarios.response_sections import CostOf


@dataclass(frozen=True)
class Cost:
    """A sum over observations of squared residuals, each in standard errors.

    Attributes
    ----------
    name, output, units, meaning : str
    pairs : Pairs
    per_error : ndarray, shape (F, L, n), float64
        One over the standard error of each value, or of its logarithm; 0 where there is no term.
    log : bool
        Whether residuals are differences of logarithms.
    huber : float
        Residuals beyond it count by their size, not its square; infinite for none.
    """

    name: str
    output: str
    units: str
    meaning: str
    pairs: Pairs
    per_error: F8
    log: bool = False
    huber: float = np.inf

    @property
    def observed(self) -> F8:
        """Return the observed values in the unit of the output, (F, L, n); 0 without a term."""
        return self.pairs.observed

    @property
    def notes(self) -> tuple[tuple[int, str], ...]:
        """Return what became of observations that have no term, by forcing."""
        return self.pairs.notes

    @property
    def may_be_undefined(self) -> bool:
        """Return whether a member that ran may have no finite number."""
        return self.log

    def apply(self, values: F8, forcing: int, locations: slice) -> F8:
        """Return the cost (l, s) of ``values`` (l, *dims, s) at those locations."""
        total = np.zeros((values.shape[0], values.shape[-1]))
        observed = self.pairs.observed[forcing, locations]
        per_error = self.per_error[forcing, locations]
        for i, modelled in self.pairs.each(values, forcing, locations):
            total += self._loss(self._residual(observed[:, i], modelled, per_error[:, i]))
        return total

    def residuals(self, modelled: F8, forcing: int, locations: slice) -> F8:
        """Return residuals in standard errors, as they are squared, of what is modelled beside.

        Both are (l, n, s); what is modelled is as `Pairs.modelled`, and 0 is left without a term.
        """
        observed = self.pairs.observed[forcing, locations]
        return self._residual(observed, modelled, self.per_error[forcing, locations])

    def _residual(self, observed: F8, modelled: F8, per_error: F8) -> F8:
        """Return residuals (..., s) in standard errors; 0 where there is no term."""
        observed, per_error = observed[..., None], per_error[..., None]
        here = per_error > 0
        if not self.log:
            # What is modelled beside no observation may be no number.
            return np.where(here, (observed - modelled) * per_error, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.log(np.where(here, observed, 1.0)) - np.log(np.where(here, modelled, 1.0))
        return np.asarray(apart * per_error)

    def _loss(self, residual: F8) -> F8:
        squared = residual**2
        if self.huber == np.inf:
            return squared
        far = np.abs(residual)
        return np.where(far <= self.huber, squared, self.huber * (2.0 * far - self.huber))


def cost_of(name: str, asked: CostOf, variable: Variable, data: Data) -> Cost:
    """Return the cost of an output against what every forcing's locations observed.

    Raises
    ------
    Unanswered
        As `pairs_of`; values that have no error, or no logarithm.
    """
    pairs = pairs_of(asked.observed, asked.years, variable, data, "cost")
    scale = scale_of(asked.observed, variable, data)
    errors = np.stack([
        _errors(asked, by_name[asked.observed], pairs.observed[f], pairs.there[f], scale, variable)
        for f, by_name in enumerate(data.observations)
    ])  # fmt: skip
    if asked.residual == "log":
        if not (pairs.observed[pairs.there] > 0).all():
            text = f"{asked.observed!r}: what is observed is not above 0, and has no logarithm"
            raise Unanswered(f"{text}; leave it out, or residual: log", ".cost.residual")
        errors = np.divide(errors, pairs.observed, out=np.zeros_like(errors), where=pairs.there)
    per_error = np.divide(1.0, errors, out=np.zeros_like(errors), where=pairs.there)
    meaning = f"cost of {variable.meaning} against {asked.observed!r} as observed, {_words(asked)}"
    return Cost(
        name,
        variable.name,
        "1",
        meaning,
        pairs,
        per_error,
        log=asked.residual == "log",
        huber=np.inf if asked.huber is None else asked.huber,
    )


def _words(asked: CostOf) -> str:
    """Return what residuals are in, for people."""
    words = f"relative error {asked.relative:g}" if asked.relative else "own errors"
    words += f" and {asked.floor} in squares" if asked.floor else ""
    words += ", of logarithms" if asked.residual == "log" else ""
    return words + (f", Huber's beyond {asked.huber:g}" if asked.huber else "")


def _errors(
    asked: CostOf, seen: Observed, values: F8, there: F8, scale: float, variable: Variable
) -> F8:
    """Return standard errors (L, n) in the unit of ``values``, which are of an output.

    Errors of the observation itself are in its own unit, ``scale`` of that of values.
    """
    if asked.relative is not None:
        advice = "0 is observed, of which there is no relative error; leave that layer out"
        errors = asked.relative * np.abs(values)
    elif seen.error is None:
        text = f"{asked.observed!r} has no errors of its own; say relative_error: 0.1"
        raise Unanswered(text, ".cost")
    else:
        advice = "an observation has no error above 0; say relative_error: 0.1"
        errors = seen.error * abs(scale)
    if asked.floor is not None:
        try:
            floor = limit_in_units(asked.floor, variable.units)
        except ValueError as error:
            raise Unanswered(str(error), ".cost.error.floor") from error
        errors = np.sqrt(errors**2 + floor**2)
    if not (errors[there] > 0).all():
        raise Unanswered(f"{asked.observed!r}: {advice}", ".cost")
    return errors
