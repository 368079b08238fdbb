"""The table that a forest learns from: one row per record, with the predictors of its cell.

A kernel reads a table and no grid, so records are matched here, once, with the code that reads the
grid of a map: a predictor means the same in training and on the map.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8
from kernels.forest.shared.predictors import CLASSES, NUMBERS
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.predictor_files.grid import (
    FILLED,
    MATCHED,
    PredictorGrid,
    load_predictors,
)
from scenarios.observations import ClassMap
from scenarios.observations.koeppen_classes import Spec as Koeppen
from scenarios.problems import Problem, ScenarioError
from scenarios.upscaling.records import ALWAYS, Flux, FluxRecords, Rules, load_records

CLIMATES = "KoeppenGeigerASCII.xlsx"
UNITS = "g C m-2 yr-1"
COLUMNS = ("Record_number", "Study_number", "lat", "lon", "cell_lat", "cell_lon", "koeppen")
"""Of the table, before the flux and its predictors; ``lat`` and ``lon`` are the record's own."""


@dataclass(frozen=True)
class Sources:
    """Files of one table.

    Attributes
    ----------
    records : Path
        SRDB's table.
    grid : Path
        Folder of the half-degree predictors, with the climates of Koeppen beside them.
    testbed : Path
        Folder of the biogeochemical testbed.
    """

    records: Path
    grid: Path
    testbed: Path


@dataclass(frozen=True)
class Training:
    """Records that lie in, or near, a cell with every predictor.

    Attributes
    ----------
    flux : str
    records : FluxRecords
        Those that are left.
    cell : ndarray, shape (r,), int64
        Of each record, in ``grid``.
    grid : PredictorGrid
    koeppen : ndarray, shape (r,), str
        Climate of the cell; empty where it has none.
    climates : mapping
        Name and hash of the file of climates.
    own : bool
        Whether what studies say of the climate of their sites stands for that of the cell.
    """

    flux: Flux
    records: FluxRecords
    cell: I8
    grid: PredictorGrid
    koeppen: NDArray[np.str_]
    climates: Mapping[str, Any]
    own: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """Return sentences for people: what was taken for what, and what lacks records."""
        grid, file = self.grid, self.records.file
        filled = ", ".join(f"{name} {count:,}" for name, count in grid.filled.items())
        left_out = "; ".join(f"{count:,} {why}" for why, count in grid.left_out.items())
        without = [name for name in CLASSES if name not in grid.veg_of(self.cell)]
        texts = (
            f"{file['name']} is not UTF-8, and is read as latin-1" if "encoding" in file else "",
            f"{grid.lat.size:,} cells have every predictor, {grid.area.sum() / 1e12:,.3f} Tm2",
            f"cells left out: {left_out}" if left_out else "",
            f"cells filled from the nearest one within {FILLED:g} km: {filled}" if filled else "",
            f"no record of {', '.join(without)}: maps of these classes are predicted as if of none"
            if without else "",
            self.of_sites,
        )  # fmt: skip
        return (*(text for text in texts if text), *grid.notes)

    @property
    def of_sites(self) -> str:
        """Return of how many records predictors are what studies say, in words."""
        if not self.own:
            return ""
        said = {n: f"{np.isfinite(v).sum():,}" for n, v in self.records.own.items()}
        counts = " and ".join(f"{name} of {count}" for name, count in said.items())
        return (
            f"{counts} of {self.records.flux.size:,} records as their study says it, and not of "
            "the cell: on a map these predictors mean something else"
        )

    @property
    def predictors(self) -> dict[str, F8]:
        """Return the predictors of each record, (r,), those that are numbers, in their order."""
        found = {v.name: self.grid.columns[v.name][self.cell] for v in NUMBERS}
        if not self.own:
            return found
        said = self.records.own
        return found | {n: np.where(np.isfinite(said[n]), said[n], found[n]) for n in said}


def load_training(
    sources: Sources, flux: Flux, rules: Rules = ALWAYS, *, own: bool = False
) -> Training:
    """Return the records of a flux with the predictors of their cells, or partly of their own.

    Raises
    ------
    ScenarioError
        See `load_records` and `load_predictors`; or no record is near a cell.
    """
    climate = Koeppen(reader="koeppen_classes", path=CLIMATES, by="class")
    records, grid, climates = _all_of(
        lambda: load_records(sources.records, flux, Findings(), rules),
        lambda: load_predictors(sources.grid, sources.testbed, Findings()),
        lambda: climate.read(sources.grid),
    )
    cell = grid.cells_of(records.lat, records.lon)
    left = records.take(cell >= 0, f"with a cell within {MATCHED:g} km")
    cell = cell[cell >= 0]
    koeppen = _climate(climates, grid.lat[cell], grid.lon[cell])
    return Training(flux, left, cell, grid, koeppen, climates.provenance["files"][0], own)


def _all_of(*readings: Callable[[], Any]) -> list[Any]:
    """Return what each reads; raise `ScenarioError` with the problems of all."""
    read, problems = [], list[Problem]()
    for reading in readings:
        try:
            read.append(reading())
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return read


def _climate(climates: ClassMap, lat: F8, lon: F8) -> NDArray[np.str_]:
    """Return the climate of cells, (n,); empty where there is none."""
    row, column, inside = climates.grid.nearest(lat, lon)
    code = np.where(inside, climates.codes[row, column], -1)
    return np.array([climates.meanings.get(one, "") for one in code.tolist()], dtype=np.str_)


def as_csv(training: Training) -> str:
    """Return the table as text: files and rules in comments, then a row per record.

    Numbers have every digit, so that who reads them has the same bits.
    """
    out = io.StringIO()
    out.writelines(f"# {line}\n" for line in _comments(training))
    writer = csv.writer(out, lineterminator="\n")
    units = [f"{v.name} [{v.units}]" for v in NUMBERS]
    writer.writerow([*COLUMNS, f"{training.flux} [{UNITS}]", *units, "veg", "class_area [m2]"])
    records, grid, cell = training.records, training.grid, training.cell
    _, of = np.unique(grid.columns["veg"], return_inverse=True)
    class_area = np.bincount(of, grid.area)[of[cell]]
    numbers = (records.lat, records.lon, grid.lat[cell], grid.lon[cell])
    rows = zip(
        (f"{number:.12g}" for number in records.number.tolist()),
        records.study.tolist(),
        *(map(repr, values.tolist()) for values in numbers),
        training.koeppen.tolist(),
        *(map(repr, v.tolist()) for v in (records.flux, *training.predictors.values())),
        grid.veg_of(cell).tolist(),
        map(repr, class_area.tolist()),
        strict=True,
    )
    writer.writerows(rows)
    return out.getvalue()


def _comments(training: Training) -> Iterator[str]:
    records, grid = training.records, training.grid
    yield "made by soilsweep prepare forest; predictors are those of the cell a record lies in,"
    yield f"or of the nearest one within {MATCHED:g} km; class_area is of all cells of the class"
    for file in (records.file, *grid.files, training.climates):
        yield f"file {file['name']} sha256 {file['sha256']}"
    if training.own:
        yield training.of_sites
    for step in records.steps:
        yield f"{step.records:,} records of {step.studies:,} studies: {step.of}"
