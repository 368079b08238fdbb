"""Several maps by name: products that are held against each other, or a stock and its flux.

.. code-block:: yaml

    observed:
      reader: maps
      of:
        cardamom: {reader: netcdf_map, path: cardamom.nc, variable: rh, land_fraction: land.nc}
      made:
        climate_h:
          product: climate_h
          temperature: {reader: netcdf_map, path: worldclim.nc, variable: tmean, by: month}
          precipitation: {reader: netcdf_map, path: worldclim.nc, variable: prec, by: month,
                          land_fraction: land.nc}

What is under ``made:`` is respiration from monthly climate, in the form of Hashimoto et al. (2015)
or of Raich et al. (2002).

Source: Hashimoto et al. (2015, 10.5194/bg-12-4121-2015) and Raich et al. (2002,
10.1046/j.1365-2486.2002.00511.x), of what is made.
"""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from scenarios.forcing.common.declared import Input
from scenarios.observations._contract import (
    AnyObservation,
    Climate,
    GridMap,
    GridMaps,
    Observations,
    ObservationSpec,
)
from scenarios.observations.parts.several import files_of, provenance_of
from scenarios.problems import Problem, ScenarioError

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Made(BaseModel):
    """Respiration that is made of monthly climate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product: Literal["climate_h", "climate_r"] = Field(
        description="in the form of Hashimoto et al. (2015), or of Raich et al. (2002)"
    )
    temperature: AnyObservation = Field(description="{reader: ...} of twelve months")
    precipitation: AnyObservation = Field(description="{reader: ...} of twelve months")


class Spec(ObservationSpec):
    """Several maps by name."""

    gives: ClassVar[type[Observations]] = GridMaps
    reads: ClassVar[tuple[Input, ...]] = ()

    reader: Literal["maps"]
    of: dict[Name, AnyObservation] = Field(
        default={}, description="{name: {reader: ...}}, each of them a map"
    )
    made: dict[Name, Made] = Field(
        default={}, description="{name: {product: climate_h, temperature: ..., precipitation: ...}}"
    )

    @model_validator(mode="after")
    def _maps(self) -> "Spec":
        if not (self.of or self.made):
            raise ValueError("found no map; needed of: {name: {reader: ...}}")
        if both := sorted({*self.of} & {*self.made}):
            raise ValueError(f"{both[0]!r} is in of: and in made:; needed each name once")
        every = [(f"of.{name}", one) for name, one in self.of.items()]
        for name, made in self.made.items():
            every += [
                (f"made.{name}.{w}", getattr(made, w)) for w in ("temperature", "precipitation")
            ]
        for where, one in every:
            if isinstance(one, ObservationSpec) and one.gives is not GridMap:
                text = f"reader {one.reader} gives {one.gives.__name__}; needed one of maps"
                raise ValueError(f"{where}: {text}")
        return self

    def files(self) -> list[str]:
        """Return the files that its maps open; see `Declared.files`."""
        every = [*self.of.values()]
        for made in self.made.values():
            every += [made.temperature, made.precipitation]
        return files_of(every)

    def read(self, base: Path) -> GridMaps:
        """Return the maps in the order of the scenario; see `ObservationSpec.read`."""
        problems: list[Problem] = []
        maps = {name: _read(one, base, problems) for name, one in self.of.items()}
        made = {}
        for name, one in self.made.items():
            warm = _read(one.temperature, base, problems)
            rain = _read(one.precipitation, base, problems)
            if not problems:
                _twelve(f"made.{name}", warm, rain, problems)
            made[name] = Climate(one.product, warm, rain)
        if problems:
            raise ScenarioError(problems)
        every = {**maps, **{f"{n}.{w}": getattr(c, w) for n, c in made.items()
                            for w in ("temperature", "precipitation")}}  # fmt: skip
        return GridMaps(
            units=next(iter(maps.values())).units if maps else "g C m-2 yr-1",
            maps=maps,
            made=made,
            left_out={
                f"{n}: {why}": k for n, one in every.items() for why, k in one.left_out.items()
            },
            notes=tuple(f"{name}: {note}" for name, one in every.items() for note in one.notes),
            provenance=provenance_of("maps", every),
        )


def _read(one: ObservationSpec, base: Path, problems: list[Problem]) -> GridMap:
    try:
        found = one.read(base)
    except ScenarioError as error:
        problems += error.problems
        return None  # type: ignore[return-value]
    assert isinstance(found, GridMap)
    return found


def _twelve(where: str, temperature: GridMap, rain: GridMap, problems: list[Problem]) -> None:
    """Note that climate is not of twelve months on one grid."""
    months = np.arange(1, 13)
    for word, one in (("temperature", temperature), ("precipitation", rain)):
        if one.years is not None or one.month is None or not np.array_equal(one.month, months):
            problems.append(Problem("needed the twelve months of a climatology", f"{where}.{word}"))
    same = all(
        np.array_equal(getattr(temperature.grid, n), getattr(rain.grid, n)) for n in ("lat", "lon")
    )
    if not same:
        problems.append(Problem("needed temperature and precipitation on one grid", where))
