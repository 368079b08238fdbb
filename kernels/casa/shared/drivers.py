"""CASA: drivers of the testbed's plants, woody debris and soil, each once."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from kernels.casa.shared.pft_table import Table, of_pft
from kernels.contract.arrays import F8, U1
from kernels.contract.batches import driver_status
from kernels.contract.drivers import About, driver
from kernels.contract.entries import Variable
from kernels.contract.status import OK, OUT_OF_RANGE

DRIVERS: dict[str, About] = {
    "pft": ("1", 1.0, 18.0, "vegetation type, IGBP class 1-18"),
    "latitude": ("degrees_north", -90.0, 90.0, "latitude"),
    "greenup": ("d", -366.0, 366.0, "day of the year of greenup"),
    "fall": ("d", 1.0, 367.0, "day of the year on which senescence begins"),
    "gpp": ("g C m-2 d-1", 0.0, 100.0, "gross primary production"),
    "air_temperature": ("degC", -100.0, 70.0, "temperature of the air"),
    "soil_temperature": ("degC", -100.0, 80.0, "temperature of the root zone"),
    "btran": ("1", -1e3, 1.0 + 1e-9, "plant-available water, part of its range"),
    "theta_l": ("1", 0.0, 1.0, "liquid water of the root zone, fraction of pore space"),
    "litter_met": ("g C m-2 d-1", 0.0, 1e4, "metabolic litter of leaves and fine roots"),
    "litter_str": ("g C m-2 d-1", 0.0, 1e4, "structural litter of leaves and fine roots"),
    "litter_leaf": ("g C m-2 d-1", 0.0, 1e4, "litter of leaves"),
    "litter_froot": ("g C m-2 d-1", 0.0, 1e4, "litter of fine roots"),
    "litter_cwd": ("g C m-2 d-1", 0.0, 1e4, "litter of wood"),
    "clay": ("1", 0.0, 1.0, "clay, fraction by mass"),
    "silt": ("1", 0.0, 1.0, "silt, fraction by mass"),
}
"""Name: (units, lowest, highest, meaning)."""


def drivers(names: Iterable[str], daily: Collection[str]) -> Iterator[Variable]:
    """Yield drivers in order; those of ``daily`` have a value for each day."""
    for name in names:
        yield driver(name, DRIVERS[name], ("date",) if name in daily else ())


def status_of_drivers(table: Table, values: Mapping[str, F8]) -> U1:
    """Return a status for every location, (L,), as `driver_status`.

    Vegetation types that are not simulated are out of range, too.
    """
    status = driver_status(DRIVERS, values)
    simulated = of_pft(table, "class", values["pft"]) > 0
    status[(status == OK) & ~simulated] = OUT_OF_RANGE
    return status
