"""Land cover classes of the IGBP: a table of cells, and one of what their codes mean.

.. code-block:: yaml

    classes: {reader: land_classes, path: derived_predictors_0p5deg.csv.gz,
              mapping: igbp_mapping.csv}

Classes are called ``igbp_1`` to ``igbp_16`` by their code; with ``by: group`` as the mapping groups
them; with ``by: he2022`` they are the types of He et al. (2022): what is open north of 55 N is
tundra, and wetland, towns, snow, deserts and water are of none. Code 0 is water, and a code that
the mapping does not have (17 in the published file) keeps its number and is told. Cells with an
empty code have no class.

Source: land cover of the IGBP; the groups are those of the mapping that the scenario names.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from kernels import F8, I8
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.declared import Input, Order, Quantity
from scenarios.observations._contract import ClassMap, Observations, ObservationSpec
from scenarios.observations.parts.cells import on_grid
from scenarios.observations.parts.records import places, whole_numbers
from scenarios.observations.parts.rows import Columns, open_table, told

NONE = -1
TYPES = {
    **{1: "evergreen_needleleaf", 2: "evergreen_broadleaf", 3: "deciduous_needleleaf"},
    **{4: "deciduous_broadleaf", 5: "mixed_forest", 6: "shrubland", 7: "shrubland"},
    **{8: "savanna", 9: "savanna", 10: "grassland", 12: "cropland", 14: "cropland"},
}
"""Types of He et al. (2022) by code of the IGBP."""
TUNDRA, OPEN, NORTH = "tundra", ("shrubland", "savanna", "grassland"), 55.0
CODE, GROUP, LONG = "IGBP2001Pr", "IGBP_group", "IGBP"


class Spec(ObservationSpec):
    """Land cover classes of the IGBP."""

    gives: ClassVar[type[Observations]] = ClassMap
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="one row per cell",
            quantities=(
                Quantity("lat", "latitude", ("degrees_north",), "layout"),
                Quantity("lon", "longitude", ("degrees_east",), "layout"),
                Quantity("IGBP", "class", gaps="left out"),
            ),
            orders=(Order("rows", ("lat", "lon")), Order("columns", ("name",))),
            missing="an empty cell or NA of a class; counted",
        ),
        Input(
            key="mapping",
            format="table",
            holds="one row per class",
            quantities=(
                Quantity(CODE, "class"),
                Quantity(LONG, "name"),
                Quantity(GROUP, "name"),
            ),
            orders=(Order("rows", (CODE,)), Order("columns", ("name",))),
            missing="nothing may be missing",
        ),
    )

    reader: Literal["land_classes"]
    path: str = Field(min_length=1, description="table of cells with lat, lon and IGBP")
    mapping: str = Field(min_length=1, description="igbp_mapping.csv")
    by: Literal["code", "group", "he2022"] = Field(
        default="code",
        description="classes by their code, as the mapping groups them, or types of He et al. 2022",
    )

    def read(self, base: Path) -> ClassMap:
        """Return the classes of cells; see `ObservationSpec.read`."""
        findings = Findings()
        table = open_table(base, self.path, findings, "lat,lon,IGBP", "one row per cell")
        cells = Columns(table, findings)
        cells.need("IGBP")
        meanings, groups, about = self._mapping(base, findings)
        lat, lon = places(cells)
        for row in np.flatnonzero(np.isnan(lat + lon)).tolist():
            cells.add("bad places", "has no place; needed latitude and longitude", "IGBP", row)
        codes = whole_numbers(cells, "IGBP", 0, 255)
        findings.raise_all()
        known = np.where(np.isnan(codes), NONE, codes).astype(np.int64)
        notes = [
            f"code {code} is not in {self.mapping}: {int((known == code).sum()):,} cells"
            for code in np.unique(known).tolist() if code != NONE and code not in meanings
        ]  # fmt: skip
        names = {code: f"igbp_{code}" for code in np.unique(known).tolist() if code != NONE}
        if self.by == "group":
            known, names = _grouped(known, groups)
            meanings = {}
        elif self.by == "he2022":
            known, names = _typed(known, lat)
            meanings = {}
        grid, on = on_grid(lat, lon, known, table.file, findings)
        without = int((known == NONE).sum())
        return ClassMap(
            units="",
            left_out={"without a class": without} if without else {},
            notes=tuple(notes),
            provenance=told("land_classes", [table.digest, about]),
            grid=grid,
            codes=on,
            names=names,
            meanings={code: meanings.get(code, "not in the mapping") for code in names}
            if self.by == "code" else {},
        )  # fmt: skip

    def _mapping(
        self, base: Path, findings: Findings
    ) -> tuple[dict[int, str], dict[int, str], dict[str, object]]:
        """Return the name and the group of each code, and the file's digest."""
        needed = f"{LONG},{GROUP},{CODE}"
        table = open_table(base, self.mapping, findings, needed, "one row per class")
        columns = Columns(table, findings)
        columns.need(LONG, GROUP, CODE)
        codes = whole_numbers(columns, CODE, 0, 255)
        for row in np.flatnonzero(np.isnan(codes)).tolist():
            columns.add("bad values", "is empty; needed the code of a class", CODE, row)
        findings.raise_all()
        every = codes.astype(np.int64).tolist()
        columns.each_once(every, CODE, str)
        names, groups = columns.texts(LONG).tolist(), columns.texts(GROUP).tolist()
        for row, (name, group) in enumerate(zip(names, groups, strict=True)):
            if not (name and group):
                columns.add("bad values", "needed a name and a group", LONG, row)
        findings.raise_all()
        return (
            dict(zip(every, names, strict=True)), dict(zip(every, groups, strict=True)),
            dict(table.digest),
        )  # fmt: skip


def _typed(codes: I8, lat: F8) -> tuple[I8, dict[int, str]]:
    """Return types for codes at latitudes, (n,), and their names."""
    names = [*dict.fromkeys(TYPES.values()), TUNDRA]
    place = {code: names.index(name) for code, name in TYPES.items()}
    found = np.array([place.get(code, NONE) for code in codes.tolist()], dtype=np.int64)
    northern = np.isin(found, [names.index(name) for name in OPEN]) & (lat > NORTH)
    found[northern] = names.index(TUNDRA)
    return found, dict(enumerate(names))


def _grouped(codes: I8, groups: dict[int, str]) -> tuple[I8, dict[int, str]]:
    """Return groups for codes, (n,), and their names; a code of no group has its own."""
    of = {code: groups.get(code, f"igbp_{code}") for code in np.unique(codes).tolist()}
    names = sorted({name for code, name in of.items() if code != NONE})
    place = {code: names.index(name) if code != NONE else NONE for code, name in of.items()}
    found = np.array([place[code] for code in codes.tolist()], dtype=np.int64)
    return found, dict(enumerate(name.lower() for name in names))
