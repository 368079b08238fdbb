"""What supplies each driver: variables to add up, a number of the scenario, or a place itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kernels import Variable
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.places import PLACES, place_of
from scenarios.forcing.common.sources import (
    Names,
    Term,
    as_asked,
    by_name,
    told,
    unit_of,
    unneeded,
)
from scenarios.forcing.common.spans import Rates
from scenarios.forcing.common.times import Stamps
from scenarios.forcing.netcdf_files.files import File, Files, Paths, paths_of
from scenarios.forcing.netcdf_files.held import Held
from scenarios.forcing.netcdf_files.holding import Said, hold
from scenarios.problems import Problem
from scenarios.units import UnitText, contradicts, readable, times

LANDFRAC = "landfrac"
"""What part of a cell is land, as ``variables:`` and ``values:`` call it."""

OF_PLACES = (*PLACES, LANDFRAC)
"""Keys of ``variables:`` beside drivers."""

Number = Annotated[float, Field(allow_inf_nan=False)]


class FileVariable(BaseModel):
    """A variable of a file of its own, or one place of another dimension of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Paths = Field(
        default="",
        description="a file, a pattern with * or {year}, or a list; by default those of path:",
    )
    variable: Names | None = Field(
        default=None, description="by default the one of the driver's name"
    )
    where: dict[str, Number] = Field(
        default={}, description="{dimension: place}, by its coordinate: {depth: 0.1}"
    )


class Words(BaseModel):
    """What a scenario says of the files of one forcing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Paths = Field(
        default="", description="a file, a pattern with * or {year}, or a list of them"
    )
    variables: dict[str, Names | FileVariable] = Field(
        default={},
        description="driver: variable, or a list to add ('-ra' subtracts), or {file: npp.nc, "
        "variable: NPP}; by default the one of the same name. lat, lon, area and landfrac: "
        "variable, where the files do not tell",
    )
    units: dict[str, UnitText] = Field(
        default={}, description="variable or driver: unit, where the files do not say"
    )
    values: dict[str, Number] = Field(
        default={},
        description="driver: number everywhere, in the unit of the kernel; landfrac: 1 where all "
        "of each cell is land; area: m2, of one value for all",
    )
    stamps: Stamps | None = Field(
        default=None,
        description="where time stamps stand in their interval, for files without time bounds",
    )

    def over(self, common: "Words") -> "Words":
        """Return these words, and those that are common to several forcings where they say none."""
        return Words(
            path=self.path or common.path,
            variables={**common.variables, **self.variables},
            units={**common.units, **self.units},
            values={**common.values, **self.values},
            stamps=self.stamps or common.stamps,
        )


@dataclass(frozen=True)
class Part:
    """One variable of a driver's sum.

    Attributes
    ----------
    driver : str
    term : Term
    held : Held
    rates : Rates
        From its unit to the driver's.
    by_area : bool
        Whether it is per m2, and the driver an amount of the whole place.
    """

    driver: str
    term: Term
    held: Held
    rates: Rates
    by_area: bool = False


@dataclass(frozen=True)
class Supply:
    """What supplies one driver: ``parts``, else ``value``, else the ``place`` that it is."""

    need: Variable
    parts: tuple[Part, ...] = ()
    value: float | None = None
    place: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """Return what provenance says of it."""
        if self.value is not None:
            return {"from": "the scenario", "value": self.value}
        if self.place:
            return {"from": f"the {self.place} of the location", "converted": "no"}
        units = {part.term.name: part.rates.found for part in self.parts}
        said = told(self.need, [part.term for part in self.parts], units)
        return {**said, "times_area": True} if any(p.by_area for p in self.parts) else said


@dataclass
class Sources:
    """The files of one forcing, and the variables that are taken of them."""

    words: Words
    base: Path
    years: tuple[int, int] | None
    where: str
    findings: Findings
    files: Files = field(init=False)
    _held: dict[tuple[Any, ...], Held | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files = Files(self.findings)
        self.common = self.of_file(self.words.path, f"{self.where}.path") if self.words.path else []

    def of_file(self, said: Paths, where: str) -> list[File]:
        """Return the files that a scenario names."""
        return self.files.of(paths_of(said, self.base, self.years, where, self.findings))

    @property
    def names(self) -> list[str]:
        """Return every variable of every file that was looked at."""
        files = [file for file in self.files.known.values() if file is not None]
        return sorted({name for file in files for name in (*file.names, *file.coordinates)})

    def check_keys(self, needs: Sequence[Variable], more: Sequence[str]) -> None:
        """Note keys of ``variables:``, ``values:`` and ``units:`` that name nothing."""
        words, where, findings = self.words, self.where, self.findings
        for key, said, others in (
            ("variables", words.variables, OF_PLACES),
            ("values", words.values, (LANDFRAC, "area")),
            ("units", words.units, (*self.names, *OF_PLACES, *more)),
        ):
            for problem in unneeded(said, needs, f"{where}.{key}", others):
                findings.add(key, problem)
        for name in sorted(words.variables.keys() & words.values.keys()):
            text = f"{name!r} has a variable and a value; leave one of them out"
            findings.add("drivers", Problem(text, f"{where}.values.{name}"))

    def place_names(self) -> dict[str, str]:
        """Return the variables that the scenario names as latitude and longitude."""
        said = {p: self.words.variables.get(p) for p in ("lat", "lon")}
        return {place: name for place, name in said.items() if isinstance(name, str)}

    def held(
        self,
        name: str,
        files: Sequence[File] | None = None,
        where: Mapping[str, float] | None = None,
    ) -> Held | None:
        """Return a variable of some files, by default of those of ``path:``; looked at once."""
        of = [f for f in (self.common if files is None else files)
              if name in f.names or name in f.coordinates]  # fmt: skip
        key = (name, tuple(file.path for file in of), tuple((where or {}).items()))
        if key not in self._held:
            words = self.words
            said = Said(self.place_names(), words.units, words.stamps, where or {})
            self._held[key] = hold(name, of, self.files, said)
        return self._held[key]

    def all_held(self) -> list[Held]:
        """Return every variable that was looked at."""
        return [held for held in self._held.values() if held is not None]

    def supply(self, need: Variable) -> Supply | None:
        """Return what supplies a driver; None, with findings, where nothing does."""
        if need.name in self.words.values:
            return Supply(need, value=self.words.values[need.name])
        said = self.words.variables.get(need.name)
        place = place_of(need.name)
        if said is None and place in ("lat", "lon"):
            return Supply(need, place=place)
        files, one = self.common, dict[str, float]()
        if isinstance(said, FileVariable):
            where = f"{self.where}.variables.{need.name}.file"
            files = self.of_file(said.file, where) if said.file else files
            one, said = dict(said.where), said.variable
        terms, complaints = self._terms(need, said, files)
        for text in complaints:
            said, file = _of_files(text, files)
            self.findings.add("variables", Problem(said, f"driver {need.name!r}", file))
        parts = [self._part(need, term, files, one) for term in terms if not complaints]
        if complaints or None in parts:
            return None
        return Supply(need, tuple(part for part in parts if part is not None))

    def _terms(
        self, need: Variable, said: Names | None, files: Sequence[File]
    ) -> tuple[list[Term], list[str]]:
        names = sorted({name for file in files for name in file.names})
        if not files:
            # What is wrong with them has been noted, if there are any at all.
            none = [] if self.findings else ["no file is named; say path: FILE.nc"]
            return [], none or ["is in no file that can be read"]
        if said is not None:
            return as_asked(said, names, "variable")
        terms, complaint = by_name(need.name, names, "variable", "variables")
        hint = f" or values: {{{need.name}: NUMBER}} in {need.units!r}"
        found, there, available = complaint.partition("; available: ")
        return terms, [f"{found}{hint}{there}{available}"] if complaint else []

    def _part(
        self, need: Variable, term: Term, files: Sequence[File], where: Mapping[str, float]
    ) -> Part | None:
        """Return one variable of a driver with its unit; None, with findings, where it fails."""
        file = next(file for file in files if term.name in file.names)
        by_area, found = False, file.units[term.name]
        unit, complaint = unit_of(
            term.name, need, self.words.units, found=found, example=need.units
        )
        if not unit and not found:
            text = f"has no unit; say units: {{{term.name}: UNIT}}, that of its numbers"
            complaint = f"{text}; needed such as {need.units!r}"
        if not complaint:
            try:
                by_area = _by_area(unit, need.units)
            except ValueError as error:
                # Of a text that is no unit the scenario may say what it is.
                override = contradicts(unit, need.units) or readable(unit)
                hint = "" if override else f"; say units: {{{term.name}: {need.units}}}"
                complaint = f"{error}{hint}"
        if complaint:
            problem = Problem(complaint, f"variable {term.name!r}", str(file.path))
            self.findings.add("units", problem)
        held = self.held(term.name, files, where)
        if held is None:
            return None
        if complaint:
            # Nothing is read, but more may be wrong.
            unit = need.units
        rates = Rates(times(unit, "m2") if by_area else unit, need.units)
        return Part(need.name, term, held, rates, by_area)


def _of_files(text: str, files: Sequence[File]) -> tuple[str, str]:
    """Return what is wrong with some files, naming them, and the one or the folder."""
    names = [file.path.name for file in files]
    if len(names) < 2:
        return text, str(files[0].path) if files else ""
    more = ", ..." if names[6:] else ""
    return f"{text} (in {', '.join(names[:6])}{more})", str(files[0].path.parent)


def _by_area(found: str, needed: str) -> bool:
    """Return whether an amount per area has to be one of the whole place.

    Raises
    ------
    ValueError
        The unit found cannot become the one needed, in either way.
    """
    try:
        Rates(found, needed).converted(np.zeros(1))
        return False
    except ValueError as error:
        if "multiply by the area" not in str(error):
            raise
        Rates(times(found, "m2"), needed).converted(np.zeros(1))
        return True
