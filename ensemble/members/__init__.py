"""The ensemble as a work: rows, tiles, blocks, sums."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ensemble.members.work import EnsembleWork
    from ensemble.store.store import Store


def open_work(store: "Store") -> "EnsembleWork":
    """Return the work of a store; see `reopening.open_work`."""
    from ensemble.members import reopening

    return reopening.open_work(store)


def join(store: "Store") -> "EnsembleWork":
    """Return the work of a store for who is to commit blocks; see `reopening.join`."""
    from ensemble.members import reopening

    return reopening.join(store)
