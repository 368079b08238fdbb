"""The words of a scenario: pydantic models, nothing computed.

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

from scenarios import designs, forcing
from scenarios.designs.distributions.grammar import AlsoAs, Number
from scenarios.execution import BACKENDS, Execution, of_section
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


def _one_message(needed: str) -> WrapValidator:
    """Return a validator that says one thing where pydantic has a message per part."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(f"found {shown(value)}; needed {needed}") from None

    return WrapValidator(check)


def _short_form(read: Callable[[Any], Any], needed: str) -> BeforeValidator:
    """Return a validator of what may be a word or a mapping."""

    def check(value: Any) -> Any:
        long_form = read(value)
        if not isinstance(long_form, dict | BaseModel):
            raise ValueError(f"found {shown(value)}; needed {needed}")
        return long_form

    return BeforeValidator(check)


class _OneOrSeveral:
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
YearRange = Annotated[tuple[Year, Year], _one_message("[first year, last year]")]
Edge = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Years = Annotated[
    list[Year], Field(min_length=1), _one_message("a list of years, such as [1901, 2018]")
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
            raise ValueError(f"found {named}; needed one of all: year, last: year, at: [years]")
        if self.at is not None and self.at != sorted(set(self.at)):
            raise ValueError(f"found at: {shown(self.at)}; needed rising years, each once")
        return self


TIME_VERBS = ("change", "mean", "sum", "trend", "at")
VERBS = (*TIME_VERBS, "value", "layer", "cost", "combine")


class CostOf(Strict):
    """What an output is compared with, layer by layer."""

    observed: str = Field(description="an observation that the forcing's reader brings")
    relative_error: float | None = Field(
        default=None, gt=0, description="standard error over the value; else those observed"
    )


class Response(Strict):
    """A scalar of a member: one output, or other responses, and exactly one verb."""

    output: str | None = Field(default=None, description="an output of the kernel")
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
    combine: Annotated[dict[str, Edge], Field(min_length=1)] | None = Field(
        default=None, description="{response: weight}, their weighted sum"
    )

    @property
    def verb(self) -> str:
        """Return which reduction is asked for."""
        return next(v for v in VERBS if getattr(self, v) is not None)

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
        verbs = [verb for verb in VERBS if getattr(self, verb) is not None]
        if len(verbs) != 1:
            named = " and ".join(verbs) or "none of them"
            words = f"needed one of {', '.join(VERBS)}, such as change: [1901, 2018]"
            raise ValueError(f"found {named}; {words}")
        if (self.output is None) != (self.combine is not None):
            raise ValueError(
                "is missing output:; needed output: an output of the kernel"
                if self.output is None
                else "found output: and combine:; needed combine: alone, of other responses"
            )
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


class Histograms(Strict):
    """How quantiles are found without keeping members."""

    bins: int = Field(default=1000, ge=2, le=100_000)
    edges: dict[
        str, Annotated[tuple[Edge, Edge], _one_message("[lowest, highest], two numbers")]
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


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


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
    _short_form(_kernel, "a kernel's name, or {name: two_box} with its options"),
    AlsoAs(
        (
            {"type": "string"},
            {"type": "object", "required": ["command"]},
            {"type": "object", "required": ["chain"]},
        )
    ),
]
OutputSection = Annotated[
    Output,
    _short_form(
        lambda value: {value: "step"} if value in ("all", "last") else value,
        "all, last, {all: year}, {last: year} or {at: [years]}",
    ),
    AlsoAs(({"enum": ["all", "last"]},)),
]
Statistic = Annotated[
    str | dict[str, Annotated[float, Field(strict=True, allow_inf_nan=False)]],
    _one_message("a word such as mean or q95, or a condition such as {above: 200}"),
    BeforeValidator(_one_condition),
]
Readers = Annotated[
    list[forcing.AnyReader], _OneOrSeveral(), BeforeValidator(_as_list), Field(min_length=1)
]

OVER = ("global", "zonal", "global_mean", "zonal_mean")
"""What values are added up over: all locations, or bands of latitude; means are by area."""


class Aggregate(Strict):
    """Sums over space of an output or a response, sample by sample."""

    over: Annotated[
        list[Literal["global", "zonal", "global_mean", "zonal_mean"]], Field(min_length=1)
    ]
    statistics: list[Statistic] = Field(
        default=[], description="over samples, of each sum: [mean, std, q05, q95]"
    )

    @model_validator(mode="after")
    def _each_once(self) -> "Aggregate":
        if len(set(self.over)) != len(self.over):
            raise ValueError(f"found {shown(self.over)}; needed each of {', '.join(OVER)} once")
        return self


AggregateSection = Annotated[
    Aggregate,
    _short_form(
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
    _short_form(
        lambda value: {"then": value} if value in ("count", "exclude") else value,
        "{above: 150 mg C cm-3, then: exclude}, or count or exclude at the kernel's own limit",
    ),
    AlsoAs(({"enum": ["count", "exclude"]},)),
]

NOTHING_KEPT = "nothing is kept; needed outputs:, responses:, statistics: or aggregates:"


class Scenario(Strict):
    """A run as the user asks for it: kernel x forcings x design, outputs and statistics."""

    version: Literal[1] = Field(description="of this grammar")
    name: Name = Field(description="letters, digits, '-' and '_'")
    title: str = ""
    description: str = ""
    kernel: KernelSection = Field(description="two_box, or {name: two_box} with its options")
    forcing: Readers = Field(description="{reader: ...} and its keys, or a list of them")
    locations: LocationTable | None = Field(
        default=None, description="{table: FILE.csv}, one row per location"
    )
    design: designs.AnyDesign = Field(description="{method: ...} and its keys, or {cross: [...]}")
    parameters: dict[str, Number] = Field(
        default={},
        description="{name: number or {column: name}}, instead of the kernel's defaults: what the "
        "control member has, and every member where the design leaves the parameter alone",
    )
    independent: list[Literal["forcing", "location"]] = Field(
        default=[], description="draw new rows for each; otherwise all share the same rows"
    )
    seed: int = Field(default=0, ge=0, lt=2**63)
    out_of_range: Literal["refuse", "flag"] = Field(
        default="refuse",
        description="rows outside the admissible range of the forcings: refuse them at plan time "
        "(random designs are truncated instead), or run them and flag the members",
    )
    outputs: dict[str, OutputSection] = Field(
        default={}, description="{output of the kernel: all, last or {at: [years]}}, what is kept"
    )
    responses: dict[Name, Response] = Field(
        default={}, description="{name: {output: c_soil, change: [1901, 2018]}}, scalars of members"
    )
    statistics: dict[str, Annotated[list[Statistic], Field(min_length=1)]] = Field(
        default={},
        description="{output or response: [mean, q95]}, over samples; of Morris designs mu_star, "
        "theta ..., of Sobol designs S1, ST ...",
    )
    aggregates: dict[str, AggregateSection] = Field(
        default={},
        description="{output or response: [global, zonal]}, sums over space by area, or {over: "
        "[global_mean, zonal_mean], statistics: [mean, q95]}",
    )
    histograms: Histograms = Field(
        default=Histograms(), description="{bins: 1000, edges: {target: [lowest, highest]}}"
    )
    precision: Literal["float32", "float64"] = Field(
        default="float32", description="of stored outputs; computing is in float64"
    )
    limits: dict[str, LimitSection] = Field(
        default={},
        description="{output: {above: 150 mg C cm-3, then: exclude}}, what no soil holds; other "
        "outputs are counted at the limits that the kernel declares",
    )
    failed_limit: float = Field(
        default=0.05, ge=0, le=1, description="share of failed members above which run exits 3"
    )
    block: Block = Field(default=Block(), description="{location: 1, sample: 1000}")
    reference: Reference | None = Field(
        default=None, description="{citation: ..., label: ..., responses: {name: {...}}}"
    )
    store: str = Field(default="", description="default runs/NAME.zarr")
    execution: Execution = Field(
        default_factory=lambda: of_section({}),
        description="{backend: local, dask, slurm or mpi} and its keys",
    )

    @model_validator(mode="after")
    def _something_kept(self) -> "Scenario":
        if not (self.outputs or self.responses or self.statistics or self.aggregates):
            raise ValueError(NOTHING_KEPT)
        return self

    def store_path(self) -> str:
        """Return where the run goes unless the command line says otherwise."""
        return self.store or f"runs/{self.name}.zarr"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenarios, with every installed plug-in that is of use."""
    for plugins in (designs.DESIGNS, forcing.READERS, BACKENDS):
        plugins.every()
    return Scenario.model_json_schema()
