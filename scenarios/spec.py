"""The words of a scenario: pydantic models, nothing computed.

``extra="forbid"`` everywhere, so that a typo is a problem with a place, never a default.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from scenarios import designs, forcing

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=80)]
YearRange = tuple[int, int]


class Strict(BaseModel):
    """Base of every model here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KernelChoice(BaseModel):
    """A kernel and its options; ``kernel: two_box`` says the name alone."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(description="a kernel of `soilsweep init --list`, or an installed module")

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
    at: list[int] | None = Field(default=None, min_length=1, description="these years")

    @model_validator(mode="after")
    def _one(self) -> "Output":
        if sum(value is not None for value in (self.all, self.last, self.at)) != 1:
            raise ValueError("say one of all: year, last: year, at: [years]")
        return self


REDUCTIONS = ("change", "mean", "sum", "trend", "at")


class Response(Strict):
    """A scalar of a member: one output, reduced over years by exactly one verb."""

    output: str = Field(description="an output of the kernel")
    change: YearRange | None = Field(default=None, description="value in the second year - first")
    mean: YearRange | None = Field(default=None, description="mean over the years, both included")
    sum: YearRange | None = Field(default=None, description="sum over the years, both included")
    trend: YearRange | None = Field(default=None, description="least-squares slope, per year")
    at: int | None = Field(default=None, description="value in that year")

    @property
    def verb(self) -> str:
        """Return which reduction is asked for."""
        return next(v for v in REDUCTIONS if getattr(self, v) is not None)

    @property
    def years(self) -> YearRange:
        """Return the first and last year it looks at."""
        value = getattr(self, self.verb)
        return (value, value) if isinstance(value, int) else value

    @model_validator(mode="after")
    def _one(self) -> "Response":
        if sum(getattr(self, verb) is not None for verb in REDUCTIONS) != 1:
            raise ValueError(f"say one of {', '.join(REDUCTIONS)}, such as change: [1901, 2018]")
        first, last = self.years
        if first > last or (first == last and self.verb in ("change", "trend")):
            raise ValueError(f"{self.verb}: {[first, last]} must be [first year, later year]")
        return self


class Histograms(Strict):
    """How quantiles are found without keeping members."""

    bins: int = Field(default=1000, ge=2, le=100_000)
    edges: dict[str, tuple[float, float]] = Field(
        default={}, description="[lowest, highest] edge by target; others from a pilot run"
    )
    pilot: int = Field(default=256, ge=2, le=10_000, description="members of the pilot run")

    @model_validator(mode="after")
    def _ordered(self) -> "Histograms":
        for target, (low, high) in self.edges.items():
            if not low < high:
                raise ValueError(f"edges of {target}: [{low}, {high}] must rise")
        return self


class Block(Strict):
    """Block lengths, where the ones that follow from the scenario do not suit."""

    location: int | None = Field(default=None, ge=1)
    sample: int | None = Field(default=None, ge=1)


class Local(Strict):
    """Threads of this process."""

    backend: Literal["local"] = "local"
    workers: int | None = Field(default=None, ge=1, le=1024, description="threads; default: cores")
    sync: bool = Field(default=True, description="fsync every chunk before it is committed")


class Published(Strict):
    """A published number to print beside the run's own."""

    unconstrained: float | None = None
    constrained: float | None = None


class Reference(Strict):
    """Published numbers and where they stand; compared with, never used."""

    citation: str
    label: str = Field(description='what they are numbers of, such as "the paper\'s 16 models"')
    responses: dict[str, Published]


def _kernel(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _output(value: Any) -> Any:
    return {value: "step"} if value in ("all", "last") else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Statistic = str | dict[str, float]
Readers = Annotated[list[forcing.union()], BeforeValidator(_as_list), Field(min_length=1)]  # type: ignore[misc]


class Scenario(Strict):
    """A run as the user asks for it: kernel x forcings x design, outputs and statistics."""

    version: Literal[1] = Field(description="of this grammar")
    name: Name = Field(description="letters, digits, '-' and '_'")
    title: str = ""
    description: str = ""
    kernel: Annotated[KernelChoice, BeforeValidator(_kernel)]
    forcing: Readers
    locations: LocationTable | None = None
    design: designs.union()  # type: ignore[valid-type]
    independent: list[Literal["forcing", "location"]] = Field(
        default=[], description="draw new rows for each; otherwise all share the same rows"
    )
    seed: int = Field(default=0, ge=0, lt=2**63)
    out_of_range: Literal["refuse", "flag"] = Field(
        default="refuse",
        description="rows outside the admissible range of the forcings: refuse them at plan time "
        "(random designs are truncated instead), or run them and flag the members",
    )
    outputs: dict[str, Annotated[Output, BeforeValidator(_output)]] = {}
    responses: dict[Name, Response] = {}
    statistics: dict[str, Annotated[list[Statistic], Field(min_length=1)]] = {}
    histograms: Histograms = Histograms()
    precision: Literal["float32", "float64"] = Field(
        default="float32", description="of stored outputs; computing is in float64"
    )
    failed_limit: float = Field(
        default=0.05, ge=0, le=1, description="share of failed members above which run exits 3"
    )
    block: Block = Block()
    reference: Reference | None = None
    store: str = Field(default="", description="default runs/NAME.zarr")
    execution: Local = Local()

    @model_validator(mode="after")
    def _something_kept(self) -> "Scenario":
        if not (self.outputs or self.responses or self.statistics):
            raise ValueError("nothing is kept: say outputs:, responses: or statistics:")
        return self

    def store_path(self) -> str:
        """Return where the run goes unless the command line says otherwise."""
        return self.store or f"runs/{self.name}.zarr"
