"""The ``responses:`` of a scenario: pydantic models of verbs, costs and metrics."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.functional_validators import ModelWrapValidatorHandler

from scenarios import expressions
from scenarios.designs.distributions.grammar import AlsoAs
from scenarios.limits import quantity
from scenarios.metrics import METRICS
from scenarios.problems import near, nearest, shown
from scenarios.sections import Edge, Strict, Year, YearRange, short_form

TIME_VERBS = ("change", "mean", "sum", "trend", "at")


VERBS = (*TIME_VERBS, "value", "layer", "cost", "metric", "combine")


class ErrorOf(Strict):
    """Standard errors of observed values."""

    relative: float | None = Field(
        default=None, gt=0, description="standard error over the value; else those observed"
    )
    floor: str | None = Field(
        default=None,
        description="a number and its unit, 2 mg cm-3, in every standard error: added in squares",
    )

    @field_validator("floor", mode="before")
    @classmethod
    def _quantity(cls, value: Any) -> Any:
        if value is not None and quantity(value)[0] <= 0:
            raise ValueError(f"found {shown(value)}; needed more than 0")
        return value

    @model_validator(mode="after")
    def _something(self) -> "ErrorOf":
        if self.relative is None and self.floor is None:
            raise ValueError("found nothing; needed relative: 0.1, floor: 2 mg cm-3, or both")
        return self


class CostOf(Strict):
    """What an output is compared with, value by value."""

    observed: str = Field(description="an observation that the forcing's reader brings")
    relative_error: float | None = Field(
        default=None, gt=0, description="short for error: {relative: 0.1}"
    )
    error: ErrorOf | None = Field(
        default=None, description="{relative: 0.1, floor: 2 mg cm-3}; else errors as observed"
    )
    residual: Literal["log"] | None = Field(
        default=None, description="log: of differences of logarithms, not of values"
    )
    huber: float | None = Field(
        default=None, gt=0, description="residuals beyond so many errors count by their size alone"
    )
    years: YearRange | None = Field(
        default=None, description="of which the mean stands beside values without a date"
    )

    @property
    def relative(self) -> float | None:
        """Return the standard error over the value; None for errors as observed."""
        return self.relative_error if self.error is None else self.error.relative

    @property
    def floor(self) -> str | None:
        """Return the number and its unit that is in every standard error."""
        return None if self.error is None else self.error.floor

    @model_validator(mode="after")
    def _once(self) -> "CostOf":
        if self.relative_error is not None and self.error is not None:
            raise ValueError("found relative_error: and error:; needed error: alone")
        _rising(self.years)
        return self


def _rising(years: YearRange | None) -> None:
    if years is not None and years[0] > years[1]:
        raise ValueError(f"found years: {shown(list(years))}; needed [first year, last year]")


class MetricOf(Strict):
    """A named metric of modelled against observed values; ``{rmse: soc}`` is short for it."""

    name: str = Field(description="rmse, bias, r2, nse, kge, or an installed one")
    observed: str = Field(description="an observation that the forcing's reader brings")
    years: YearRange | None = Field(
        default=None, description="of which the mean stands beside values without a date"
    )

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if not METRICS.has(name):
            raise ValueError(f"unknown metric {name!r}{nearest(name, METRICS.names())}")
        return name

    @model_validator(mode="after")
    def _ordered(self) -> "MetricOf":
        _rising(self.years)
        return self


def _metric(value: Any) -> Any:
    """Return the long form of ``{rmse: soc}``."""
    if not isinstance(value, dict):
        return value
    named = [key for key in value if key not in MetricOf.model_fields]
    if len(named) > 1 and all(METRICS.has(key) for key in named):
        raise ValueError(f"found {' and '.join(named)}; needed one metric, {{{named[0]}: soc}}")
    if len(named) == 1 and not {"name", "observed"} & value.keys():
        rest = {key: below for key, below in value.items() if key != named[0]}
        return {"name": named[0], "observed": value[named[0]], **rest}
    return value


MetricSection = Annotated[
    MetricOf,
    short_form(_metric, "{rmse: soc}, a metric and what is observed"),
    AlsoAs(({"type": "object", "description": "{rmse: soc}"},)),
]


BEGINNINGS = ("output", "expression", "combine")
"""What a response is made of, one of these."""


def _as_written(place: Any) -> Any:
    """Return a number, or true or false, as the name of a place: values of options have such."""
    if isinstance(place, bool):
        return str(place).lower()
    return f"{place:.12g}" if isinstance(place, int | float) else place


Place = Annotated[
    str, BeforeValidator(_as_written), WithJsonSchema({"type": ["string", "number", "boolean"]})
]


class Response(Strict):
    """A scalar of a member: one output, an expression or other responses, and one verb at most.

    A key that is none of these is a dimension whose places have names, and its value a place:
    ``steady: newton``. Which there are the kernel says.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": {
                "type": ["string", "number", "boolean"],
                "description": "of a dimension of that name, such as an option with several "
                "values, or kernel: this place",
            }
        }
    )

    output: str | None = Field(default=None, description="an output of the kernel")
    expression: str | None = Field(
        default=None, description="of outputs and responses: rh - npp, log10(j), c_soil / rh"
    )
    model: str | None = Field(default=None, description="of models side by side, this one")
    where: dict[str, Place] | None = Field(
        default=None, description="{dimension: place}, of an output whose places have names"
    )
    change: YearRange | None = Field(default=None, description="value in the second year - first")
    mean: YearRange | None = Field(default=None, description="mean over the years, both included")
    sum: YearRange | None = Field(default=None, description="sum over the years, both included")
    trend: YearRange | None = Field(default=None, description="least-squares slope, per year")
    at: Year | None = Field(default=None, description="value in that year")
    value: Literal[True] | None = Field(default=None, description="an output that is one number")
    layer: Edge | None = Field(default=None, description="value in the layer at that depth, cm")
    cost: CostOf | None = Field(
        default=None, description="{observed: soc, relative_error: 0.1}, squared misfit"
    )
    metric: MetricSection | None = Field(
        default=None, description="{rmse: soc}, a metric against what is observed: rmse, bias, kge"
    )
    combine: Annotated[dict[str, Edge], Field(min_length=1)] | None = Field(
        default=None, description="{response: weight}, their weighted sum"
    )
    transform: Literal["log10", "log1p", "sqrt", "rank"] | None = Field(
        default=None,
        description="log10, log1p or sqrt of the number; rank, among the members of a location, "
        "when indices are computed",
    )

    _short: frozenset[str] = PrivateAttr(default=frozenset())

    @model_validator(mode="wrap")
    @classmethod
    def _places(cls, data: Any, handler: ModelWrapValidatorHandler["Response"]) -> "Response":
        """Take keys that may be dimensions for places."""
        where = data.get("where") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(where, dict | None):
            return handler(data)
        words = (str, int, float)
        short = {k for k, place in data.items() if isinstance(place, words) and cls.takes(str(k))}
        short -= (where or {}).keys()
        if not short:
            return handler(data)
        rest = {key: value for key, value in data.items() if key not in short}
        made = handler({**rest, "where": {**(where or {}), **{key: data[key] for key in short}}})
        made._short = frozenset(short)
        return made

    @property
    def verb(self) -> str:
        """Return which reduction is asked for; an expression of numbers needs none."""
        return next((v for v in VERBS if getattr(self, v) is not None), "value")

    @property
    def names(self) -> dict[str, int]:
        """Return the outputs and responses that it names itself, and where in an expression."""
        if self.combine is not None:
            return dict.fromkeys(self.combine, 0)
        if self.expression is None:
            return {} if self.output is None else {self.output: 0}
        try:
            return expressions.names(expressions.parse(self.expression))
        except expressions.ExpressionError:
            # Told where expressions are checked.
            return {}

    @property
    def selected(self) -> dict[str, str]:
        """Return at which place of dimensions with names it looks."""
        model = {} if self.model is None else {"model": self.model}
        return {**(self.where or {}), **model}

    @classmethod
    def takes(cls, dim: str) -> bool:
        """Return whether a key may be a dimension: it is no key of a response, nor one misspelt."""
        return dim not in cls.model_fields and not near(dim, cls.model_fields)

    @property
    def short(self) -> frozenset[str]:
        """Return the dimensions of which a place is said by a key of their name."""
        return self._short

    @property
    def years(self) -> YearRange:
        """Return the first and last year it looks at; of the verbs in time alone."""
        value = getattr(self, self.verb)
        return (value, value) if isinstance(value, int) else value

    @model_validator(mode="after")
    def _one(self) -> "Response":
        made_of = [word for word in BEGINNINGS if getattr(self, word) is not None]
        verbs = [verb for verb in VERBS if getattr(self, verb) is not None]
        if len(verbs) > 1 or (not verbs and self.expression is None):
            named = " and ".join(verbs) or "none of them"
            words = f"needed one of {', '.join(VERBS)}, such as change: [1901, 2018]"
            raise ValueError(f"found {named}; {words}")
        if not made_of:
            raise ValueError("is missing output:; needed output: an output of the kernel")
        if len(made_of) > 1:
            alone = "combine: alone, of other responses" if self.combine else "one of them"
            raise ValueError(f"found {' and '.join(f'{w}:' for w in made_of)}; needed {alone}")
        if self.selected and self.combine is not None:
            raise ValueError("found combine: and a place; needed places of what is combined")
        if self.model is not None and "model" in (self.where or {}):
            raise ValueError("found model: twice; needed it once")
        if self.verb not in TIME_VERBS:
            return self
        first, last = self.years
        if first > last or (first == last and self.verb in ("change", "trend")):
            raise ValueError(
                f"found {self.verb}: [{first}, {last}]; needed [first year, later year]"
            )
        return self


ResponseSection = Annotated[
    Response,
    short_form(
        lambda value: {"expression": value} if isinstance(value, str) else value,
        "an expression, such as rh - npp, or {output: c_soil, change: [1901, 2018]}",
    ),
    AlsoAs(({"type": "string", "description": "an expression, such as log10(j)"},)),
]
