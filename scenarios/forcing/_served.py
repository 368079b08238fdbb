"""The former place of `common.served`, where checks outside this package look for it."""

from scenarios.forcing.common.served import FLUX as FLUX
from scenarios.forcing.common.served import LASTING as LASTING
from scenarios.forcing.common.served import UNITS as UNITS
