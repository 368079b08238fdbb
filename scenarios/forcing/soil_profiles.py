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
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from kernels import F8, Variable
from scenarios.forcing._contract import Forcing, Locations, Observed, ReaderSpec
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input
from scenarios.forcing.common.file_units import unknown_units
from scenarios.forcing.common.nearest_cells import (
    PREDICTORS_READ,
    Biome,
    Cells,
    load_grids,
    load_testbed,
)
from scenarios.forcing.common.sources import unneeded
from scenarios.forcing.common.table import Table, load_table
from scenarios.forcing.profile_files.atmosphere import (
    RECORDS_READ,
    ZONES,
    Record,
    load_records,
    zone,
)
from scenarios.forcing.profile_files.layers import (
    IMPOSSIBLE,
    LAYERS,
    OF_DRIVERS,
    UNIT_OF,
    Profile,
    select,
    told,
)
from scenarios.forcing.profile_files.layers import Reading as Layers
from scenarios.paths import placed
from scenarios.problems import Problem, nearest
from scenarios.units import UnitText, convert

FIRST = 1949
"""First year of the atmosphere: litter of 1950 carries the carbon of the year before."""

UNITS = {
    "soil_temperature": "degC",
    "clay": "1",
    "litter_above": "g C m-2 yr-1",
    "litter_below": "g C m-2 yr-1",
    "lignin_n_above": "1",
    "lignin_n_below": "1",
    "annual_npp": "g C m-2 yr-1",
    "sampling_year": "1",
    "atmosphere": "1",
}
GRIDDED = {"soil_temperature": "grids", "litter_above": "grids", "clay": "testbed"}
"""Drivers that profiles may have themselves, and where they are from otherwise."""

OF_TESTBED = ("litter_below", "lignin_n_above", "lignin_n_below", "annual_npp")

Number = Annotated[float, Field(allow_inf_nan=False)]
Kilometres = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Spec(ReaderSpec):
    """``forcing:`` of soil profiles."""

    reads: ClassVar[tuple[Input, ...]] = (LAYERS, *PREDICTORS_READ, *RECORDS_READ)

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
        data = _open(self, [need.name for need in needs], base, findings)
        findings.raise_all()
        kept = self._chosen(profiles, layers, findings)
        reading = _Reading(self, data, needs, findings)
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


@dataclass(frozen=True)
class _Data:
    """What is known of places; None or empty where it is not asked for."""

    grids: Cells | None
    testbed: Cells | None
    biomes: Mapping[int, Biome]
    records: Mapping[str, Record]


def _open(spec: Spec, wanted: Sequence[str], base: Path, findings: Findings) -> _Data:
    """Return the data sets that the drivers need."""
    needed = [name for name in wanted if name not in spec.values]
    grids = testbed = None
    biomes: Mapping[int, Biome] = {}
    records: Mapping[str, Record] = {}
    if spec.grids and any(GRIDDED.get(name) == "grids" for name in needed):
        grids = load_grids(placed(base, spec.grids, "forcing.grids"), spec.grids_within, findings)
    if spec.testbed and any(GRIDDED.get(n) == "testbed" or n in OF_TESTBED for n in needed):
        loaded = load_testbed(
            placed(base, spec.testbed, "forcing.testbed"), spec.testbed_within, spec.units, findings
        )
        testbed, biomes = loaded or (None, {})
    if spec.atmosphere and "atmosphere" in needed:
        zones = ZONES if spec.zone == "auto" else (spec.zone,)
        records = load_records(
            placed(base, spec.atmosphere, "forcing.atmosphere"), spec.record, zones, findings
        )
    return _Data(grids, testbed, biomes, records)


Found = tuple[float, str]
"""A value and where it is from."""


@dataclass
class _Reading:
    """Profiles on their way to drivers."""

    spec: Spec
    data: _Data
    needs: Sequence[Variable]
    findings: Findings
    taken: dict[str, dict[str, Found]] = field(default_factory=dict)

    def take(self, profile: Profile) -> bool:
        """Find every driver of a profile; one without is refused."""
        values: dict[str, Found] = {}
        lacking: dict[str, list[str]] = {}
        for need in self.needs:
            if need.name == "atmosphere":
                continue
            one = self._value(need.name, profile)
            if isinstance(one, str):
                lacking.setdefault(one, []).append(need.name)
            else:
                values[need.name] = one
        words = (f"has no {', '.join(names)}: {why}" for why, names in lacking.items())
        profile.refused = "; ".join(words)
        self.taken[profile.name] = values
        return not lacking

    def _value(self, name: str, profile: Profile) -> Found | str:
        if name in self.spec.values:
            return self.spec.values[name], "the scenario"
        if name == "sampling_year":
            return float(profile.year), "the profile"
        own = {
            "soil_temperature": (profile.temperature, "MAT"),
            "litter_above": (profile.litterfall, "Abovegd_litterfall"),
            "clay": (profile.clay, "clay_pct"),
        }
        value, column = own.get(name, (float("nan"), ""))
        if not isnan(value):
            return value, f"the profile, {column}"
        if name in OF_TESTBED:
            return self._of_testbed(name, profile)
        columns = {"soil_temperature": "air temperature", "litter_above": "litterfall"}
        cells = self.data.grids if GRIDDED[name] == "grids" else self.data.testbed
        if cells is None:
            return f"the profile has none; say {GRIDDED[name]}: DIR"
        return _near(cells, columns.get(name, "clay"), profile)

    def _of_testbed(self, name: str, profile: Profile) -> Found | str:
        cells = self.data.testbed
        assert cells is not None, "checked before any profile is read"
        npp, kind = _near(cells, "NPP", profile), _near(cells, "class", profile)
        if isinstance(npp, str) or isinstance(kind, str):
            return npp if isinstance(npp, str) else str(kind)
        biome = self.data.biomes[int(kind[0])]
        above, below = biome.lignin_n
        value = {
            "annual_npp": (npp[0], npp[1]),
            "litter_below": (
                npp[0] * biome.root_share,
                f"{npp[1]}, times {biome.root_share:g} to fine roots of {biome.name}",
            ),
            "lignin_n_above": (above, f"leaf litter of {biome.name}, {kind[1]}"),
            "lignin_n_below": (below, f"root litter of {biome.name}, {kind[1]}"),
        }
        return value[name]

    def forcing(self, kept: Sequence[Profile], every: Sequence[Profile], layers: Layers) -> Forcing:
        """Return drivers, observations and sources of the profiles."""
        drivers: dict[str, F8] = {}
        sources: dict[str, tuple[str, ...]] = {}
        coords: dict[str, Any] = {}
        for need in self.needs:
            if need.name == "atmosphere":
                years = np.arange(FIRST, max(p.year for p in kept) + 1)
                coords["atmosphere_year"] = years
                drivers["atmosphere"], sources["atmosphere"] = self._atmosphere(kept, years)
                continue
            taken = [self.taken[p.name][need.name] for p in kept]
            values = np.array([value for value, _ in taken])
            if need.name not in self.spec.values:
                values = convert(values, UNITS[need.name], need.units)
            drivers[need.name] = values
            sources[need.name] = tuple(source for _, source in taken)
        observations, of_observations = _observations(kept)
        places = {"lat": np.array([p.lat for p in kept]), "lon": np.array([p.lon for p in kept])}
        return Forcing(
            name=self.spec.name,
            drivers=drivers,
            coords=coords,
            locations=Locations(tuple(p.name for p in kept), places),
            provenance=self._provenance(kept, every, layers),
            observations=observations,
            sources={**sources, **of_observations},
        )

    def _atmosphere(self, kept: Sequence[Profile], years: Any) -> tuple[F8, tuple[str, ...]]:
        fixed = self.spec.zone
        zones = [zone(p.lat, p.lon) if fixed == "auto" else fixed for p in kept]
        rows = np.stack([self.data.records[z].at(years) for z in zones])
        return rows, tuple(f"{self.spec.record}, {z}" for z in zones)

    def _provenance(
        self, kept: Sequence[Profile], every: Sequence[Profile], layers: Layers
    ) -> dict[str, Any]:
        table = layers.table
        cells = [c for c in (self.data.grids, self.data.testbed) if c is not None]
        files = [dict(table.digest), *(dict(d) for c in cells for d in c.digests)]
        files += [dict(record.digest) for record in self.data.records.values()]
        turned = [p.name for p in kept if p.turned]
        taken = sum(len(p.layers) for p in kept)
        rows = len(table.rows) + len(table.ragged)
        chosen = None if self.spec.profiles == "all" else self.spec.profiles
        short = [f"line {line}, {text}" for line, text in layers.ragged(chosen)]
        bad = [*layers.impossible, *short]
        provenance = {
            "reader": "soil_profiles",
            "files": files,
            "profiles": {"in the file": len(layers.rows), "taken": len(kept)},
            "layers": {"in the file": rows, "taken": taken},
            "longitudes whose sign was missing": turned,
            "impossible_values": bad,
            **told(every),
        }
        if not bad:
            return provenance
        one = len(bad) == 1
        count = (
            "1 impossible value costs its layer"
            if one
            else (f"{len(bad)} impossible values cost their layers")
        )
        text = f"{table.digest['name']}: {count}, the first of {bad[0]}"
        return {**provenance, "warnings": [f"{text}; strict: true refuses them"]}


def _near(cells: Cells, column: str, profile: Profile) -> Found | str:
    nearest = cells.near(column, profile.lat, profile.lon)
    if isinstance(nearest, str):
        return nearest
    return nearest.value, f"{cells.title}, cell {nearest.cell}, {nearest.distance:.0f} km away"


def _observations(
    kept: Sequence[Profile],
) -> tuple[dict[str, Observed], dict[str, tuple[str, ...]]]:
    """Return what the layers hold, the same layers in both, and where it is from."""
    depth = max(len(p.layers) for p in kept)

    def column(get: Callable[[Any], float]) -> F8:
        out = np.full((len(kept), depth), np.nan)
        for row, profile in zip(out, kept, strict=True):
            row[: len(profile.layers)] = [get(layer) for layer in profile.layers]
        return out

    top, bottom = column(lambda x: x.top), column(lambda x: x.bottom)
    carbon = Observed(
        column(lambda x: x.soc), top, bottom, "mg C cm-3", "carbon of the soil by volume"
    )
    modern = Observed(
        column(lambda x: x.modern), top, bottom, "1", "fraction modern of the soil's carbon",
        error=column(lambda x: x.modern_error),
    )  # fmt: skip
    measured = [sum(x.measured for x in p.layers) for p in kept]
    sources = {
        "soc": tuple(
            f"pct_C; bulk density measured in {n} of {len(p.layers)} layers"
            for n, p in zip(measured, kept, strict=True)
        ),
        "fraction_modern": tuple(f"{_origins(p)}, sampled in {p.year}" for p in kept),
    }
    return {"soc": carbon, "fraction_modern": modern}, sources


def _origins(profile: Profile) -> str:
    counts = Counter(layer.origin for layer in profile.layers if layer.origin)
    listed = ", ".join(f"{name} in {n}" for name, n in sorted(counts.items()))
    return f"{listed or 'none'} of {len(profile.layers)} layers"
