"""The same files as those of the annual means."""

from forcing_law.example import Example
from forcing_law.examples.testbed_means import FILES, WORDS, write

from kernels import Variable
from scenarios.forcing.common.served import FLUX, LASTING, UNITS
from scenarios.forcing.testbed_seasons import DAILY

EXAMPLE = Example(
    write,
    WORDS,
    [
        *(Variable(name, UNITS[name], name, ()) for name in LASTING),
        *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
    ],
    FILES,
)
