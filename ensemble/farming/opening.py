"""From a store to its work: the store names the module that opens it."""

from importlib import import_module
from typing import Any

from ensemble.errors import PlanError
from ensemble.farming.work import Work
from ensemble.store.store import Store


def open_work(store: Store) -> Work:
    """Return the work of a store, ready to run blocks.

    Raises
    ------
    PlanError
        The module that it names is not here, or cannot open it.
    """
    work: Work = _module(store).open_work(store)
    return work


def join(store: Store) -> Work:
    """Return the work of a store for a process that is to commit blocks of it.

    Raises
    ------
    PlanError
        It cannot be opened, or the code here is not that of the blocks which the store has.
    """
    work: Work = _module(store).join(store)
    return work


def _module(store: Store) -> Any:
    name = store.work
    try:
        module = import_module(name)
    except (Exception, SystemExit) as error:
        # Somebody else's module may fail in any way; the user needs to know in which.
        raise PlanError(
            f"{store.path}: its blocks are run by the module {name!r}, which cannot be imported "
            f"here ({error}); install it, or set PYTHONPATH to its folder"
        ) from error
    if not all(callable(getattr(module, word, None)) for word in ("open_work", "join")):
        raise PlanError(
            f"{store.path}: says that the module {name!r} runs its blocks, which has no open_work "
            "and join; see where the store is from"
        )
    return module
