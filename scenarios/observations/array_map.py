"""A map in an array without coordinates (``.npy``), with a mask beside it.

.. code-block:: yaml

    observed: {reader: array_map, path: observational_rh_data.npy, mask: observational_rh_mask.npy,
               units: kg C m-2 yr-1, grid: {rows: 360, columns: 720, first_longitude: -179.75},
               land_fraction: luc4c_landmask.nc}

Nothing in such a file says where its numbers are: the scenario says rows, columns, the longitude of
the first column, and what rows are (``even``, ``with_poles`` or ``gaussian``) wherever that is not
sure from their number. Rows go from south to north, unless ``from_north: true``. With a land
fraction it is told how many values lie on land, as the layout says and turned by half the Earth: a
layout that is wrong shows itself there.

Source: our own; such files have no layout of anybody.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from kernels import F8
from scenarios.forcing.common.checks import Findings, digest, is_fill, not_a_file
from scenarios.forcing.common.declared import Input, Order, Quantity
from scenarios.forcing.common.netcdf import FILLS, LARGEST
from scenarios.grids import Grid, column_bounds, gaussian_grid, row_bounds
from scenarios.observations._contract import GridMap, Observations, ObservationSpec
from scenarios.observations.parts.maps import LandFraction, land_said, of_carbon
from scenarios.observations.parts.rows import WHERE, problem_of_words, told
from scenarios.paths import placed
from scenarios.problems import Problem
from scenarios.units import UnitText, readable

Rows = Literal["even", "with_poles", "gaussian"]


class Layout(BaseModel):
    """Where the numbers of an array are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = Field(ge=2, description="rows, the first dimension")
    columns: int = Field(ge=2, description="columns, the second dimension")
    first_longitude: float = Field(
        ge=-180, le=360, description="middle of the first column, degrees east"
    )
    latitudes: Rows | None = Field(
        default=None,
        description="even, with_poles (the first and last row lie on them) or gaussian; even by "
        "default, where rows are a whole part of a degree apart",
    )
    from_north: bool = Field(default=False, description="whether the first row is the northern")

    @model_validator(mode="after")
    def _sure(self) -> "Layout":
        if self.latitudes is None and not _sure_to_be_even(self.rows):
            text = f"{self.rows} rows may be even, with_poles or gaussian; say latitudes: one of"
            raise ValueError(f"{text} them (taken for another, a total is wrong by up to 1 %)")
        return self

    @property
    def grid(self) -> Grid:
        """Return the grid, rows in the order of the array."""
        step = 360.0 / self.columns
        if self.latitudes == "gaussian":
            found = gaussian_grid(self.rows, self.columns, self.first_longitude)
            lat, lat_bounds = found.lat, found.lat_bounds
        else:
            poles = self.latitudes == "with_poles"
            apart = 180.0 / (self.rows - 1 if poles else self.rows)
            lat = -90.0 + apart * (np.arange(self.rows, dtype=np.float64) + (0.0 if poles else 0.5))
            lat_bounds = row_bounds(lat)
        if self.from_north:
            lat, lat_bounds = lat[::-1], lat_bounds[::-1]
        lon = self.first_longitude + step * np.arange(self.columns, dtype=np.float64)
        return Grid(lat, lon, lat_bounds, column_bounds(lon))


def _sure_to_be_even(rows: int) -> bool:
    """Return whether so many rows are a whole number of degrees apart, or a whole part of one."""
    return 180 % rows == 0 or rows % 180 == 0


class Spec(ObservationSpec):
    """A map in an array without coordinates."""

    gives: ClassVar[type[Observations]] = GridMap
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="array",
            holds="one map, (rows, columns)",
            quantities=(
                Quantity("values", "observation", ("kg C m-2 yr-1",), "file or scenario",
                         gaps="left out"),
            ),
            orders=(Order("latitudes"), Order("longitudes")),
            missing="the mask, NaN, infinity, -999, -9999, 1e20; counted",
            agree=("values and mask have the shape that grid: says",),
        ),
    )  # fmt: skip
    opens: ClassVar[tuple[str, ...]] = ("mask",)

    reader: Literal["array_map"]
    path: str = Field(min_length=1, description="file of values, .npy")
    mask: str = Field(default="", description="file of true where there is no value, .npy")
    grid: Layout = Field(description="{rows: 360, columns: 720, first_longitude: -179.75}")
    units: UnitText = Field(min_length=1, description="of the values, which no file says")
    land_fraction: LandFraction = None

    def files(self) -> list[str]:
        """Return the files that it opens; see `Declared.files`."""
        return [*super().files(), *([self.land_fraction] if isinstance(self.land_fraction, str)
                                    else [])]  # fmt: skip

    def read(self, base: Path) -> GridMap:
        """Return the map; see `ObservationSpec.read`."""
        findings = Findings()
        values, about = self._array(self.path, "path", base, findings)
        digests = [about]
        masked = np.zeros(values.shape, dtype=np.bool_)
        if self.mask:
            mask, about = self._array(self.mask, "mask", base, findings)
            digests.append(about)
            masked = self._mask(mask, base, findings)
        unit, scale, note = of_carbon(self.units)
        if not readable(unit):
            text = f"{unit!r} is no unit that is known"
            findings.add("units", problem_of_words(text, "units"))
        findings.raise_all()
        values, left_out = _known(values.astype(np.float64), masked)
        grid = self.grid.grid
        land, source = None, ""
        notes = [note] if note else []
        if self.land_fraction is not None:
            land, source = land_said(self.land_fraction, base, grid, findings)
            findings.raise_all()
            if land is not None and isinstance(self.land_fraction, str):
                notes.append(_on_land(np.isfinite(values), land, Path(self.land_fraction).name))
        return GridMap(
            units=unit,
            left_out=left_out,
            notes=tuple(notes),
            provenance=told("array_map", digests, grid=self.grid.model_dump()),
            grid=grid,
            values=scale * values,
            area=grid.areas,
            land=land,
            land_source=source,
        )

    def _array(
        self, name: str, key: str, base: Path, findings: Findings
    ) -> tuple[NDArray[np.generic], dict[str, object]]:
        """Return the array of a file, (rows, columns), and the file's digest."""
        path = placed(base, name, f"{WHERE}.{key}")
        text = not_a_file(path, "an array (.npy)")
        needed = (self.grid.rows, self.grid.columns)
        found = np.empty(0)
        if not text:
            try:
                # Pickled objects run code when they are loaded.
                found = np.load(path, allow_pickle=False)
            except (ValueError, OSError, EOFError) as error:
                text = f"is no array of numbers, or not all of it ({error})"
        if not text and list(found.shape) != list(needed):
            sizes = " x ".join(map(str, found.shape))
            text = f"is {sizes}; needed {needed[0]} x {needed[1]}, as grid: says"
        if not text and found.dtype.kind not in ("fiu" if key == "path" else "biu"):
            text = f"holds {found.dtype}; needed {'numbers' if key == 'path' else 'true or false'}"
        if text:
            findings.fatal("files", Problem(text, f"{WHERE}.{key}", str(path)))
        return found, digest(path.name, path.read_bytes())

    def _mask(self, mask: NDArray[np.generic], base: Path, findings: Findings) -> NDArray[np.bool_]:
        if mask.dtype.kind != "b" and not np.isin(mask, (0, 1)).all():
            text = "holds numbers other than 0 and 1; needed true where there is no value"
            path = str(placed(base, self.mask, f"{WHERE}.mask"))
            findings.fatal("files", Problem(text, f"{WHERE}.mask", path))
        if mask.astype(np.bool_).all():
            path = str(placed(base, self.mask, f"{WHERE}.mask"))
            text = "is true everywhere, so that no value is left; true means no value"
            findings.fatal("files", Problem(text, f"{WHERE}.mask", path))
        return mask.astype(np.bool_)


def _known(values: F8, masked: NDArray[np.bool_]) -> tuple[F8, dict[str, int]]:
    """Return values with NaN for what is none, and what each reason cost."""
    left_out: dict[str, int] = {}
    with np.errstate(invalid="ignore"):
        fills = is_fill(values, FILLS) | (np.abs(values) > LARGEST) & np.isfinite(values)
    for reason, which in (
        ("masked", masked),
        ("no number or not finite", ~np.isfinite(values)),
        ("a fill value that the mask leaves", fills),
    ):
        if count := int((which & ~np.isnan(values)).sum() if reason == "masked" else
                        (which & ~masked).sum()):  # fmt: skip
            left_out[reason] = count
        values = np.where(which, np.nan, values)
    return values, left_out


def _on_land(known: NDArray[np.bool_], land: F8, name: str) -> str:
    """Return how many values lie on land, and how many would if the map was turned by half."""
    here, turned = (
        int((known & (one > 0)).sum()) for one in (land, np.roll(land, land.shape[1] // 2, axis=1))
    )
    text = f"{here:,} of {int(known.sum()):,} values are on land of {name}, and {turned:,} would be"
    found = f"{text} if columns began half the Earth away"
    return f"{found}: check first_longitude" if turned > here else found
