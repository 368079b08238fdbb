"""Ensembles: plan, run, store and analyse. See ``DESIGN.md`` beside this file."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ensemble.farming.backends import StoppedEarly as StoppedEarly
    from ensemble.farming.farm import Outcome as Outcome
    from ensemble.farming.farm import run as run
    from ensemble.planning.plan import Plan as Plan
    from ensemble.planning.plan import plan as plan
    from ensemble.runs.extend import Extension as Extension
    from ensemble.runs.extend import extend as extend
    from ensemble.store.opening import open_run as open_run
    from ensemble.store.store import PlanError as PlanError

_HOMES = {
    "Outcome": "ensemble.farming.farm",
    "StoppedEarly": "ensemble.farming.backends",
    "run": "ensemble.farming.farm",
    "Extension": "ensemble.runs.extend",
    "extend": "ensemble.runs.extend",
    "Plan": "ensemble.planning.plan",
    "plan": "ensemble.planning.plan",
    "open_run": "ensemble.store.opening",
    "PlanError": "ensemble.store.store",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    # Imported where used: `soilsweep --help` must not wait for numba.
    if name not in _HOMES:
        raise AttributeError(f"module 'ensemble' has no attribute {name!r}")
    from importlib import import_module

    from ensemble.store.platforms import WINDOWS, is_windows

    if is_windows():
        raise ImportError(WINDOWS)
    return getattr(import_module(_HOMES[name]), name)
