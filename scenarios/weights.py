"""The words of ``weights:``: how much members count given their scores, and nothing computed."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from scenarios.limits import quantity
from scenarios.problems import shown
from scenarios.sections import Name, Strict

OBSERVED = "observed"
"""The word for the interval that a benchmark has of what was observed."""

PRIOR = "prior"
"""What members are called that all count the same: no weights may have the name."""

KINDS = ("likelihood", "performance", "accept")


def _amount(value: Any) -> Any:
    """Check a number above 0, in the unit of the score, or one with a unit of its own."""
    number = quantity(value)[0] if isinstance(value, str) and value != OBSERVED else value
    if isinstance(number, bool) or (number != OBSERVED and not isinstance(number, int | float)):
        raise ValueError(f"found {shown(value)}; needed a number, or one and its unit")
    if number != OBSERVED and not number > 0:
        raise ValueError(f"found {shown(value)}; needed more than 0")
    return value


Amount = Annotated[float | str, BeforeValidator(_amount)]
"""``2.24`` in the unit of the score, or ``2.24 Pg C yr-1``."""


class Tolerance(Strict):
    """How far a score may be from its best value."""

    sigma: Amount = Field(
        description="standard error of what was observed: 2.24 in the unit of the score, 2.24 Pg C "
        "yr-1, or observed, the interval that the benchmark has"
    )
    discrepancy: Amount | None = Field(
        default=None, description="of accept: standard error of what no member can be better than"
    )


Named = Annotated[dict[str, Tolerance], Field(min_length=1)]


class Weights(Strict):
    """How much each member counts: one of `KINDS`, and what it takes."""

    likelihood: Named | None = Field(
        default=None, description="{SCORE: {sigma: 2.24}}, exp of minus half the sum of squares"
    )
    performance: Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None,
        description="[SCORE, ...], exp(-(D/sigma)**2), D the mean of scores over their medians, of "
        "one score itself",
    )
    accept: Named | None = Field(
        default=None,
        description="{SCORE: {sigma: 2.24, discrepancy: 2}}, members whose scores are all near "
        "enough to the best count the same, others nothing",
    )
    sigma: float | None = Field(
        default=None, gt=0, description="of performance: in what D is measured"
    )
    independence: float | None = Field(
        default=None,
        gt=0,
        description="of performance: distance between control members, in the unit of the output "
        "or, of several benchmarks, over its medians, at which models and forcings are two",
    )
    below: float | None = Field(
        default=None, gt=0, description="of accept: so many standard errors are near enough; 3"
    )
    of: list[Name] = Field(
        default=[],
        description="responses, sums over space and scores that get weighted statistics; by "
        "default all responses and sums",
    )

    @property
    def kind(self) -> str:
        """Return which of `KINDS` it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def scores(self) -> tuple[str, ...]:
        """Return the names of the scores that it looks at."""
        return tuple(getattr(self, self.kind))

    @property
    def nearest(self) -> float:
        """Return how many standard errors are near enough."""
        return 3.0 if self.below is None else self.below

    @model_validator(mode="after")
    def _one_kind(self) -> "Weights":
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none of them"
            raise ValueError(f"found {found}; needed one of {', '.join(KINDS)}")
        words = {"sigma": "performance", "independence": "performance", "below": "accept"}
        for word, kind in words.items():
            if getattr(self, word) is not None and kind != kinds[0]:
                raise ValueError(f"found {word}: beside {kinds[0]}; it is of {kind}")
        if self.performance is not None and self.sigma is None:
            raise ValueError(
                "performance is missing sigma:; needed a number, in what D is measured"
            )
        if len(set(self.scores)) != len(self.scores):
            raise ValueError(f"found {shown(list(self.scores))}; needed each score once")
        for name, one in (self.likelihood or {}).items():
            if one.discrepancy is not None:
                raise ValueError(f"found discrepancy: of {name} in likelihood; it is of accept")
        return self


class Keep(Strict):
    """Which members are run again with whole outputs, by `soilsweep replay STORE`."""

    best: int = Field(ge=1, description="how many")
    by: str = Field(description="a score, a sum over space, or a response of one place")
    model: str | None = Field(default=None, description="of models side by side, this one")
