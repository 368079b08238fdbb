"""Designs: one file each; the file's name is the design's ``method``."""

import operator
from functools import cache, reduce
from importlib import import_module
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from kernels import module_names
from scenarios.designs._contract import Context as Context
from scenarios.designs._contract import Design as Design
from scenarios.designs._contract import DesignSpec as DesignSpec


def names() -> list[str]:
    """Return the methods a scenario may say."""
    return module_names(__path__)


def get(name: str) -> type[DesignSpec]:
    """Return the scenario model of that method."""
    spec: type[DesignSpec] = import_module(f"scenarios.designs.{name}").Spec
    return spec


def _method(value: Any) -> Any:
    """Return the tag of a design as written; ``cross:`` needs no ``method:``."""
    if isinstance(value, DesignSpec):
        return getattr(value, "method", None)
    if isinstance(value, dict):
        return value.get("method", "cross" if "cross" in value else None)
    return None


@cache
def union() -> Any:
    """Return the type of ``design:``, every known design told apart by its method."""
    models = [Annotated[get(name), Tag(name)] for name in names()]
    return Annotated[reduce(operator.or_, models), Discriminator(_method)]
