"""Predictors of soil respiration: their names, units and order, and classes of vegetation.

Sources: Lu et al. (2021), Environmental Research Letters, 10.1088/1748-9326/abf526; He et al.
(2022), Global Change Biology. Both have predictors beside these that no file here has.
"""

from kernels.contract.entries import Variable
from kernels.contract.ranges import Range

CLASSES = ("ENF", "EBF", "DNF", "DBF", "MF", "SHR", "SAV", "GRA", "CRO", "TUN")
"""Needle-leaved and broad-leaved forest, evergreen and deciduous, mixed forest, shrubland, savanna,
grassland, cropland, tundra. Class k, from 1, is the k-th of them."""


def _predictor(name: str, units: str, low: float, high: float, meaning: str) -> Variable:
    """Return a driver that is one number a cell, and seen from ``low`` to ``high``."""
    return Variable(name, units, meaning, (), expected_range=Range(low=low, high=high))


NUMBERS = (
    _predictor("mat", "degC", -60, 40, "mean annual air temperature"),
    _predictor("map", "mm yr-1", 0, 12e3, "annual precipitation"),
    _predictor("dry", "1", 0, 12, "months with more potential evapotranspiration than rain"),
    _predictor("gsl", "1", 0, 12, "months above 0 degC"),
    _predictor("map_gs", "mm yr-1", 0, 12e3, "precipitation of the months above 0 degC"),
    _predictor("gpp", "g C m-2 yr-1", 0, 6e3, "gross primary production"),
    _predictor("litter", "g C m-2 yr-1", 0, 5e3, "litterfall"),
    _predictor("soc", "kg m-2", 0, 500, "soil organic carbon"),
    _predictor("clay", "percent", 0, 100, "clay of the soil"),
    _predictor("swc", "1", 0, 1, "liquid soil water as a part of saturation"),
)
"""Predictors that are numbers, in the order of a forest's matrix."""

VEG = _predictor(
    "veg", "1", 1, len(CLASSES),
    "class of vegetation: " + ", ".join(f"{k} {name}" for k, name in enumerate(CLASSES, start=1)),
)  # fmt: skip

PREDICTORS = (*NUMBERS, VEG)

RECORD = _predictor("record", "1", 0, 1e9, "number of the record that the location is")
"""What tells one record of a table from another."""

RECORDS = _predictor("records", "1", 0, 1e9, "number of records of the table, all together")
"""What tells one table from another, where the location is all of its records."""
