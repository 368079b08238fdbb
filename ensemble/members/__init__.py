"""The ensemble as a work: rows, tiles, blocks, sums."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ensemble.members.experiment import Experiment
    from ensemble.members.layout import Layout
    from ensemble.members.work import EnsembleWork
    from ensemble.store.store import Store


def open_work(store: "Store") -> "EnsembleWork":
    """Return the work of a store; see `reopening.open_work`."""
    from ensemble.members import reopening

    return reopening.open_work(store)


def work_of(
    experiment: "Experiment", layout: "Layout", store: "Store | None" = None
) -> "EnsembleWork":
    """Return the work of an experiment that is open already; its store says who is not run."""
    from ensemble.members.quarantined import cases_of
    from ensemble.members.work import EnsembleWork

    return EnsembleWork(experiment, layout, cases_of(store) if store else None)


def join(store: "Store") -> "EnsembleWork":
    """Return the work of a store for who is to commit blocks; see `reopening.join`."""
    from ensemble.members import reopening

    return reopening.join(store)
