"""Soil profiles with carbon and radiocarbon by layer, and drivers where they were sampled.

.. code-block:: yaml

    forcing:
      reader: soil_profiles
      path: ../data/radiocarbon/soil_profiles.csv
      atmosphere: ../data/radiocarbon/atmosphere
      grids: ../data/gridded_0p5deg
      testbed: ../data/testbed
      minimum_layers: 5

Every profile is a location, named DATASET-ProfileID.

Observations: ``soc`` (mg C cm-3) = 1000 BulkDensity pct_C / 100, without error, and
``fraction_modern`` (1), from the first that a row has of
FractionModern; 14C_age, exp(-age / 8033), where Delta14C is that value less 1; and
(Delta14C / 1000 + 1) exp((y - 1950) / 8267), Delta14C corrected for decay between 1950 and the
year y of sampling, as it is defined. The file's Delta14C is mostly not: in 70 % of the rows with
FractionModern (1037 of 1475) it is that value less 1, to the last digit, in 87 % of those with
an age alone it is the age's, and in most others the correction has the other sign. The formula
alone would be 0.004 too high in the middle. A row whose FractionModern is more than 0.03 from
the formula has no radiocarbon (errors of typing). FractionModern above 2 is percent; ``modern``
is no number, and the Delta14C of 0 beside it is none. The error is D14C_err / 1000.

Layers: depths are Layer_top_norm and Layer_bottom_norm, from the surface of the mineral soil
down. Left out, each with its line and reason: layers without depths or thickness (cores of peat
with points), organic ones (above 0), those across 0, those whose normalised depth is larger than
their own, those that overlap one above (or repeat it: the first in the file stays), and those
without carbon or radiocarbon (``usable: any`` keeps layers that have one). pct_C of exactly 0
is a gap: it fills whole data sets. BulkDensity is g cm-3; where BulkDensity_original is empty
it is no measurement but 1.66 - 0.308 sqrt(pct_C), so that carbon by volume depends on pct_C
alone (``density: measured`` leaves those layers out).

Profiles: refused by name are those with fewer than ``minimum_layers`` usable layers, without a
year of sampling or coordinates, with two of them, or sampled before 1950. A longitude east of
Greenwich in a country that lies west lost its sign, and gets it back; the MAT beside it was
looked up at the wrong place. With ``profiles: [names]`` a profile that would be refused is an
error.

Values that cannot be (negative, clay above 100 %, more than 2.7 g cm-3, words) cost their layer.
They are counted in a warning, and the provenance names each with line and column; with ``strict:
true`` they are errors of the file. Profiles that are not chosen, and columns of drivers that are
from elsewhere, are not looked at.

Drivers, the profile's own first, else the nearest land cell within a distance:
``soil_temperature`` MAT, of the air, as in Wang et al. (2021), else the half-degree predictors;
``clay`` over the layers that have it, else the testbed; ``litter_above`` Abovegd_litterfall (taken
as g C m-2 yr-1: the header has no unit), else Li et al. (2019) on half a degree; ``annual_npp`` of
the testbed, 2000-2010; ``litter_below`` that times the share of NPP that its class gives to fine
roots; ``lignin_n_above`` and ``_below`` of its class, lignin x C:N as the testbed has for MIMICS;
``sampling_year``; ``atmosphere`` from 1949 to the latest year of sampling, of the zone of Hua et
al. (2013) that holds the place (see `scenarios.forcing.profile_files.atmosphere.zone`).

Source: forcing and observations of Wang et al. (2021, 10.1029/2020JG006205); the atmosphere of Hua
et al. (2013, 10.2458/azu_js_rc.v55i2.16177).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kernels import Variable
from scenarios.forcing._contract import Forcing, ReaderSpec
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input
from scenarios.forcing.common.file_units import unknown_units
from scenarios.forcing.common.nearest_cells import BIOME, PREDICTORS_READ
from scenarios.forcing.common.sources import unneeded
from scenarios.forcing.common.table import Table, load_table
from scenarios.forcing.profile_files.atmosphere import (
    RECORDS_READ,
)
from scenarios.forcing.profile_files.columns import LAYERS, OF_DRIVERS, UNIT_OF
from scenarios.forcing.profile_files.drivers import OF_TESTBED, UNITS, Reading, open_data
from scenarios.forcing.profile_files.layers import IMPOSSIBLE, Profile
from scenarios.forcing.profile_files.layers import Reading as Layers
from scenarios.forcing.profile_files.selecting import select
from scenarios.paths import placed
from scenarios.problems import Problem, nearest
from scenarios.units import UnitText, convert

Number = Annotated[float, Field(allow_inf_nan=False)]
Kilometres = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Spec(ReaderSpec):
    """``forcing:`` of soil profiles."""

    reads: ClassVar[tuple[Input, ...]] = (LAYERS, *PREDICTORS_READ, *RECORDS_READ)
    along: ClassVar[tuple[str, ...]] = ("atmosphere_year",)
    opens: ClassVar[tuple[str, ...]] = (f"testbed/params/{BIOME}",)

    lists: ClassVar[str] = "profiles"

    reader: Literal["soil_profiles"]
    path: str = Field(min_length=1, description="CSV file, one row per layer")
    name: str = Field(default="soil_profiles", min_length=1, description="of the forcing")
    profiles: Literal["all"] | list[str] = Field(
        default="all", description="profiles to take, as DATASET-ProfileID, in this order"
    )
    usable: Literal["complete", "any"] = Field(
        default="complete", description="layers with carbon and radiocarbon, or with one of them"
    )
    density: Literal["any", "measured"] = Field(
        default="any", description="bulk density of any origin, or as measured alone"
    )
    strict: bool = Field(
        default=False, description="an impossible value refuses the file, and not its layer alone"
    )
    minimum_layers: int = Field(default=5, ge=1, description="usable layers of a profile")
    atmosphere: str = Field(default="", description="folder of the record of the atmosphere")
    record: Literal["hua2013"] = Field(default="hua2013", description="of the atmosphere")
    zone: Literal["auto", "NHZone1", "NHZone2", "NHZone3", "SHZone12", "SHZone3"] = Field(
        default="auto", description="of the record: by latitude and longitude, or one for all"
    )
    grids: str = Field(default="", description="folder of the half-degree predictors")
    grids_within: Kilometres = Field(default=75.0, description="km to the nearest cell, at most")
    testbed: str = Field(default="", description="folder of the biogeochemical testbed")
    testbed_within: Kilometres = Field(default=300.0, description="km to the nearest cell, at most")
    units: dict[str, UnitText] = Field(
        default={},
        description="column of the table, or cnpp of the testbed: unit, where it is another "
        "than the layout has",
    )
    values: dict[str, Number] = Field(
        default={}, description="driver: number for all profiles, in the unit of the kernel"
    )

    def read(self, needs: Sequence[Variable], base: Path) -> list[Forcing]:
        """Return the one forcing; see `ReaderSpec.read`."""
        findings = Findings()
        self._check(needs, findings)
        table = load_table(placed(base, self.path), findings, keep_ragged=True)
        own = [n.name for n in needs if n.name in OF_DRIVERS and n.name not in self.values]
        layers = Layers(table, own, self.strict, self.units, findings)
        chosen = None if self.profiles == "all" else self.profiles
        for line, text in layers.ragged(chosen) if self.strict else ():
            findings.add("ragged rows", Problem(text, file=table.file, line=line))
        profiles = layers.profiles(chosen)
        data = open_data(self, [need.name for need in needs], base, findings)
        findings.raise_all()
        kept = self._chosen(profiles, layers, findings)
        reading = Reading(self, data, needs, findings)
        kept = [profile for profile in kept if reading.take(profile)]
        self._check_left(profiles, kept, table, findings)
        findings.raise_all()
        return [reading.forcing(kept, profiles, layers)]

    def _check(self, needs: Sequence[Variable], findings: Findings) -> None:
        for problem in unneeded(self.values, needs, "forcing.values"):
            findings.add("drivers", problem)
        for problem in unknown_units(self.units, (*UNIT_OF, "cnpp")):
            findings.add("units", problem)
        for need in needs:
            for text, where in self._misfits(need):
                findings.add("drivers", Problem(f"driver {need.name!r} {text}", where))

    def _misfits(self, need: Variable) -> Iterable[tuple[str, str]]:
        """Yield why a driver cannot be had, and the key at fault."""
        dims = ("atmosphere_year",) if need.name == "atmosphere" else ()
        has_unit = need.name in UNITS
        if not has_unit and need.name not in self.values:
            text = f"is none of this reader's{nearest(need.name, UNITS)}"
            yield f"{text}; or say values: {{{need.name}: NUMBER}}", "forcing.reader"
        if need.dims != (dims if has_unit else ()):
            found, needed = (", ".join(d) or "none" for d in (need.dims, dims))
            yield f"has dimensions ({found}) and this reader gives ({needed})", "forcing.reader"
        if need.name in self.values:
            if need.name == "atmosphere":
                yield "is a record and no number; say atmosphere: DIR", "forcing.values.atmosphere"
            return
        if has_unit:
            try:
                convert(0.0, UNITS[need.name], need.units)
            except ValueError as error:
                yield f"is needed in {need.units!r}: {error}", "forcing.reader"
        if need.name == "atmosphere" and not self.atmosphere:
            yield "is from the record of the atmosphere; say atmosphere: DIR", "forcing.atmosphere"
        if need.name in OF_TESTBED and not self.testbed:
            value = f"values: {{{need.name}: NUMBER}}"
            yield f"is from the testbed; say testbed: DIR, or {value}", "forcing.testbed"

    def _chosen(
        self, profiles: Sequence[Profile], layers: Layers, findings: Findings
    ) -> list[Profile]:
        kept = select(profiles, self.usable, self.minimum_layers, self.density)
        if self.profiles == "all":
            return kept
        by_name = {profile.name: profile for profile in profiles}
        for i, name in enumerate(self.profiles):
            if name not in by_name:
                text = f"no profile {name!r} in {layers.table.file}{nearest(name, layers.rows)}"
                findings.add("profiles", Problem(text, f"forcing.profiles[{i}]"))
            elif name in self.profiles[:i]:
                text = f"{name!r} is there twice"
                findings.add("profiles", Problem(text, f"forcing.profiles[{i}]"))
        return [by_name[n] for n in self.profiles if n in by_name and not by_name[n].refused]

    def _check_left(
        self, profiles: Sequence[Profile], kept: Sequence[Profile], table: Table, findings: Findings
    ) -> None:
        """Refuse what was asked for by name, or everything, if it cannot be used."""
        asked = {} if self.profiles == "all" else dict.fromkeys(self.profiles)
        refused = [p for p in profiles if p.refused and (p.name in asked or not kept)]
        for p in refused:
            problem = Problem(p.refused, f"profile {p.name!r}", table.file, p.line)
            findings.add("refused profiles", problem)
            for line, reason in p.skipped:
                if p.name not in asked and not reason.startswith(IMPOSSIBLE):
                    continue
                problem = Problem(f"layer {reason}", f"profile {p.name!r}", table.file, line)
                findings.add("layers left out", problem)
