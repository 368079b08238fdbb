"""A kernel's table of drivers: the unit of each, what the kernel accepts of it, and its meaning."""

from kernels.contract.ranges import accepted
from kernels.contract.tables import Variable

About = tuple[str, float, float, str]
"""Of a driver: units, lowest, highest, meaning; beyond these no soil is."""


def driver(name: str, about: About, dims: tuple[str, ...]) -> Variable:
    """Return a driver along some dimensions besides location."""
    units, lowest, highest, meaning = about
    return Variable(
        name, units, meaning, dims, expected_range=accepted(name, units, lowest, highest)
    )
