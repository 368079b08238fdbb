"""The sections of a scenario that are not plug-ins: pydantic models, nothing computed.

``extra="forbid"`` everywhere, so that a typo is a problem with a place, never a default.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from scenarios import expressions
from scenarios.designs.distributions.grammar import AlsoAs
from scenarios.limits import quantity
from scenarios.metrics import METRICS
from scenarios.problems import nearest, shown

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


_MODULE = re.compile(r"\w[\w-]*(\.\w[\w-]*)*")


LONGEST_NAME = 80
"""Characters: files and arrays have it with something after it."""


def check_name(name: Any) -> str:
    """Return a name that files, arrays and shells can have too.

    Raises
    ------
    ValueError
        It cannot.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"found {shown(name)}; needed a name of letters, digits, '-' and '_', a letter first, "
            f"at most {LONGEST_NAME} of them"
        )
    if len(name) > LONGEST_NAME:
        text = f"found {shown(name)}, {len(name)} characters; needed a name of at most"
        raise ValueError(f"{text} {LONGEST_NAME}")
    return name


def one_message(needed: str) -> WrapValidator:
    """Return a validator that says one thing where pydantic has a message per part."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(f"found {shown(value)}; needed {needed}") from None

    return WrapValidator(check)


def short_form(read: Callable[[Any], Any], needed: str) -> BeforeValidator:
    """Return a validator of what may be a word or a mapping."""

    def check(value: Any) -> Any:
        long_form = read(value)
        if not isinstance(long_form, dict | BaseModel):
            raise ValueError(f"found {shown(value)}; needed {needed}")
        return long_form

    return BeforeValidator(check)


class OneOrSeveral:
    """Tell the JSON Schema that a list of one may be written without brackets."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


Name = Annotated[
    str,
    BeforeValidator(check_name),
    Field(pattern=f"^{_NAME.pattern}$", max_length=LONGEST_NAME),
]


# Strict: a year in quotes, or a date, is a mistake.
Year = Annotated[int, Field(strict=True)]


YearRange = Annotated[tuple[Year, Year], one_message("[first year, last year]")]


Edge = Annotated[float, Field(strict=True, allow_inf_nan=False)]


Years = Annotated[
    list[Year], Field(min_length=1), one_message("a list of years, such as [1901, 2018]")
]


class Strict(BaseModel):
    """Base of every model here."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _module(name: str) -> str:
    if not _MODULE.fullmatch(name):
        raise ValueError(
            f"found {shown(name)}; needed a kernel of `soilsweep init --list`, or an installed "
            "module such as my_package.my_model"
        )
    return name


class KernelChoice(BaseModel):
    """A kernel and its options; ``kernel: two_box`` says the name alone."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Annotated[str, AfterValidator(_module)] = Field(
        description="a kernel of `soilsweep init --list`, or an installed module"
    )

    @property
    def options(self) -> dict[str, Any]:
        """Return the options as written."""
        return dict(self.model_extra or {})


class LocationTable(Strict):
    """Columns that belong to locations: turnover times by vegetation type, areas."""

    table: str = Field(description="CSV file, one row per location")
    key: str = Field(default="location", description="column that holds the location's name")


class Output(Strict):
    """What is kept of an output in time; exactly one of the three."""

    all: Literal["step", "year"] | None = Field(default=None, description="every time step")
    last: Literal["step", "year"] | None = Field(default=None, description="the last step alone")
    at: Years | None = Field(default=None, description="these years, rising")

    @model_validator(mode="after")
    def _one(self) -> "Output":
        written = [word for word in ("all", "last", "at") if getattr(self, word) is not None]
        if len(written) != 1:
            named = " and ".join(written) or "none of them"
            text = f"found {named}; needed one of all: year, last: year, at: [years]"
            raise ValueError(f"{text}, or reductions in time such as {{year: mean}}")
        if self.at is not None and self.at != sorted(set(self.at)):
            raise ValueError(f"found at: {shown(self.at)}; needed rising years, each once")
        return self


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


class Response(Strict):
    """A scalar of a member: one output, an expression or other responses, and one verb at most."""

    output: str | None = Field(default=None, description="an output of the kernel")
    expression: str | None = Field(
        default=None, description="of outputs and responses: rh - npp, log10(j), c_soil / rh"
    )
    model: str | None = Field(default=None, description="of models side by side, this one")
    where: dict[str, str] | None = Field(
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


class Histograms(Strict):
    """How quantiles are found without keeping members."""

    bins: int = Field(default=1000, ge=2, le=100_000)
    edges: dict[
        str, Annotated[tuple[Edge, Edge], one_message("[lowest, highest], two numbers")]
    ] = Field(default={}, description="[lowest, highest] edge by target; others from a pilot run")
    pilot: int = Field(default=256, ge=2, le=10_000, description="members of the pilot run")

    @model_validator(mode="after")
    def _ordered(self) -> "Histograms":
        for target, (low, high) in self.edges.items():
            if not low < high:
                raise ValueError(
                    f"found edges of {target!r}: [{low:g}, {high:g}]; needed [lowest, highest]"
                )
        return self


class Block(Strict):
    """Block lengths, where the ones that follow from the scenario do not suit."""

    location: int | None = Field(default=None, ge=1)
    sample: int | None = Field(default=None, ge=1)


class Published(Strict):
    """A published number to print beside the run's own."""

    unconstrained: float | None = None
    constrained: float | None = None


class Reference(Strict):
    """Published numbers and where they stand; compared with, never used."""

    citation: str
    label: str = Field(description='what they are numbers of, such as "the paper\'s 16 models"')
    responses: dict[str, Published]


def _one_condition(value: Any) -> Any:
    if isinstance(value, dict) and len(value) != 1:
        raise ValueError(f"found {shown(value)}; needed one condition, such as {{above: 200}}")
    return value


def _kernel(value: Any) -> Any:
    """Return the long form of a kernel's name, of a program to run, or of a chain."""
    for key, name in (("command", "executable"), ("chain", "chain")):
        if isinstance(value, dict) and key in value:
            return {"name": name, **value}
    return {"name": value} if isinstance(value, str) else value


KernelSection = Annotated[
    KernelChoice,
    short_form(_kernel, "a kernel's name, or {name: two_box} with its options"),
    AlsoAs(
        (
            {"type": "string"},
            {"type": "object", "required": ["command"]},
            {"type": "object", "required": ["chain"]},
        )
    ),
]


Statistic = Annotated[
    str | dict[str, Annotated[float, Field(strict=True, allow_inf_nan=False)]],
    one_message("a word such as mean or q95, or a condition such as {above: 200}"),
    BeforeValidator(_one_condition),
]


OVER = ("global", "zonal", "global_mean", "zonal_mean", "sum", "score")
"""What values are added up over: all locations, or bands of latitude; means are by area.

``sum`` adds up amounts of locations as they are, which need no area; ``score`` is a metric over the
observations of all locations together.
"""

ALONE = {
    "sum": "of amounts, or sums and means by area, of amounts per area",
    "score": "a metric over all locations",
}


class Aggregate(Strict):
    """Sums over space of an output or a response, sample by sample."""

    over: Annotated[
        list[Literal["global", "zonal", "global_mean", "zonal_mean", "sum", "score"]],
        Field(min_length=1),
    ]
    statistics: list[Statistic] = Field(
        default=[], description="over samples, of each sum: [mean, std, q05, q95]"
    )

    @model_validator(mode="after")
    def _each_once(self) -> "Aggregate":
        if len(set(self.over)) != len(self.over):
            raise ValueError(f"found {shown(self.over)}; needed each of {', '.join(OVER)} once")
        for word in ALONE.keys() & set(self.over) if len(self.over) > 1 else ():
            raise ValueError(f"found {shown(self.over)}; needed {word} alone, {ALONE[word]}")
        return self


AggregateSection = Annotated[
    Aggregate,
    short_form(
        lambda value: {"over": value} if isinstance(value, list) else value,
        "[global, zonal], or {over: [global, zonal], statistics: [mean, q95]}",
    ),
    AlsoAs(({"type": "array", "items": {"enum": list(OVER)}, "minItems": 1},)),
]


class LimitOf(Strict):
    """How much of an output a soil can hold, and what becomes of members beyond it."""

    above: str | None = Field(
        default=None, description="a number and its unit, 150 mg C cm-3; default the kernel's"
    )
    then: Literal["count", "exclude"] = Field(
        default="count",
        description="count members beyond it, or exclude them from statistics and indices too",
    )

    @field_validator("above", mode="before")
    @classmethod
    def _quantity(cls, value: Any) -> Any:
        if value is not None:
            quantity(value)
        return value


LimitSection = Annotated[
    LimitOf,
    short_form(
        lambda value: {"then": value} if value in ("count", "exclude") else value,
        "{above: 150 mg C cm-3, then: exclude}, or count or exclude at the kernel's own limit",
    ),
    AlsoAs(({"enum": ["count", "exclude"]},)),
]
