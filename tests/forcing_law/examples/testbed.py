"""RF-1's sites on a grid of 3 x 4, one year."""

import small_testbed as small
from forcing_law.example import Example

from kernels import Variable
from scenarios.forcing._served import FLUX, LASTING, UNITS
from scenarios.forcing.testbed import DAILY


def write(folder):
    small.tables(folder)
    small.met(folder, 1)


EXAMPLE = Example(
    write,
    {"met": "met_1901_1901.nc", "grid": "grid.csv", "soil": "soil.csv"},
    [
        *(Variable(name, UNITS[name], name, ()) for name in LASTING),
        *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
    ],
    {"met": ["met_1901_1901.nc"], "grid": ["grid.csv"], "soil": ["soil.csv"]},
)
