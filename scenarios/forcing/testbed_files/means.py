"""Annual-mean drivers of the testbed on their way from its files to cells with plants."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8
from scenarios.forcing._contract import Locations
from scenarios.forcing.common.cell_edges import Lattice, known_grid
from scenarios.forcing.common.checks import Findings, digest, not_a_file
from scenarios.forcing.common.declared import Quantity
from scenarios.forcing.common.file_units import in_needed
from scenarios.forcing.common.netcdf import numbers
from scenarios.forcing.common.perturbed import Perturb
from scenarios.forcing.testbed_files.grid import Chosen, Grid, Skipped, choose, load_grid
from scenarios.forcing.testbed_files.plants import Litter, Quality, from_means, quality
from scenarios.problems import Problem

LARGEST = 1e35
"""Missing values are 1e36; the testbed asks for more than this, not for equality."""

LEAST_LITTER = 1e-4
"""g C m-2 d-1. Deserts have less, from the last digits of the model that made the means: no
microbe lives of it, and no solver should have to say so."""

_TEMPERATURE = (-90.0, 60.0, ("degC",), "degC")
_PART = (0.0, 1.0 + 1e-6, ("1",), "a fraction of pore space, 0 to 1")
_FLUX = (0.0, 60.0, ("g C m-2 d-1",), "g C m-2 d-1, 0 to 60")

# variable: (least, most, its unit, what is needed)
VARIABLES = {
    "tsoilC": _TEMPERATURE,
    "tairC": _TEMPERATURE,
    "thetaLiq": _PART,
    "thetaFrzn": _PART,
    "cgpp": _FLUX,
    "cnpp": (-10.0, *_FLUX[1:3], "g C m-2 d-1, -10 to 60"),
    **dict.fromkeys(
        ("litInptMet", "litInptStruc", "cLitInput_metbc", "cLitInput_struc"), _FLUX
    ),
}  # fmt: skip


MEANS = (
    *(Quantity(name, "driver", rule[2], "file") for name, rule in VARIABLES.items()),
    Quantity("cellid", "row"),
    Quantity("IGBP_PFT", "class"),
)
"""What the file holds, as readers declare it."""


@dataclass(frozen=True)
class Means:
    """What is known of cells with plants, (L,).

    Attributes
    ----------
    grid : Grid
    quantities : mapping of str to ndarray
        ``soil_temperature``, ``air_temperature`` (degC), ``theta_l``, ``theta_f`` (1), ``gpp``,
        ``npp`` (g C m-2 d-1).
    litter : Litter
    made_of : Quality
    told : mapping
        For provenance: files, cells left out, what was adjusted.
    lattice : Lattice or None
        Rows and columns of the file, where their edges are known.
    """

    grid: Grid
    quantities: Mapping[str, F8]
    litter: Litter
    made_of: Quality
    told: Mapping[str, Any]
    lattice: Lattice | None

    @property
    def locations(self) -> Locations:
        """Return the cells as locations."""
        return self.grid.locations(self.lattice)

    def perturbed(self, by: Perturb | None) -> "Means":
        """Return them changed as a scenario says."""
        if by is None:
            return self
        litter = self.litter.scaled(by.multiply.get("litter", 1.0))
        return replace(self, quantities=by.of_all(self.quantities), litter=litter)


def load_means(
    path: Path, grid: Path, soil: Path, cells: Chosen, units: Mapping[str, str], findings: Findings
) -> Means:
    """Return annual means of the cells with plants that a scenario asks for.

    Raises
    ------
    ScenarioError
        What `load_grid` refuses; no such variable, other units, cells that are not those of the
        tables, values that are missing or cannot be. All of them.
    """
    whole, digests = load_grid(grid, soil, findings, cells)
    skipped = Skipped()
    simulated = skipped.not_simulated(whole)
    file = _File(path, units, findings)
    file.check_cells(simulated)
    values = {name: file.values(name, simulated) for name in VARIABLES}
    findings.raise_all()
    litter = values["litInptMet"] + values["litInptStruc"]
    bare = litter < LEAST_LITTER
    grown = skipped.drop(simulated, bare, "no litter")
    chosen = choose(grown, cells, skipped, findings, lambda: file.lattice)
    findings.raise_all()
    kept = np.isin(simulated.cell, chosen.cell)
    for name, of_all in values.items():
        file.check_values(name, of_all, simulated, kept)
    findings.raise_all()
    return _means(
        chosen,
        {name: of_all[kept] for name, of_all in values.items()},
        {"files": [file.about, *digests], **skipped.told},
        file.lattice,
    )


def _means(
    grid: Grid, values: Mapping[str, F8], told: dict[str, Any], lattice: Lattice | None
) -> Means:
    made_of = quality(grid.pft)
    whole = values["litInptMet"] + values["litInptStruc"]
    litter, moved = from_means(made_of, values["litInptMet"], values["cLitInput_metbc"], whole)
    told["litter_parts"] = {
        "cells_adjusted": int((moved > 1e-6).sum()),
        "largest_change_g_C_m2_d1": float(moved.max()),
    }
    told["npp_below_0_set_to_0"] = int((values["cnpp"] < 0).sum())
    quantities = {
        "soil_temperature": values["tsoilC"],
        "air_temperature": values["tairC"],
        "theta_l": np.minimum(1.0, values["thetaLiq"]),
        "theta_f": np.minimum(1.0, values["thetaFrzn"]),
        "gpp": values["cgpp"],
        "npp": np.maximum(0.0, values["cnpp"]),
    }
    return Means(grid, quantities, litter, made_of, told, lattice)


@dataclass
class _File:
    """The NetCDF file of means, read once."""

    path: Path
    units: Mapping[str, str]
    findings: Findings
    about: dict[str, Any] = field(default_factory=dict)
    _arrays: dict[str, F8] = field(default_factory=dict)
    _wrong: dict[str, str] = field(default_factory=dict)
    _other: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        import netCDF4

        text = not_a_file(self.path, "the testbed's NetCDF file of annual means")
        if not text:
            try:
                with netCDF4.Dataset(self.path) as dataset:
                    for name in (*VARIABLES, "cellid", "IGBP_PFT", "lat", "lon"):
                        if name in dataset.variables:
                            self._take(name, dataset[name])
                    self._other = [n for n in dataset.variables if n not in self._arrays]
            except (OSError, RuntimeError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                text = f"is not NetCDF, or not all of it ({reason}); fetch it again"
        if text:
            self.findings.fatal("files", Problem(text, file=str(self.path)))
        self.about = digest(self.path.name, self.path.read_bytes())

    def _take(self, name: str, variable: Any) -> None:
        """Keep a variable as (lat, lon), whatever the order of its dimensions."""
        values = numbers(variable, real=(-99.0,) if name == "lon" else ())
        dims = variable.dimensions
        self._arrays[name] = values.T if dims == ("lon", "lat") else values
        self._convert(name, variable)

    def _convert(self, name: str, variable: Any) -> None:
        """Bring a variable into the unit of the rules; keep what is wrong with its own."""
        if name not in VARIABLES:
            return
        (needed,) = VARIABLES[name][2]
        try:
            self._arrays[name] = in_needed(self._arrays[name], name, variable, self.units, needed)
        except ValueError as error:
            self._wrong[name] = str(error)

    def check_cells(self, grid: Grid) -> None:
        """Note cells and classes that are not those of the tables."""
        rules = {"cellid": grid.cell, "IGBP_PFT": grid.pft}
        for name, needed in rules.items():
            in_file = self._at(name, grid)
            for i in np.flatnonzero(in_file != needed):
                text = f"found {in_file[i]:g}; the grid file has {needed[i]}"
                self._note("cells that differ", name, grid, int(i), text)
        for name in ("lat", "lon"):
            for at, text in grid.elsewhere(name, self._axis(name)):
                self._note("cells that differ", name, grid, at, text)

    def _axis(self, name: str) -> F8:
        """Return the latitudes of rows, or the longitudes of columns; none where it has none."""
        found = self._arrays.get(name, np.empty(0))
        return found if found.ndim == 1 else np.empty(0)

    @property
    def lattice(self) -> Lattice | None:
        """Return its rows and columns with their edges, if these are known."""
        return known_grid(self._axis("lat"), self._axis("lon"))

    def values(self, name: str, grid: Grid) -> F8:
        """Return a variable at cells; NaN where there is none."""
        if name in self._wrong:
            self.findings.add("units", Problem(self._wrong[name], file=str(self.path)))
        return self._at(name, grid)

    def check_values(self, name: str, values: F8, grid: Grid, which: NDArray[np.bool_]) -> None:
        """Note values of some cells that are missing or cannot be; of a unit alone, no values."""
        least, most, _, needed = VARIABLES[name]
        if name in self._wrong:
            return
        with np.errstate(invalid="ignore"):
            bad = ~((values >= least) & (values <= most)) & which
        for i in np.flatnonzero(bad):
            text = "is missing" if np.isnan(values[i]) else f"found {values[i]:g}"
            if needed == "degC" and 150.0 < values[i] < 350.0:
                text += ", which looks like K"
            self._note("bad values", name, grid, int(i), f"{text}; needed {needed}")

    def _at(self, name: str, grid: Grid) -> F8:
        nothing = np.full(grid.cell.size, np.nan)
        if name not in self._arrays:
            there = ", ".join(sorted([*self._arrays, *self._other]))
            text = f"no variable {name!r}; it holds {there}"
            self.findings.fatal("variables", Problem(text, file=str(self.path)))
        array = self._arrays[name]
        inside = _inside(array, grid)
        if not inside.all():
            text = f"has shape {array.shape}; needed (lat, lon) that holds every cell"
            self.findings.add("shapes", Problem(text, f"variable {name!r}", str(self.path)))
            return nothing
        return np.asarray(array[grid.row, grid.column])

    def _note(self, kind: str, name: str, grid: Grid, i: int, text: str) -> None:
        where = f"variable {name!r}, {grid.said(i)}"
        self.findings.add(kind, Problem(text, where, str(self.path)))


def _inside(array: F8, grid: Grid) -> NDArray[np.bool_]:
    if array.ndim != 2:
        return np.zeros(1, dtype=bool)
    return np.asarray(
        (grid.row >= 0)
        & (grid.row < array.shape[0])
        & (grid.column >= 0)
        & (grid.column < array.shape[1])
    )
