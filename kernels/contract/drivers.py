"""A kernel's table of drivers: the unit of each, what the kernel accepts of it, and its meaning."""

from kernels.contract.entries import Variable
from kernels.contract.ranges import accepted

About = tuple[str, float, float, str]
"""Of a driver: units, lowest, highest, meaning; beyond these no soil is."""


def driver(name: str, entry: About, dims: tuple[str, ...]) -> Variable:
    """Return a driver along some dimensions besides location."""
    units, lowest, highest, meaning = entry
    return Variable(
        name, units, meaning, dims, expected_range=accepted(name, units, lowest, highest)
    )
