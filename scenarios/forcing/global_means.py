"""Monthly global means, one NetCDF per land model and variable: every model is a forcing.

.. code-block:: yaml

    forcing:
      reader: global_means
      path: trendy_v9_s2/global_means
      pattern: "{model}_S2_{variable}_gm.nc"
      area: 8.545906794e+13          # m2
      units: {npp: kg C m-2 d-1, rh: kg C m-2 d-1, c_veg_model: kg C m-2, c_soil_model: kg C m-2}
      years: [1901, 2018]
      steps: months
      members:
        JULES-ES-1p0: {start: 1700}
        VISIT: {start: 1860, variables: {npp: [gpp, -ra], c_soil_model: [cSoil, cLitter]}}

A value belongs to the month of its time bounds, else of its stamp; where that may be either of
two, say ``stamps:``. A file without a time coordinate has its values from January of ``start:``
on, and ``steps:`` says whether they are months or years, where no other variable of the model
does: it has a time coordinate and the same years, or twelve times the values. Variables of one
model cover the same years; beside months of fluxes there may be a stock a year (YIBs and SDGVM
are published so: 1,440 months of NPP, 120 years of stocks). Such a stock is taken as it is; a
flux a year is a rate over its months.

From months to years: a flux is rate x days, summed; a stock is the mean of the months, or
December. The defaults (``calendar: equal``, ``stock: mean``) with the area above give the
annual table of TRENDY v9 S2 that belongs to these files, to its last digit: twelve months of
365/12 d, whatever calendar the model had. A true calendar moves single years by up to 0.4 %.

Source: the layout of TRENDY's global means.
"""

import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from kernels import Variable
from scenarios.forcing._contract import Forcing, ReaderSpec
from scenarios.forcing.common.annual_means import Calendar, Stock, ToAnnual
from scenarios.forcing.common.annual_series import AnnualSeries
from scenarios.forcing.common.checks import Findings, Years, as_range
from scenarios.forcing.common.declared import FILLS_MISSING, Input, Order, Quantity
from scenarios.forcing.common.netcdf import Series, load_series
from scenarios.forcing.common.places import EARTH
from scenarios.forcing.common.series import Lengths, Part, Steps
from scenarios.forcing.common.sources import (
    Names,
    Term,
    as_asked,
    by_name,
    not_annual,
    told,
    unit_of,
    unneeded,
)
from scenarios.forcing.common.times import STAMPS, Stamps
from scenarios.paths import placed
from scenarios.problems import Problem, nearest
from scenarios.units import UnitText


class Member(BaseModel):
    """One land model's own words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: int | None = Field(
        default=None, ge=0, le=9999, description="year of the first January; files without time"
    )
    steps: Steps | None = Field(default=None, description="as above, for this model alone")
    stamps: Stamps | None = Field(default=None, description="as above, for this model alone")
    variables: dict[str, Names] = Field(default={}, description="as above, for this model alone")
    units: dict[str, UnitText] = Field(default={}, description="as above, for this model alone")


class Spec(ReaderSpec):
    """``forcing:`` of monthly global means."""

    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="netcdf",
            holds="one variable of one land model, a value a month; stocks may be one a year",
            quantities=(Quantity("<drivers>", "driver", (), "file or scenario"),),
            orders=(
                Order("months", ("bounds of time", "time", "start: and steps: of the scenario")),
            ),
            missing=f"{FILLS_MISSING}; refused with its month",
            agree=("variables of one model cover the same years",),
        ),
    )
    along: ClassVar[tuple[str, ...]] = ("time",)

    reader: Literal["global_means"]
    path: str = Field(min_length=1, description="folder of the files")
    pattern: str = Field(description="file name with {model} and {variable}")
    members: dict[str, Member] = Field(min_length=1, description="land models, in this order")
    variables: dict[str, Names] = Field(
        default={},
        description="driver: variable, or a list to add ('-ra' subtracts); by default the one "
        "of the same name, cSoil (+ cLitter where there is a file) for c_soil_model",
    )
    units: dict[str, UnitText] = Field(
        default={}, description="variable or driver: unit, where the files do not say"
    )
    area: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="m2, for totals of means per m2"
    )
    calendar: Calendar = Field(
        default="equal", description="days of the months; equal: twelve of 365/12 d"
    )
    steps: Steps | None = Field(
        default=None,
        description="what values of files without a time coordinate are; beside months a twelfth "
        "as many are years",
    )
    stamps: Stamps | None = Field(default=None, description=STAMPS)
    stock: Stock = Field(
        default="mean", description="a year's stock: mean of its months, or the last, December"
    )
    years: Years | None = Field(
        default=None, description="first and last year; by default all that every file has"
    )

    @field_validator("area")
    @classmethod
    def _of_a_region(cls, area: float | None) -> float | None:
        if area is not None and not EARTH / 1e6 < area <= 1.01 * EARTH:
            text = f"{area:g} m2 is more than the Earth" if area > EARTH else (
                f"{area:g} m2 is less than any region of means"
            )  # fmt: skip
            raise ValueError(f"{text}; needed {EARTH / 1e6:g} to {EARTH:g} m2: is it another unit?")
        return area

    @field_validator("pattern")
    @classmethod
    def _two_fields(cls, pattern: str) -> str:
        rest = pattern.replace("{model}", "").replace("{variable}", "")
        if "{model}" not in pattern or "{variable}" not in pattern or set("{}") & set(rest):
            raise ValueError(
                f"{pattern!r} needs {{model}} and {{variable}} and no other braces, "
                "such as '{model}_S2_{variable}_gm.nc'"
            )
        if Path(pattern).is_absolute():
            raise ValueError(f"{pattern!r} begins with '/'; it is taken inside path:")
        return pattern

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return a forcing per land model; see `ReaderSpec.read`."""
        findings = Findings()
        for problem in not_annual(needs):
            findings.add("drivers", problem)
        folder = placed(base, self.path)
        if not folder.is_dir():
            begin = "is a file" if folder.is_file() else "no such folder"
            text = f"{begin}; needed the folder of the files"
            findings.fatal("files", Problem(text, file=str(folder)))
        reading = _Reading(self, folder, needs, findings)
        result = reading.read()
        findings.raise_all()
        return result


Sources = list[tuple[Variable, list[Part]]]


class _Reading:
    """The files of a folder on their way to arrays."""

    def __init__(
        self, spec: Spec, folder: Path, needs: Sequence[Variable], findings: Findings
    ) -> None:
        self.spec, self.folder, self.needs, self.findings = spec, folder, needs, findings
        self.to_annual = ToAnnual(spec.calendar, spec.stock, spec.area)
        self.annual = AnnualSeries(self.to_annual, str(folder), findings)

    def read(self) -> list[Forcing]:
        """Return a forcing per model; worth nothing where something was found."""
        files = {name: self._files(name) for name in self.spec.members}
        self._check_keys({variable for of_model in files.values() for variable in of_model})
        models = {name: self._sources(name, files[name]) for name in files}
        span = self.spec.years or self._common(models)
        return [self._forcing(name, models[name], span) for name in models] if span else []

    def _files(self, model: str) -> dict[str, Path]:
        """Return the files (or what is in their place) of a model, by variable."""
        matches = _matching(self.folder, self.spec.pattern.replace("{model}", model))
        return {words["variable"]: path for path, words in matches}

    def _check_keys(self, variables: set[str]) -> None:
        """Note keys of ``variables:`` and ``units:`` that name nothing."""
        words: list[tuple[str, Spec | Member]] = [("forcing", self.spec)]
        words += [(f"forcing.members.{n}", member) for n, member in self.spec.members.items()]
        for where, said in words:
            for problem in unneeded(said.variables, self.needs, f"{where}.variables"):
                self.findings.add("drivers", problem)
            for problem in unneeded(said.units, self.needs, f"{where}.units", variables):
                self.findings.add("units", problem)

    def _sources(self, model: str, files: Mapping[str, Path]) -> Sources:
        """Return what supplies each driver of a model; leave out what cannot be supplied."""
        if not files:
            there = {words["model"] for _, words in _matching(self.folder, self.spec.pattern)}
            text = f"no file of model {model!r} fits {self.spec.pattern!r}{nearest(model, there)}"
            where = f"forcing.members.{model}"
            self.findings.add("members", Problem(text, where, str(self.folder)))
            return []
        asked = {**self.spec.variables, **self.spec.members[model].variables}
        sources: Sources = []
        whole = True
        for need in self.needs:
            if need.name in asked:
                terms, complaints = as_asked(asked[need.name], list(files), "variable")
            else:
                terms, complaint = by_name(need.name, list(files), "variable", "variables")
                complaints = [complaint] if complaint else []
            for text in complaints:
                pattern = self.spec.pattern.replace("{model}", model)
                where = f"model {model!r}, driver {need.name!r}"
                problem = Problem(f"{text} (files {pattern})", where, str(self.folder))
                self.findings.add("missing files", problem)
            if complaints:
                whole = False
                continue
            parts = [self._part(model, files[term.name], term, need) for term in terms]
            whole = whole and None not in parts
            sources.append((need, [part for part in parts if part is not None]))
        return self._settled(model, sources, whole=whole)

    def _settled(self, model: str, sources: Sources, *, whole: bool) -> Sources:
        """Return a model's series with their steps; note lengths that do not go together.

        Where a series is wrong already (not ``whole``), it might have told of the others.
        """
        parts = [part for _, terms in sources for part in terms]
        steps, lengths = self.spec.members[model].steps or self.spec.steps, Lengths.of(parts)
        if whole and steps is None and lengths.unsettled:
            self._ask_for_steps(model, [p for p in parts if p.series.step is None])
            return []
        settled = [
            (need, [replace(p, step=p.series.step or lengths.step(p, steps)) for p in terms])
            for need, terms in sources
        ]
        self._check_lengths(model, [part for _, terms in settled for part in terms])
        return settled

    def _ask_for_steps(self, model: str, parts: Sequence[Part]) -> None:
        """Note that nothing says whether values are months or years, and what each would be."""
        longest = max(parts, key=lambda part: part.series.values.size)
        n, file = longest.series.values.size, Path(longest.series.file).name
        months = f"{n // 12:,} years of months" if n % 12 == 0 else "no whole years of months"
        have = f"no time coordinate, and {longest.term.name} has {n:,} values ({file})"
        needed = "say steps: months or steps: years"
        text = f"the files have {have}: {months}, or {n:,} years; {needed}"
        self.findings.add("steps", Problem(text, f"forcing.members.{model}"))

    def _check_lengths(self, model: str, parts: Sequence[Part]) -> None:
        """Note years that one variable of a model has and another has not."""
        where = f"model {model!r}"
        for part in parts:
            if part.series.values.size % part.per_year or not part.series.values.size:
                text = f"has {part.series.values.size} months; needed whole years, January to "
                problem = Problem(
                    f"{text}December", f"{where}, variable {part.term.name!r}", part.series.file
                )
                self.findings.add("series", problem)
                return
        spans: dict[tuple[int, int], Part] = {}
        for part in parts:
            spans.setdefault(part.years, part)
        without = any(part.series.start is None for part in spans.values())
        if len(spans) > 1 and (without or self.spec.years is None):
            first, last = max(s[0] for s in spans), min(s[1] for s in spans)
            lengths = "; ".join(part.said for part in spans.values())
            advice = "correct the files, or their start:"
            if not without and first < last:
                advice = f"say years: [{first}, {last}], or {advice}"
            text = f"variables of one model are of unlike length: {lengths}; {advice}"
            shortest = min(spans.values(), key=lambda part: part.series.values.size)
            self.findings.add("lengths", Problem(text, where, shortest.series.file))

    def _part(self, model: str, path: Path, term: Term, need: Variable) -> Part | None:
        """Return one series with its unit and first year; None where something is wrong."""
        where = f"model {model!r}, variable {term.name!r}"
        member = self.spec.members[model]
        stamps = member.stamps or self.spec.stamps
        series = load_series(path, term.name, where, self.findings, stamps)
        if series is None:
            return None
        of_scenario = {**self.spec.units, **member.units}
        unit, complaint = unit_of(term.name, need, of_scenario, found=series.units, example="UNIT")
        complaints = [complaint] if complaint else []
        if unit:
            try:
                self.to_annual.check(unit, need.units)
            except ValueError as error:
                advice = "; say area: in m2" if "multiply by the area" in str(error) else ""
                complaints.append(f"{error}{advice}")
        complaints += self._wrong_months(model, series)
        for text in complaints:
            self.findings.add("series", Problem(text, where, str(path)))
        start = series.start if series.start is not None else member.start
        if start is None:
            text = "the files have no time coordinate; say start: YEAR of the first January"
            self.findings.add("starts", Problem(text, f"forcing.members.{model}"))
        return None if complaints or start is None else Part(term, series, unit, start)

    def _wrong_months(self, model: str, series: Series) -> Iterator[str]:
        start = self.spec.members[model].start
        if series.start is not None and start is not None and series.start != start:
            yield f"begins in {series.start} and the scenario says start: {start}; leave it out"
        calendar = self.spec.calendar
        if series.calendar in ("", calendar) or (
            calendar == "equal" and series.calendar != "360_day"
        ):
            return
        needed = series.calendar if series.calendar in get_args(Calendar) else "equal"
        yield f"has calendar {series.calendar} and the scenario {calendar}; say calendar: {needed}"

    def _common(self, models: Mapping[str, Sources]) -> tuple[int, int] | None:
        spans = {
            f"{model} {part.term.name}": part.years
            for model, sources in models.items()
            for _, parts in sources
            for part in parts
        }
        if not spans:
            return None
        first, last = max(s[0] for s in spans.values()), min(s[1] for s in spans.values())
        if first < last:
            return first, last
        listed = "; ".join(f"{name} {as_range(span)}" for name, span in [*spans.items()][:6])
        text = f"the series share fewer than two years: {listed}"
        self.findings.add("years", Problem(text, file=str(self.folder)))
        return None

    def _forcing(self, model: str, sources: Sources, span: tuple[int, int]) -> Forcing:
        years = np.arange(span[0], span[1] + 1, dtype=np.int64)
        drivers = {
            need.name: self.annual.driver(model, need, parts, years) for need, parts in sources
        }
        files = {p.series.file: p.series.digest for _, parts in sources for p in parts}
        fluxes = "a flux is monthly rate x days, summed over the calendar year"
        stock = "mean of the months" if self.spec.stock == "mean" else "December"
        provenance = {
            "reader": "global_means",
            "model": model,
            "files": [dict(file) for file in files.values()],
            "years": list(span),
            "first_january": {p.term.name: p.start for _, parts in sources for p in parts},
            "area_m2": self.spec.area,
            "calendar": self.spec.calendar,
            "annual": [p.term.name for _, parts in sources for p in parts if p.step == "year"],
            "drivers": {
                need.name: told(need, [p.term for p in parts], {p.term.name: p.unit for p in parts})
                for need, parts in sources
            },
            "conventions": f"{fluxes}; a stock is the {stock}; calendar equal: months of 365/12 d",
        }
        return Forcing(model, drivers, {"year": years}, provenance=provenance)


def _matching(folder: Path, pattern: str) -> list[tuple[Path, Mapping[str, str]]]:
    """Return paths that fit the pattern and the words its fields stand for, sorted."""
    shape, words = glob.escape(pattern), re.escape(pattern)
    for field in ("model", "variable"):
        shape = shape.replace(f"{{{field}}}", "*")
        mark = re.escape(f"{{{field}}}")
        words = words.replace(mark, f"(?P<{field}>[^/]+?)", 1).replace(mark, f"(?P={field})")
    matches: list[tuple[Path, Mapping[str, str]]] = []
    for path in sorted(folder.glob(shape)):
        match = re.fullmatch(words, path.relative_to(folder).as_posix())
        if match:
            matches.append((path, match.groupdict()))
    return matches
