"""Climate classes of Koeppen and Geiger, one row per cell of half a degree, in a workbook.

.. code-block:: yaml

    classes: {reader: koeppen_classes, path: KoeppenGeigerASCII.xlsx}

Six regions: A is tropical, B arid, Cs mediterranean, other C temperate, D boreal, E arctic; with
``by: class`` the classes themselves. The file is no text, though its name says so: columns are
found by their names, ``Latitude``, ``Longitude`` and ``ClimateTypes``, in the first sheet.

Source: Kottek et al. (2006), Meteorologische Zeitschrift, 10.1127/0941-2948/2006/0130.
"""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.forcing.common.checks import Findings, digest, not_a_file, number
from scenarios.forcing.common.declared import Input, Order, Quantity
from scenarios.forcing.common.places import find_places
from scenarios.observations._contract import ClassMap, Observations, ObservationSpec
from scenarios.observations.parts.cells import on_grid
from scenarios.observations.parts.rows import WHERE, told
from scenarios.observations.parts.workbook import first_sheet
from scenarios.paths import placed
from scenarios.problems import Problem, nearest, shown

CLASS = "ClimateTypes"
REGIONS = ("tropical", "arid", "temperate", "mediterranean", "boreal", "arctic")

CLASSES = frozenset(
    "Af Am As Aw BSh BSk BWh BWk Cfa Cfb Cfc Csa Csb Csc Cwa Cwb Cwc Dfa Dfb Dfc Dfd Dsa Dsb Dsc "
    "Dsd Dwa Dwb Dwc Dwd Dsw EF ET".split()
)
"""Those of Kottek et al., and Dsw, which the file has."""


def region_of(name: str) -> str:
    """Return the region of a class, such as ``mediterranean`` of Csb."""
    if name[0] == "C":
        return "mediterranean" if name[1] == "s" else "temperate"
    return {"A": "tropical", "B": "arid", "D": "boreal", "E": "arctic"}[name[0]]


class Spec(ObservationSpec):
    """Climate classes of Koeppen and Geiger."""

    gives: ClassVar[type[Observations]] = ClassMap
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="workbook",
            holds="one row per cell",
            quantities=(
                Quantity("Latitude", "latitude", ("degrees_north",), "layout"),
                Quantity("Longitude", "longitude", ("degrees_east",), "layout"),
                Quantity(CLASS, "class"),
            ),
            orders=(Order("rows", ("Latitude", "Longitude")), Order("columns", ("name",))),
            missing="nothing may be missing of a row; a cell without a row has no class",
        ),
    )

    reader: Literal["koeppen_classes"]
    path: str = Field(min_length=1, description="KoeppenGeigerASCII.xlsx")
    by: Literal["region", "class"] = Field(
        default="region", description="six regions, or the classes themselves"
    )

    def read(self, base: Path) -> ClassMap:
        """Return the classes of cells; see `ObservationSpec.read`."""
        findings = Findings()
        path = placed(base, self.path, f"{WHERE}.path")
        text = not_a_file(path, "a workbook (.xlsx)")
        header: list[str] = []
        if not text:
            data = path.read_bytes()
            try:
                header, rows = first_sheet(data)
            except ValueError as error:
                text = str(error)
        if text:
            findings.fatal("files", Problem(text, file=str(path)))
        at = _columns(header, path, findings)
        lat, lon, classes = [], [], []
        for row, cells in rows:
            try:
                place = [number(cells[at[name]], least=-180.0) for name in ("lat", "lon")]
            except ValueError as error:
                text = f"row {row}: {error}; needed degrees"
                findings.add("bad places", Problem(text, file=str(path)))
                continue
            name = cells[at[CLASS]]
            if name not in CLASSES:
                text = f"{shown(name)} is no class{nearest(name, CLASSES)}"
                text = f"row {row}, column {CLASS!r}: {text}"
                findings.add("bad classes", Problem(text, file=str(path)))
                continue
            lat.append(place[0])
            lon.append(place[1])
            classes.append(name)
        findings.raise_all()
        names = REGIONS if self.by == "region" else tuple(sorted(set(classes)))
        codes = np.array([
            names.index(region_of(name) if self.by == "region" else name) for name in classes
        ])  # fmt: skip
        grid, table = on_grid(np.array(lat), np.array(lon), codes, str(path), findings)
        return ClassMap(
            units="",
            provenance=told("koeppen_classes", [digest(path.name, data)]),
            grid=grid,
            codes=table,
            names=dict(enumerate(name.lower() for name in names)),
            meanings=dict(enumerate(names)),
        )


def _columns(header: list[str], path: Path, findings: Findings) -> dict[str, int]:
    """Return where latitude, longitude and class stand in a row."""
    sources = find_places(header)[0]
    found = {place: header.index(source.name) for place, source in sources.items()}
    if header.count(CLASS) == 1:
        found[CLASS] = header.index(CLASS)
    for needed, said in (("lat", "Latitude"), ("lon", "Longitude"), (CLASS, CLASS)):
        if needed not in found:
            text = f"row 1: no column {said!r}, or two{nearest(said, header)}"
            findings.add("columns", Problem(text, file=str(path)))
    findings.raise_all()
    return found
