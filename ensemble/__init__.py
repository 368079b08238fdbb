"""Ensembles: plan, run, store and analyse. See ``DESIGN.md`` beside this file."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ensemble.backends import StoppedEarly as StoppedEarly
    from ensemble.engine import Outcome as Outcome
    from ensemble.engine import run as run
    from ensemble.extending import Extension as Extension
    from ensemble.extending import extend as extend
    from ensemble.planning import Plan as Plan
    from ensemble.planning import plan as plan
    from ensemble.reading import open_run as open_run
    from ensemble.store import PlanError as PlanError

_HOMES = {
    "Outcome": "ensemble.engine",
    "StoppedEarly": "ensemble.backends",
    "run": "ensemble.engine",
    "Extension": "ensemble.extending",
    "extend": "ensemble.extending",
    "Plan": "ensemble.planning",
    "plan": "ensemble.planning",
    "open_run": "ensemble.reading",
    "PlanError": "ensemble.store",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    # Imported where used: `soilsweep --help` must not wait for numba.
    if name not in _HOMES:
        raise AttributeError(f"module 'ensemble' has no attribute {name!r}")
    from importlib import import_module

    from ensemble.platforms import WINDOWS, is_windows

    if is_windows():
        raise ImportError(WINDOWS)
    return getattr(import_module(_HOMES[name]), name)
