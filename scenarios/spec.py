"""The words of a scenario: pydantic models, nothing computed.

``extra="forbid"`` everywhere, so that a typo is a problem with a place, never a default.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from scenarios import designs, forcing
from scenarios.benchmarks import BENCHMARKS
from scenarios.calibration import Calibration
from scenarios.designs.distributions.grammar import Number
from scenarios.evaluation import Evaluation
from scenarios.execution import BACKENDS, Execution, of_section
from scenarios.observations import OBSERVATIONS
from scenarios.outputs import OutputSection
from scenarios.response_sections import ResponseSection
from scenarios.searches import SEARCHES
from scenarios.sections import (
    AggregateSection,
    Block,
    Histograms,
    KernelSection,
    LimitSection,
    LocationTable,
    Name,
    OneOrSeveral,
    Reference,
    Statistic,
    Strict,
)


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Readers = Annotated[
    list[forcing.AnyReader], OneOrSeveral(), BeforeValidator(_as_list), Field(min_length=1)
]


NOTHING_KEPT = (
    "nothing is kept; needed outputs:, responses:, statistics:, aggregates: or evaluation:"
)


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
    calibration: Calibration | None = Field(
        default=None,
        description="{minimise: j, parameters: {...}}, a search for parameters instead of a design",
    )
    design: designs.AnyDesign | None = Field(
        default=None,
        validate_default=True,
        description="{method: ...} and its keys, or {cross: [...]}",
    )
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
    derived: dict[Name, Annotated[str, Field(min_length=1)]] = Field(
        default={},
        description="{name: expression of outputs}, nee: rh - npp, at every step, layer and place: "
        "an output like those of the kernel",
    )
    outputs: dict[str, OutputSection] = Field(
        default={},
        description="{output of the kernel: all, last or {at: [years]}}, what is kept; or "
        "reductions in time, one or a list: {month: mean}, {month: mean, over_years: mean}",
    )
    responses: dict[Name, ResponseSection] = Field(
        default={},
        description="{name: {output: c_soil, change: [1901, 2018]}}, or an expression of outputs "
        "and responses, {name: log10(j)}: scalars of members",
    )
    statistics: dict[str, Annotated[list[Statistic], Field(min_length=1)]] = Field(
        default={},
        description="{output or response: [mean, q95]}, over samples; of Morris designs mu_star, "
        "theta ..., of Sobol designs S1, ST ...",
    )
    aggregates: dict[str, AggregateSection] = Field(
        default={},
        description="{output or response: [global, zonal]}, sums over space by area, or {over: "
        "[global_mean, veg], statistics: [mean, q95]}; veg is a column of locations, of classes",
    )
    evaluation: Evaluation | None = Field(
        default=None,
        description="{benchmarks: {name: {output: rh, observed: FILE}}}, what members are held "
        "against while they run; scores are name_rmse and so on in statistics:",
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
    store: str = Field(
        default="", description="default runs/NAME.zarr; with --data runs/NAME-data.zarr"
    )
    with_data: dict[str, Any] | str = Field(
        default={},
        exclude=True,
        description="{forcing: {...}}, sections that stand instead of the others where --data asks "
        "for real data, their paths in its folder; or in words why there is none",
    )
    execution: Execution = Field(
        default_factory=lambda: of_section({}),
        description="{backend: local, dask, slurm or mpi} and its keys",
    )

    @field_validator("design")
    @classmethod
    def _rows(cls, design: Any, info: ValidationInfo) -> Any:
        # Of a calibration that is not sound nothing is in `data`, and its own faults are told.
        if design is None and info.data.get("calibration", ...) is None:
            raise PydanticKnownError("missing")
        return design

    @model_validator(mode="after")
    def _something_kept(self) -> "Scenario":
        if self.calibration is None and not (
            self.outputs or self.responses or self.statistics or self.aggregates or self.evaluation
        ):
            raise ValueError(NOTHING_KEPT)
        return self

    @property
    def of_members(self) -> dict[str, list[Statistic]]:
        """Return the statistics that are asked of outputs and responses."""
        return {n: asked for n, asked in self.statistics.items() if not self._is_score(n)}

    @property
    def of_scores(self) -> dict[str, list[Statistic]]:
        """Return the statistics that are asked of scores."""
        return {n: asked for n, asked in self.statistics.items() if self._is_score(n)}

    def _is_score(self, name: str) -> bool:
        if name in self.responses or self.evaluation is None:
            return False
        return self.evaluation.named(name) is not None

    def store_path(self) -> str:
        """Return where the run goes unless the command line says otherwise."""
        return self.store or f"runs/{self.name}.zarr"


def json_schema() -> tuple[dict[str, Any], list[str]]:
    """Return the JSON Schema of scenarios, and what is said of plug-ins that are not in it."""
    refused = []
    for plugins in (
        designs.DESIGNS,
        forcing.READERS,
        BACKENDS,
        SEARCHES,
        BENCHMARKS,
        OBSERVATIONS,
    ):
        refused += plugins.every()[1]
    schema = Scenario.model_json_schema()
    # Of the model itself it would be a union, among whose branches messages look for keys.
    schema["oneOf"] = [{"required": [section]} for section in ("design", "calibration")]
    return schema, refused
