"""The section ``calibration:`` of a scenario: what is searched for, where, by which search."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from kernels import Kernel, Parameter
from scenarios import expressions
from scenarios.designs.distributions.grammar import AlsoAs
from scenarios.metrics import METRICS
from scenarios.problems import Problem, nearest
from scenarios.response_sections import Response
from scenarios.searches import AnySearch
from scenarios.sections import Edge, Name, Strict, one_message, short_form
from scenarios.units import labelled

Ends = Annotated[tuple[Edge, Edge], one_message("[lowest, highest], two numbers")]


class Range(Strict):
    """Where a parameter is searched: evenly, or evenly in its logarithm; one of the two."""

    uniform: Ends | None = Field(default=None, description="[lowest, highest]")
    loguniform: Ends | None = Field(default=None, description="[lowest, highest], above 0")

    @model_validator(mode="after")
    def _one(self) -> "Range":
        written = [word for word in ("uniform", "loguniform") if getattr(self, word) is not None]
        if len(written) != 1:
            found = " and ".join(written) or "neither"
            raise ValueError(f"found {found}; needed uniform: or loguniform: [lowest, highest]")
        low, high = self.ends
        if not low < high:
            text = f"found {written[0]}: [{low:g}, {high:g}]; needed [lowest, highest]"
            held = f"; to hold it at {low:g}, leave it out here and say so in the scenario's own "
            raise ValueError(text + (f"{held}parameters:" if low == high else ""))
        if self.log and low <= 0:
            raise ValueError(f"found loguniform: [{low:g}, {high:g}]; needed both above 0")
        return self

    @property
    def log(self) -> bool:
        """Return whether it is searched in its logarithm."""
        return self.loguniform is not None

    @property
    def ends(self) -> tuple[float, float]:
        """Return the lowest and the highest value."""
        ends = self.loguniform or self.uniform
        assert ends is not None
        return ends


def _minimised(value: Any) -> Any:
    """Return the long form of ``j`` and of ``{rmse: j_soc}``."""
    if isinstance(value, str):
        return {"name": "", "response": value}
    if isinstance(value, dict) and len(value) == 1:
        ((name, response),) = value.items()
        if isinstance(name, str) and isinstance(response, str):
            return {"name": name, "response": response}
    return value if isinstance(value, dict) and value.keys() == {"name", "response"} else None


class Minimised(Strict):
    """What is made small: a response, or a metric of the values that it compares."""

    name: str = Field(default="", description="a metric, or nothing for the response itself")
    response: str

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name and not METRICS.has(name):
            raise ValueError(f"unknown metric {name!r}{nearest(name, METRICS.names())}")
        return name


class OfColumn(Strict):
    """Locations with the same value in a column share one set of parameters."""

    column: str = Field(description="of the table of locations: text or numbers")


class Required(Strict):
    """A range that a response should be in; candidates outside are ordered by how far."""

    range: Ends = Field(description="[lowest, highest]")
    over: Literal["mean", "sum", "ratio"] = Field(
        default="mean",
        description="of the locations' values, where a group has several; ratio: of an expression "
        "a / b, the sum of a over them by the sum of b",
    )

    @model_validator(mode="after")
    def _rising(self) -> "Required":
        low, high = self.range
        if not low < high:
            text = f"found range: [{low:g}, {high:g}]; needed [lowest, highest]"
            raise ValueError(text)
        return self


class Tied(Strict):
    """A parameter that follows one that is searched: so many times it, wherever that stands."""

    to: str = Field(description="a parameter that is searched")
    ratio: Edge | None = Field(
        default=None, gt=0, description="times that; default: the ratio of the kernel's defaults"
    )

    def over(self, name: str, table: Mapping[str, Parameter]) -> float:
        """Return what a parameter is, over the one that it follows.

        Parameters
        ----------
        name : str
            Of the parameter that is tied.
        table : mapping of str to Parameter
            Of the kernel.

        Returns
        -------
        float
            NaN where none is said and the defaults have none.
        """
        if self.ratio is not None:
            return self.ratio
        below = table[self.to].default
        return table[name].default / below if below else math.nan


class Validation(Strict):
    """What of the observations is held back, and looked at after the search."""

    split: Literal["half", "alternate"] | None = Field(
        default=None, description="half, drawn from the seed; alternate, every second"
    )
    of: Literal["layers", "locations"] = Field(
        default="layers", description="layers within a location, or locations within a group"
    )
    column: str | None = Field(default=None, description="of the table of locations")
    calibrate: str | float | None = Field(
        default=None, description="the value in it of the locations that are calibrated on"
    )
    folds: int | None = Field(
        default=None, ge=2, le=1000, description="parts, drawn, each of which is held back in turn"
    )
    leave_out: str | None = Field(
        default=None, description="column of locations: those of each value are held back in turn"
    )

    @model_validator(mode="after")
    def _one(self) -> "Validation":
        ways = ("split", "folds", "leave_out", "column")
        written = [word for word in ways if getattr(self, word) is not None]
        if len(written) != 1:
            found = " and ".join(written) or "none of them"
            text = "needed one of split: half or alternate, folds: NUMBER, leave_out: COLUMN, or"
            raise ValueError(f"found {found}; {text} column: NAME with calibrate: VALUE")
        if (self.column is None) != (self.calibrate is None):
            raise ValueError("needed column: and calibrate:, the value that is calibrated on")
        return self

    @property
    def by_location(self) -> bool:
        """Return whether whole locations are held back."""
        return bool(self.column or self.leave_out) or self.of == "locations"

    @property
    def in_turn(self) -> bool:
        """Return whether parts are held back one after the other, each by a search of the rest."""
        return bool(self.folds or self.leave_out)


class Keep(Strict):
    """What is kept beside the best parameters."""

    equifinal: float = Field(
        default=1.05, gt=1, description="ranges of candidates within so many times the best cost"
    )
    population: bool = Field(default=True, description="the last candidates of each search")
    trace: bool = Field(default=True, description="best cost and range by generation")


Groups = Annotated[
    Literal["location", "all"] | OfColumn,
    one_message("location, all, or {column: NAME} of the table of locations"),
]


class Calibration(Strict):
    """A search for parameters, of each group of locations by itself."""

    minimise: Annotated[
        Minimised,
        short_form(_minimised, "a response, such as j, or a metric of one: {rmse: j_soc}"),
        AlsoAs(({"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1})),
    ] = Field(description="a response, or {rmse: response}: a metric of what it compares")
    groups: Groups = Field(
        default="location",
        description="location, all, or {column: NAME}: which locations share one set",
    )
    forcings: Literal["apart", "together"] | None = Field(
        default=None, description="whether each of several forcings has a set of its own"
    )
    parameters: dict[str, Range] = Field(
        min_length=1, description="{name: {uniform: [lowest, highest]}} or loguniform"
    )
    search_ratio: dict[str, str] = Field(
        default={}, description="{x_v: x_k}: x_v / x_k is searched, in its logarithm, and not x_v"
    )
    tied: dict[
        str,
        Annotated[
            Tied,
            short_form(
                lambda value: {"to": value} if isinstance(value, str) else value,
                "a parameter that is searched, or {to: NAME, ratio: 2}",
            ),
            AlsoAs(({"type": "string", "description": "a parameter that is searched"},)),
        ],
    ] = Field(
        default={},
        description="{Kslope_s: Kslope_m}: follows it, in the ratio of their defaults; or {to: "
        "Kslope_m, ratio: 1}",
    )
    require: dict[Name, Required] = Field(
        default={}, description="{response: {range: [lowest, highest], over: mean}}"
    )
    algorithm: AnySearch | None = Field(
        default=None, description="{name: ...} and the keys of a search"
    )
    restarts: int = Field(default=1, ge=1, le=1000, description="searches of a group in all")
    budget: int = Field(
        default=20_000, ge=1, le=10**9, description="evaluations of a group and restart, at most"
    )
    validation: Validation | None = Field(
        default=None,
        description="{split: half, of: layers}, {folds: 5}, {leave_out: COLUMN}, or "
        "{column: set, calibrate: CAL}",
    )
    keep: Keep = Field(default=Keep(), description="{equifinal: 1.05, population: true}")

    @model_validator(mode="after")
    def _ratios(self) -> "Calibration":
        for over, below in self.search_ratio.items():
            lacking = [name for name in (over, below) if name not in self.parameters]
            if lacking:
                hint = nearest(lacking[0], self.parameters)
                raise ValueError(f"search_ratio: {lacking[0]!r} is not searched{hint}")
            if over == below or below in self.search_ratio:
                text = f"search_ratio: found {over}: {below}; needed a parameter that is searched"
                raise ValueError(f"{text} itself")
            for name in (over, below):
                if self.parameters[name].ends[0] <= 0:
                    low = self.parameters[name].ends[0]
                    text = f"search_ratio: {name!r} is searched from {low:g}; needed above 0"
                    raise ValueError(text)
        return self


BESIDE = (
    "outputs", "statistics", "aggregates", "histograms", "independent", "block", "limits",
    "out_of_range", "design",
)  # fmt: skip
"""Sections of ensembles, of which a calibration has no use."""

UNUSED = (
    "found {0}: beside calibration:; needed one of them: a calibration keeps what it finds, and "
    "`soilsweep apply` makes of it a scenario to sweep"
)


def beside(said: Mapping[str, Any]) -> list[str]:
    """Return the sections that stand beside ``calibration:`` and have no meaning there."""
    return [name for name in BESIDE if name in said]


def problems(sections: Mapping[str, Any], kernel: Kernel) -> Iterator[Problem]:
    """Yield what of a section does not fit the kernel's table or the scenario's responses.

    Parameters
    ----------
    sections : mapping
        Parsed; a response is None where it is not sound.
    kernel : Kernel
        With its tables.
    """
    section: Calibration | None = sections.get("calibration")
    if section is None:
        return
    yield from _parameters(section, kernel, sections.get("parameters") or {})
    responses = sections.get("responses", {})
    if "responses" in sections.get("unsound", ()):
        return
    named = [("minimise", section.minimise.response)]
    named += [(f"require.{name}", name) for name in section.require]
    for place, name in named:
        where = f"calibration.{place}"
        if name not in responses:
            yield Problem(f"no response {name!r}{nearest(name, responses)}", where)
        elif getattr(responses[name], "transform", None) == "rank":
            text = f"{name!r} has no rank before all members ran; needed a response without"
            yield Problem(f"{text} transform: rank", where)
        elif place != "minimise" and section.require[name].over == "ratio":
            if responses[name] is not None and not _is_quotient(responses[name]):
                text = f"found over: ratio, and {name!r} is no quotient; needed an expression"
                yield Problem(f"{text} of two numbers, such as microbes / carbon", f"{where}.over")


def _is_quotient(response: Response) -> bool:
    """Return whether a response is one value by another; also where it cannot be read."""
    if response.expression is None or response.transform or response.verb != "value":
        return False
    try:
        tree = expressions.parse(response.expression)
    except expressions.ExpressionError:
        # Told where expressions are checked.
        return True
    return isinstance(tree, expressions.Binary) and tree.sign == "/"


def _parameters(
    section: Calibration, kernel: Kernel, stated: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield parameters that the kernel has not, and ranges beyond its own."""
    table = {p.name: p for p in kernel.parameters}
    for name, searched in section.parameters.items():
        where = f"calibration.parameters.{name}"
        if name not in table:
            text = f"kernel {kernel.name!r} has no parameter {name!r}{nearest(name, table)}"
            yield Problem(text, where)
            continue
        (low, high), p = searched.ends, table[name]
        if low < p.lower or high > p.upper:
            text = f"found [{low:g}, {high:g}]; needed a range within the kernel's,"
            yield Problem(f"{text} {labelled(f'{p.lower:g} to {p.upper:g}', p.units)}", where)
        if name in stated:
            text = "is searched, and parameters: has a value of it; leave it out of one of them"
            yield Problem(text, where, other=f"parameters.{name}")
    for name, tied in section.tied.items():
        where = f"calibration.tied.{name}"
        if name in stated:
            text = "is tied, and parameters: has a value of it; leave it out of one of them"
            yield Problem(text, where, other=f"parameters.{name}")
        if text := _untied(name, tied, section, table):
            yield Problem(text, where)


def _untied(name: str, tied: Tied, section: Calibration, table: Mapping[str, Parameter]) -> str:
    """Return why a parameter cannot follow another as it is asked to; empty where it can."""
    if name not in table:
        return f"the kernel has no parameter {name!r}{nearest(name, table)}"
    if name in section.parameters:
        return "is searched itself; leave it out of parameters:, or of tied:"
    if tied.to in section.tied:
        return f"found to: {tied.to}, which is tied itself; needed what that is tied to"
    if tied.to not in section.parameters or tied.to not in table:
        hint = nearest(tied.to, section.parameters)
        return f"found to: {tied.to}, which is not searched{hint}"
    if tied.to in section.search_ratio:
        below = section.search_ratio[tied.to]
        text = f"found to: {tied.to}, which is searched as its ratio to {below}"
        return f"{text}; needed one that is searched itself"
    ratio, p = tied.over(name, table), table[name]
    if not 0 < ratio < math.inf:
        text = f"found defaults {p.default:g} and {table[tied.to].default:g} of {tied.to}, which "
        return f"{text}have no ratio above 0; say {{to: {tied.to}, ratio: ...}}"
    low, high = (ratio * end for end in section.parameters[tied.to].ends)
    if low < p.lower or high > p.upper:
        ends = labelled(f"{p.lower:g} to {p.upper:g}", p.units)
        text = f"found {low:g} to {high:g}, {ratio:g} x the range of {tied.to}; needed a range "
        return f"{text}within the kernel's, {ends}: narrow that of {tied.to}"
    return ""
