"""No files."""

from forcing_law.example import Example

from kernels import Variable
from scenarios.forcing.common.served import LASTING, UNITS

EXAMPLE = Example(
    lambda folder: None, {}, [Variable(name, UNITS[name], name, ()) for name in LASTING]
)
