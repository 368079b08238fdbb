"""How a command of a person is stopped, and how it is said what goes on from there."""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ensemble.errors import RESUMABLE


def this_command() -> str:
    """Return this command as it can be pasted into a shell."""
    return shlex.join(["soilsweep", *sys.argv[1:]])


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Yield a flag that Ctrl-C and SIGTERM raise; a second one ends the process at once."""
    asked: list[int] = []

    def ask(number: int, frame: Any) -> None:
        if asked:
            os.write(2, f"\nstopped. Go on with:\n  {this_command()}\n".encode())
            os._exit(RESUMABLE)
        asked.append(number)
        os.write(2, b"\nstopping after the running blocks; again to stop at once\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
