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

from scenarios.designs.distributions.grammar import AlsoAs
from scenarios.limits import quantity
from scenarios.problems import shown

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
        description="a kernel of `soilsweep init --list`, or an installed module; of several say "
        "chain: [{models: [a, b]}] in its place"
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


class Histograms(Strict):
    """How quantiles are found without keeping members."""

    bins: int = Field(default=1000, ge=2, le=100_000)
    edges: dict[
        str, Annotated[tuple[Edge, Edge], one_message("[lowest, highest], two numbers")]
    ] = Field(default={}, description="[lowest, highest] edge by target; others from a pilot run")
    pilot: int = Field(
        default=256,
        ge=2,
        le=10_000,
        description="members of the pilot run; unless it is said, 32 of what is fitted for each",
    )

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
    """Return the long form of a kernel's name, a program to run, a chain, or kernels in a list."""
    if isinstance(value, list):
        return {"name": "side_by_side", "kernels": list(map(_kernel_of_list, value))}
    for key, name in (("command", "executable"), ("chain", "chain")):
        if isinstance(value, dict) and key in value:
            return {"name": name, **value}
    return {"name": value} if isinstance(value, str) else value


def _kernel_of_list(value: Any) -> Any:
    """Return the long form of a program in a list of kernels; other entries as they are."""
    return _kernel(value) if isinstance(value, dict) and "name" not in value else value


KernelSection = Annotated[
    KernelChoice,
    short_form(_kernel, "a kernel's name, or {name: two_box} with its options"),
    AlsoAs(
        (
            {"type": "string"},
            {"type": "object", "required": ["command"]},
            {"type": "object", "required": ["chain"]},
            {
                "type": "array",
                "minItems": 2,
                "items": {"type": ["string", "object"]},
                "description": "kernels side by side, along the dimension kernel",
            },
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

Any other word is a column of locations, whose values are classes: ``veg``, or ``veg_mean``.

``sum`` adds up amounts of locations as they are, which need no area; ``score`` is a metric over the
observations of all locations together.
"""

Over = Annotated[
    str,
    Field(strict=True, pattern=r"^[A-Za-z]\w*$"),
    one_message(f"{', '.join(OVER)}, or a column of locations, such as veg or veg_mean"),
]

ALONE = {
    "sum": "of amounts, or sums and means by area, of amounts per area",
    "score": "a metric over all locations",
}


class Aggregate(Strict):
    """Sums over space of an output or a response, sample by sample."""

    over: Annotated[list[Over], Field(min_length=1)]
    statistics: list[Statistic] = Field(
        default=[], description="over samples, of each sum: [mean, std, q05, q95]"
    )

    @model_validator(mode="after")
    def _each_once(self) -> "Aggregate":
        if len(set(self.over)) != len(self.over):
            raise ValueError(f"found {shown(self.over)}; needed each word once")
        for word in ALONE.keys() & set(self.over) if len(self.over) > 1 else ():
            raise ValueError(f"found {shown(self.over)}; needed {word} alone, {ALONE[word]}")
        return self


AggregateSection = Annotated[
    Aggregate,
    short_form(
        lambda value: {"over": value} if isinstance(value, list) else value,
        "[global, zonal], or {over: [global, zonal], statistics: [mean, q95]}",
    ),
    AlsoAs(
        (
            {
                "type": "array",
                "items": {"type": "string", "pattern": r"^[A-Za-z]\w*$", "examples": list(OVER)},
                "minItems": 1,
            },
        )
    ),
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
