"""Calibration: batches of searches for the parameters that fit what was measured.

A search knows numbers between 0 and 1 and their costs, and nothing of soils, kernels or stores.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ensemble.calibration.work import CalibrationWork
    from ensemble.store.store import Store


def open_work(store: "Store") -> "CalibrationWork":
    """Return the work of a store; see `reopening.open_work`."""
    from ensemble.calibration import reopening

    return reopening.open_work(store)


def join(store: "Store") -> "CalibrationWork":
    """Return the work of a store for who is to commit blocks; see `reopening.join`."""
    from ensemble.calibration import reopening

    return reopening.join(store)
