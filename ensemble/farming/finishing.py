"""What is left to do when every block is committed; idempotent, whoever does it."""

from ensemble.farming import certificates
from ensemble.farming.work import Work
from ensemble.store.committed import Committed
from ensemble.store.finished import MARK
from ensemble.store.store import Store


def finalise(store: Store, work: Work, committed: Committed) -> None:
    """Write what a run ends with, and the mark that says so; idempotent."""
    work.finish(store, committed)
    certificates.remove(store.root)
    store.root.write(MARK, store.digest(committed).encode(), sync=True)
    # Independent workers look for the mark when these are gone.
    for folder in ("claims", "workers"):
        store.root.remove_folder(folder)
