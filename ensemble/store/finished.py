"""The mark of a run that is finished: every block committed, and what it ends with written."""

from ensemble.store.store import Store

MARK = "finalised"
"""File that says so, with the digest of what was finished."""


def is_finalised(store: Store) -> bool:
    """Return whether control members and statistics have been written."""
    return store.root.exists(MARK)
