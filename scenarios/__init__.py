"""Scenarios: what the user asks for. See ``DESIGN.md`` beside this file."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenarios.catalogue import check_files as check_files
    from scenarios.derived import with_derived as with_derived
    from scenarios.limits import limit_in_units as limit_in_units
    from scenarios.problems import MISREAD as MISREAD
    from scenarios.problems import Problem as Problem
    from scenarios.problems import ScenarioError as ScenarioError
    from scenarios.problems import and_more as and_more
    from scenarios.problems import most_named as most_named
    from scenarios.problems import near as near
    from scenarios.problems import nearest as nearest
    from scenarios.reading.checks import as_written as as_written
    from scenarios.reading.checks import check_kernel as check_kernel
    from scenarios.reading.checks import make_kernel as make_kernel
    from scenarios.reading.checks import read_options as read_options
    from scenarios.reading.load import Loaded as Loaded
    from scenarios.reading.load import load as load
    from scenarios.reading.load import with_lines as with_lines
    from scenarios.reading.shipped import library as library
    from scenarios.reading.shipped import renamed as renamed
    from scenarios.reading.shipped import write_new as write_new
    from scenarios.reading.shipped import write_template as write_template
    from scenarios.spec import Scenario as Scenario
    from scenarios.spec import json_schema as json_schema

# Asked for alone: `soilsweep --help` needs one small file of this package, and no pydantic.
LATER = {
    "Loaded": "reading.load",
    "MISREAD": "problems",
    "Problem": "problems",
    "Scenario": "spec",
    "ScenarioError": "problems",
    "and_more": "problems",
    "as_written": "reading.checks",
    "check_files": "catalogue",
    "check_kernel": "reading.checks",
    "json_schema": "spec",
    "library": "reading.shipped",
    "limit_in_units": "limits",
    "load": "reading.load",
    "make_kernel": "reading.checks",
    "most_named": "problems",
    "near": "problems",
    "nearest": "problems",
    "read_options": "reading.checks",
    "renamed": "reading.shipped",
    "with_derived": "derived",
    "with_lines": "reading.load",
    "write_new": "reading.shipped",
    "write_template": "reading.shipped",
}


def __getattr__(name: str) -> Any:
    if module := LATER.get(name):
        return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(LATER)
