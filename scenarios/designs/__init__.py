"""Designs: one file each; the file's name is the design's ``method``.

Others install a design by an entry point of the group ``soilsweep.designs`` that names a module
with ``Spec``.
"""

from scenarios.designs._contract import CHOSEN as CHOSEN
from scenarios.designs._contract import DESIGNS as DESIGNS
from scenarios.designs._contract import AnyDesign as AnyDesign
from scenarios.designs._contract import Context as Context
from scenarios.designs._contract import Design as Design
from scenarios.designs._contract import DesignSpec as DesignSpec
from scenarios.designs.distributions.account import account as account


def names() -> list[str]:
    """Return the methods a scenario may say, installed ones among them."""
    return DESIGNS.names()


def get(name: str) -> type[DesignSpec]:
    """Return the scenario model of that method; raises `LookupError` where there is none."""
    spec: type[DesignSpec] = DESIGNS.get(name).Spec
    return spec
