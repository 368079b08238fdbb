"""Ensembles: plan, run, store and analyse. See ``DESIGN.md`` beside this file."""

from typing import TYPE_CHECKING, Any

from ensemble.lazily import lazy

if TYPE_CHECKING:
    from ensemble import plot as plot
    from ensemble.errors import PlanError as PlanError
    from ensemble.errors import StoppedEarly as StoppedEarly
    from ensemble.export.frame import to_dataframe as to_dataframe
    from ensemble.planning.calibrating import CalibrationPlan as CalibrationPlan
    from ensemble.planning.calibrating import plan_calibration as plan_calibration
    from ensemble.planning.plan import Plan as Plan
    from ensemble.planning.plan import plan as plan
    from ensemble.runs.calibrate import run_calibration as run_calibration
    from ensemble.runs.extend import Extension as Extension
    from ensemble.runs.extend import extend as extend
    from ensemble.runs.notebook import run_spotpy_setup as run_spotpy_setup
    from ensemble.runs.notebook import spotpy_setup as spotpy_setup
    from ensemble.runs.run import Outcome as Outcome
    from ensemble.runs.run import run as run
    from ensemble.store.opening import open_run as open_run

_HOMES = {
    "Outcome": "ensemble.runs.run",
    "StoppedEarly": "ensemble.errors",
    "run": "ensemble.runs.run",
    "Extension": "ensemble.runs.extend",
    "extend": "ensemble.runs.extend",
    "Plan": "ensemble.planning.plan",
    "plan": "ensemble.planning.plan",
    "CalibrationPlan": "ensemble.planning.calibrating",
    "plan_calibration": "ensemble.planning.calibrating",
    "run_calibration": "ensemble.runs.calibrate",
    "run_spotpy_setup": "ensemble.runs.notebook",
    "spotpy_setup": "ensemble.runs.notebook",
    "open_run": "ensemble.store.opening",
    "PlanError": "ensemble.errors",
    "plot": "ensemble.plot",
    "to_dataframe": "ensemble.export.frame",
}
__all__ = sorted(_HOMES)


_get = lazy(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    # Imported where used: `soilsweep --help` must not wait for numba.
    if name in _HOMES:
        from ensemble.store.platforms import WINDOWS, is_windows

        if is_windows():
            raise ImportError(WINDOWS)
    return _get(name)
