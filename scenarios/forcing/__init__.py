"""Forcing readers: one file each; the file's name is what ``reader:`` says."""

import operator
from functools import cache, reduce
from importlib import import_module
from typing import Annotated, Any

from pydantic import Field

from kernels import module_names
from scenarios.forcing._contract import Forcing as Forcing
from scenarios.forcing._contract import Locations as Locations
from scenarios.forcing._contract import Observed as Observed
from scenarios.forcing._contract import ReaderSpec as ReaderSpec


def names() -> list[str]:
    """Return the readers a scenario may name."""
    return module_names(__path__)


def get(name: str) -> type[ReaderSpec]:
    """Return the scenario model of that reader."""
    spec: type[ReaderSpec] = import_module(f"scenarios.forcing.{name}").Spec
    return spec


@cache
def union() -> Any:
    """Return the type of ``forcing:``, every known reader told apart by its name."""
    return Annotated[reduce(operator.or_, [get(n) for n in names()]), Field(discriminator="reader")]
