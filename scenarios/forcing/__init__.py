"""Forcing readers: one file each; the file's name is what ``reader:`` says.

Others install a reader by an entry point of the group ``soilsweep.readers`` that names a module
with ``Spec``.
"""

from scenarios.forcing._contract import READERS as READERS
from scenarios.forcing._contract import AnyReader as AnyReader
from scenarios.forcing._contract import Forcing as Forcing
from scenarios.forcing._contract import Locations as Locations
from scenarios.forcing._contract import ReaderSpec as ReaderSpec
from scenarios.forcing.common.declared import Declared as Declared
from scenarios.forcing.common.declared import Input as Input
from scenarios.forcing.common.declared import Order as Order
from scenarios.forcing.common.declared import Quantity as Quantity
from scenarios.forcing.common.made import Filed as Filed
from scenarios.forcing.common.made import Here as Here
from scenarios.forcing.common.made import Made as Made
from scenarios.forcing.common.made import Source as Source
from scenarios.forcing.common.made import sources as sources
from scenarios.forcing.common.made import spread as spread
from scenarios.forcing.common.observed import Observed as Observed
from scenarios.forcing.common.observed import Records as Records
from scenarios.forcing.common.observed import widened as widened
from scenarios.forcing.common.observed import with_parts as with_parts


def names() -> list[str]:
    """Return the readers a scenario may name, installed ones among them."""
    return READERS.names()


def get(name: str) -> type[ReaderSpec]:
    """Return the scenario model of that reader; raises `LookupError` where there is none."""
    spec: type[ReaderSpec] = READERS.get(name).Spec
    return spec
