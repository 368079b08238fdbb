"""A thread that does something beside others' work, and ends with it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def meanwhile(name: str, do: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run a function in a thread of its own for as long as the context is open.

    Parameters
    ----------
    name : str
        Of the thread, for those that look at a process.
    do : callable
        Is given an event, and returns soon after it is set.
    """
    ended = threading.Event()
    thread = threading.Thread(target=do, args=(ended,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
