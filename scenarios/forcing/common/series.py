"""One series of one land model, and what its values are: months or years.

A file without a time coordinate does not say. Another series of the same model may, by its
time coordinate or by having twelve times as many values; else the scenario must.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scenarios.forcing.common.checks import as_range
from scenarios.forcing.common.netcdf import Series
from scenarios.forcing.common.sources import Term
from scenarios.forcing.common.times import Step

Steps = Literal["months", "years"]
"""Of ``steps:``, what values without a time coordinate are."""


@dataclass(frozen=True)
class Part:
    """One series of a driver's sum."""

    term: Term
    series: Series
    unit: str
    start: int
    step: Step = "month"

    @property
    def per_year(self) -> int:
        """Return how many values a year has."""
        return 12 if self.step == "month" else 1

    @property
    def years(self) -> tuple[int, int]:
        """Return the first and last year."""
        return self.start, self.start + self.series.values.size // self.per_year - 1

    @property
    def said(self) -> str:
        """Return how long it is, for people."""
        return (
            f"{self.term.name} has {self.series.values.size} {self.step}s, {as_range(self.years)}"
        )


@dataclass(frozen=True)
class Lengths:
    """How many values the series of one model have, by who says what they are."""

    months: frozenset[int]
    years: frozenset[int]
    untold: frozenset[int]

    @classmethod
    def of(cls, parts: Sequence[Part]) -> "Lengths":
        """Return the lengths of some series."""
        kinds = ("month", "year", None)
        return cls(
            *(frozenset(p.series.values.size for p in parts if p.series.step == k) for k in kinds)
        )

    def _beside(self, n: int) -> Step | None:
        """Return what ``n`` values are by other variables of the model; None where none says."""
        if n in self.months or any(n == 12 * m for m in self.years | self.untold):
            return "month"
        return "year" if n in self.years or 12 * n in self.months | self.untold else None

    @property
    def unsettled(self) -> bool:
        """Return whether no file says what some series are, nor another series beside it."""
        return any(self._beside(n) is None for n in self.untold)

    def step(self, part: Part, said: Steps | None) -> Step:
        """Return the step of a series without a time coordinate; the scenario's word is first."""
        n = part.series.values.size
        if said == "years":
            return "year"
        if said == "months":
            return "year" if 12 * n in self.months | self.untold else "month"
        return self._beside(n) or "month"
