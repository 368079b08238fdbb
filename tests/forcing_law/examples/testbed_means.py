"""RF-1's sites on a grid of 3 x 4, annual means."""

import small_testbed as small
from forcing_law.example import Example

from kernels import Variable
from scenarios.forcing.common.served import FLUX, UNITS
from scenarios.forcing.testbed_files.plants import quality
from scenarios.forcing.testbed_means import GIVEN


def write(folder):
    small.tables(folder)
    small.means(folder, quality(small.rf1_sites().pft.astype(int)))


WORDS = {"path": "means.nc", "grid": "grid.csv", "soil": "soil.csv"}
FILES = {key: [name] for key, name in WORDS.items()}
EXAMPLE = Example(
    write, WORDS, [Variable(name, UNITS.get(name, FLUX), name, ()) for name in GIVEN], FILES
)
