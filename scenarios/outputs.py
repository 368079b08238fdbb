"""What a scenario keeps of outputs in time: some steps, or reductions of all of them.

Reductions in words of the field: ``{month: mean}`` is the series that CDO calls ``monmean``, one
value for each month of each year; ``{month: mean, over_years: mean}`` its climatology, twelve
values (``ymonmean``; in CF ``time: mean within years time: mean over years``).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from kernels import Kernel, Variable
from scenarios import units
from scenarios.designs.distributions.grammar import AlsoAs
from scenarios.problems import Problem, near, shown
from scenarios.sections import OneOrSeveral, Output, Strict, YearRange

FREQUENCIES = ("year", "month", "season", "doy")

Verb = Literal["mean", "sum", "min", "max", "last"]


class InTime(Strict):
    """A reduction of an output in time, before anything is stored.

    First within each year, month, season or day of the year, then ``over_years``, where it is
    said. Only whole years, months and seasons count; DJF is of the year of its January.
    """

    year: Verb | None = Field(default=None, description="within each year")
    month: Verb | None = Field(default=None, description="within each month, of daily steps")
    season: Verb | None = Field(
        default=None, description="within each whole DJF, MAM, JJA and SON, of daily steps"
    )
    doy: Literal["mean", "min", "max"] | None = Field(
        default=None, description="over years, for each of 365 days of the year"
    )
    over_years: Literal["mean", "sum", "min", "max"] | None = Field(
        default=None,
        description="of the years' values, or of what is reduced within them: a climatology",
    )
    years: YearRange | None = Field(
        default=None, description="first and last year that are looked at; else all of the run"
    )

    @property
    def frequency(self) -> str:
        """Return within what is reduced first; years, where only ``over_years`` is said."""
        return next((word for word in FREQUENCIES if getattr(self, word) is not None), "year")

    @property
    def within(self) -> str:
        """Return the first verb."""
        return self.over or "mean" if self.doy else getattr(self, self.frequency) or self.over

    @property
    def over(self) -> str:
        """Return the verb over years; empty where the series is kept."""
        return self.over_years or self.doy or ""

    @property
    def window(self) -> str:
        """Return the end of names of what is of some years alone."""
        return "" if self.years is None else "_{}_{}".format(*self.years)

    @property
    def suffix(self) -> str:
        """Return what the array's name has after that of its output."""
        if self.doy:
            return f"doy_{self.doy}{self.window}"
        if not self.over:
            return f"{self.frequency}_{self.within}{self.window}"
        verbs = self.over if self.within == self.over else f"{self.within}_{self.over}"
        first = "" if (self.frequency, self.within) == ("year", self.over) else self.frequency
        return f"{first}_{verbs}_over_years{self.window}".lstrip("_")

    @model_validator(mode="after")
    def _one(self) -> "InTime":
        said = [word for word in FREQUENCIES if getattr(self, word) is not None]
        if len(said) > 1 or not (said or self.over_years):
            named = " and ".join(said) or "none of them"
            raise ValueError(
                f"found {named}; needed one of {', '.join(FREQUENCIES)} and a verb, such as "
                "month: mean, or over_years: and a verb; several as a list"
            )
        if self.doy and self.over_years:
            raise ValueError("found doy: and over_years:; needed doy: alone, it is over years")
        if self.over_years == "sum" and self.within != "sum":
            raise ValueError(
                f"found {self.frequency}: {self.within} and over_years: sum; needed over_years: "
                f"mean, min or max, or {self.frequency}: sum"
            )
        if self.years is not None and self.years[0] > self.years[1]:
            raise ValueError(
                f"found years: {shown(list(self.years))}; needed [first year, last year]"
            )
        return self


def _each_once(several: list[Output | InTime]) -> list[Output | InTime]:
    steps = [one.model_dump(exclude_none=True) for one in several if isinstance(one, Output)]
    if len(steps) > 1:
        found = " and ".join(map(shown, steps[:2]))
        raise ValueError(
            f"found {found}; needed one of all, last and at: beside reductions: steps are one "
            "array, of the output's own name"
        )
    reductions = [one for one in several if isinstance(one, InTime)]
    names = [reduction.suffix for reduction in reductions]
    twice = [one for i, one in enumerate(reductions) if names[i] in names[:i]]
    if twice:
        words = twice[0].model_dump(exclude_none=True)
        raise ValueError(f"found {shown(words)} twice; needed each reduction once")
    return several


def _long_form(value: Any) -> Any:
    if isinstance(value, str) and value in ("all", "last"):
        return {value: "step"}
    if not isinstance(value, dict | list | Output) and not isinstance(value, tuple):
        raise ValueError(f"found {shown(value)}; needed {_NEEDED}")
    if isinstance(value, dict):
        kinds = [[str(k) for k in value if k in m.model_fields] for m in (Output, InTime)]
        if all(kinds):
            words = " and ".join(f"{names[0]}:" for names in kinds)
            raise ValueError(f"found {words}; needed steps or reductions in time, not both")
    return value


def _kind(value: Any) -> str:
    """Return whether a section keeps steps or reductions, by its words or what they seem."""
    if isinstance(value, Output):
        return "steps"
    if not isinstance(value, dict):
        return "reductions"
    words = [*Output.model_fields, *InTime.model_fields]
    meant = {near(str(key), words) or str(key) for key in value}
    return "reductions" if meant & InTime.model_fields.keys() else "steps"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


_NEEDED = (
    "all, last, {all: year}, {last: year}, {at: [years]}, or reductions in time such as "
    "{month: mean}"
)

Kept = Annotated[
    Annotated[Output, Tag("steps")] | Annotated[InTime, Tag("reductions")],
    Discriminator(_kind),
    BeforeValidator(_long_form),
    AlsoAs(({"enum": ["all", "last"]},)),
]

SeveralKept = Annotated[
    list[Kept],
    OneOrSeveral(),
    BeforeValidator(_as_list),
    Field(min_length=1),
    AfterValidator(_each_once),
]


class _Overlapping:
    """Tell the JSON Schema that both kinds may be meant: steps alone are a list of one, too."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        union = dict(handler(schema))
        return {"anyOf": union.pop("oneOf"), **union}


OutputSection = Annotated[
    Annotated[Output, Tag("steps")] | Annotated[SeveralKept, Tag("reductions")],
    Discriminator(_kind),
    _Overlapping(),
    BeforeValidator(_long_form),
    AlsoAs(({"enum": ["all", "last"]},)),
]


def steps_of(kept: Output | list[Output | InTime]) -> Output | None:
    """Return which steps are kept of an output as they are; None where all are reduced."""
    every = kept if isinstance(kept, list) else [kept]
    return next((one for one in every if isinstance(one, Output)), None)


def reductions_of(
    name: str, kept: Output | list[Output | InTime] | None
) -> Iterator[tuple[str, InTime]]:
    """Yield what an output is reduced to, each with where the scenario says so."""
    every = kept if isinstance(kept, list) else []
    for i, one in enumerate(every):
        if isinstance(one, InTime):
            yield f"outputs.{name}[{i}]" if len(every) > 1 else f"outputs.{name}", one


def array_names(outputs: Mapping[str, Any]) -> list[str]:
    """Return the names of the arrays that ``outputs:`` asks for, as parsed or as plain data."""
    names: list[str] = []
    for name, kept in outputs.items():
        if isinstance(kept, list | tuple):
            names += [_array_name(name, one) for one in kept]
        else:
            names.append(name)
    return names


def _array_name(output: str, kept: Any) -> str:
    if isinstance(kept, str | Output) or (isinstance(kept, dict) and _kind(kept) == "steps"):
        return output
    return f"{output}_{InTime.model_validate(kept).suffix}"


def problems(outputs: Mapping[str, Any], kernel: Kernel) -> Iterator[Problem]:
    """Yield reductions in time that an output of the kernel cannot have.

    Parameters
    ----------
    outputs : mapping of str to Output, list or None
        Of a scenario; None where it is not sound.
    kernel : Kernel
        With the tables that its options ask for.
    """
    variables = {variable.name: variable for variable in kernel.outputs}
    for name, kept in outputs.items():
        if name not in variables:
            continue
        for where, reduction in reductions_of(name, kept):
            text = _unfit(reduction, variables[name], kernel)
            if text:
                yield Problem(text, where)


def _unfit(reduction: InTime, variable: Variable, kernel: Kernel) -> str:
    """Return why an output has no such reduction; empty where it has."""
    step = kernel.steps.get(kernel.time_of(variable))
    if step is None and "time" in variable.dims:
        return (
            f"kernel {kernel.name!r} does not say what a step of time is; needed all, or "
            "steps={'time': 'year'}, or 'day', in its table"
        )
    if step is None:
        return f"output {variable.name!r} has no time to be reduced in; needed all"
    if reduction.frequency != "year" and step != "day":
        by_day = f"{variable.name}_daily"
        days = by_day if any(v.name == by_day for v in kernel.outputs) else "steps of a day"
        return (
            f"found {reduction.frequency}: and a kernel whose step is a year; needed year: or "
            f"over_years:, or {days}"
        )
    if reduction.within == "sum":
        try:
            units.over_time(variable.units, step)
        except ValueError as error:
            return f"found a sum of {variable.name!r}, and {error}; needed mean, min, max or last"
    return ""
