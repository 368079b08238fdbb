"""What drives measured profiles, place by place, and what was observed there."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kernels import F8, Variable
from scenarios.forcing._contract import Forcing, Locations, Observed
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.nearest_cells import (
    Biome,
    Cells,
    load_grids,
    load_testbed,
)
from scenarios.forcing.profile_files.atmosphere import (
    ZONES,
    Record,
    load_records,
    zone,
)
from scenarios.forcing.profile_files.layers import Profile
from scenarios.forcing.profile_files.layers import Reading as Layers
from scenarios.forcing.profile_files.selecting import told
from scenarios.paths import placed
from scenarios.units import convert

if TYPE_CHECKING:
    from scenarios.forcing.soil_profiles import Spec

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

Sourced = tuple[float, str]
"""A value and where it is from."""


@dataclass(frozen=True)
class Data:
    """What is known of places; None or empty where it is not asked for."""

    grids: Cells | None
    testbed: Cells | None
    biomes: Mapping[int, Biome]
    records: Mapping[str, Record]


def open_data(spec: "Spec", wanted: Sequence[str], base: Path, findings: Findings) -> Data:
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
    return Data(grids, testbed, biomes, records)


@dataclass
class Reading:
    """Profiles on their way to drivers."""

    spec: "Spec"
    data: Data
    needs: Sequence[Variable]
    findings: Findings
    taken: dict[str, dict[str, Sourced]] = field(default_factory=dict)

    def take(self, profile: Profile) -> bool:
        """Find every driver of a profile; one without is refused."""
        values: dict[str, Sourced] = {}
        lacking: dict[str, list[str]] = {}
        for need in self.needs:
            if need.name == "atmosphere":
                continue
            value = self._value(need.name, profile)
            if isinstance(value, str):
                lacking.setdefault(value, []).append(need.name)
            else:
                values[need.name] = value
        words = (f"has no {', '.join(names)}: {why}" for why, names in lacking.items())
        profile.refused = "; ".join(words)
        self.taken[profile.name] = values
        return not lacking

    def _value(self, name: str, profile: Profile) -> Sourced | str:
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

    def _of_testbed(self, name: str, profile: Profile) -> Sourced | str:
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
        taken = [layer for p in kept for layer in p.layers]
        without_error = sum(isnan(x.modern_error) and not isnan(x.modern) for x in taken)
        rows = len(table.rows) + len(table.ragged)
        chosen = None if self.spec.profiles == "all" else self.spec.profiles
        short = [f"line {line}, {text}" for line, text in layers.ragged(chosen)]
        bad = [*layers.impossible, *short]
        provenance = {
            "reader": "soil_profiles",
            "files": files,
            "profiles": {"in the file": len(layers.rows), "taken": len(kept)},
            "layers": {
                "in the file": rows,
                "taken": len(taken),
                "without an error of radiocarbon": without_error,
            },
            "longitudes whose sign was missing": turned,
            "impossible_values": bad,
            **told(every),
        }
        if not bad:
            return provenance
        single = len(bad) == 1
        count = (
            "1 impossible value costs its layer"
            if single
            else (f"{len(bad)} impossible values cost their layers")
        )
        text = f"{table.digest['name']}: {count}, the first of {bad[0]}"
        return {**provenance, "warnings": [f"{text}; strict: true refuses them"]}


def _near(cells: Cells, column: str, profile: Profile) -> Sourced | str:
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
