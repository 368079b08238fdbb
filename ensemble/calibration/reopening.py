"""From a store back to the calibration that made it."""

import numpy as np

from ensemble.calibration.folds import Folds
from ensemble.calibration.groups import Groups
from ensemble.calibration.layout import Layout
from ensemble.calibration.objective import Unfit
from ensemble.calibration.searches import code
from ensemble.calibration.stored import CALIBRATED, FOLD, FOLD_OF, GROUP_OF, check
from ensemble.calibration.work import CalibrationWork
from ensemble.errors import PlanError
from ensemble.members.reopening import open_experiment, refuse_other_code
from ensemble.store.store import Store, damaged_inputs


def open_layout(store: Store) -> Layout:
    """Return the layout of a calibration's store.

    Raises
    ------
    PlanError
        Its scenario, its kernel or its data cannot be used here.
    """
    check(store)
    experiment = open_experiment(store, check)
    try:
        groups = Groups(store.read_strings("group"), store.read_whole(GROUP_OF).astype(np.int64))
        calibrated = store.read_whole(CALIBRATED) == 1
        length = store.specs["status"].chunks[0]
        layout = Layout(experiment, groups, calibrated, _folds(store), length)
        needed = layout.arrays
    except PlanError:
        raise
    except LookupError as error:
        raise PlanError(f"{store.path}: its search is not here: {error}") from error
    except (OSError, ValueError, RuntimeError, Unfit) as error:
        raise damaged_inputs(store.path, error) from error
    for spec in needed:
        there = store.specs.get(spec.path, spec)
        if (there.shape, there.chunks, there.dtype) != (spec.shape, spec.chunks, spec.dtype):
            raise PlanError(
                f"{store.path}: array {spec.path} is not as its scenario gives it; restore its "
                "zarr.json, or run into a new store"
            )
    return layout


def _folds(store: Store) -> Folds | None:
    if FOLD not in store.specs:
        return None
    of = store.read_whole(FOLD_OF).astype(np.int64) if FOLD_OF in store.specs else None
    return Folds(store.read_strings(FOLD), of)


def open_work(store: Store) -> CalibrationWork:
    """Return the work of a store, ready to run blocks."""
    return CalibrationWork(open_layout(store), store.quarantined(), store)


def join(store: Store) -> CalibrationWork:
    """Return the work of a store for a process that is to commit blocks of it.

    Raises
    ------
    PlanError
        The code here is not that of the blocks which the store has, or is to have.
    """
    work = open_work(store)
    layout = work.layout
    advice = ", or choose another place with --store"
    refuse_other_code(
        store, layout.experiment.kernel, lambda: {"search": code(layout.spec)}, advice
    )
    return work
