"""Which of the cells of a grid are taken: every n-th of a box."""

from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from kernels import F8
from scenarios.paths import placed


class Region(BaseModel):
    """``{every: 10, box: [south, north, west, east], records: FILE}``; all hold at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: int = Field(default=1, ge=1, description="every n-th of those that are left")
    records: str = Field(
        default="", description="a table with latitudes and longitudes: the cells that these are in"
    )
    box: tuple[float, float, float, float] | None = Field(
        default=None, description="[south, north, west, east], degrees"
    )

    @field_validator("box")
    @classmethod
    def _in_order(
        cls, box: tuple[float, float, float, float] | None
    ) -> tuple[float, float, float, float] | None:
        if box is None:
            return None
        south, north, west, east = box
        order = "needed [south, north, west, east]"
        if south > north:
            raise ValueError(f"the south, {south:g}, is north of {north:g}; {order}")
        if not -90 <= south <= north <= 90:
            raise ValueError(f"{south:g} to {north:g} are no latitudes, -90 to 90; {order}")
        if not (-180 <= west <= 360 and -180 <= east <= 360):
            raise ValueError(f"{west:g} to {east:g} are no longitudes, -180 to 360; {order}")
        return box

    def found_from(self, base: Path) -> Self:
        """Return it with the path of its records as from a folder."""
        if not self.records:
            return self
        file = placed(base, self.records, "forcing.cells.records")
        return self.model_copy(update={"records": str(file)})

    def inside(self, lat: F8, lon: F8) -> NDArray[np.bool_]:
        """Return which of some cells are in the box, (n,)."""
        if self.box is None:
            return np.ones(lat.size, dtype=bool)
        south, north, west, east = self.box
        taken = (lat >= south) & (lat <= north)
        # A box may cross the meridian at which the file's longitudes begin.
        taken &= (lon - west) % 360.0 <= (east - west) % 360.0 if east - west < 360 else True
        return taken

    def thinned(self, taken: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return every n-th of those that are taken, the first among them."""
        kept = np.zeros(taken.size, dtype=bool)
        kept[np.flatnonzero(taken)[:: self.every]] = True
        return kept


Asked = TypeVar("Asked")


def found_from(cells: Asked, base: Path) -> Asked:
    """Return the words of ``cells:`` with paths as from a folder."""
    return cells.found_from(base) if isinstance(cells, Region) else cells
