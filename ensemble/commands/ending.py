"""How the command ends: every expected error is one message and an exit code."""

import atexit
import gc
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from ensemble.commands.stopping import this_command
from ensemble.errors import RESUMABLE, USER
from ensemble.processes import RANKS
from ensemble.store.room import out_of_room, why_not_written

RANK_SECONDS = 3.0
"""For so long other MPI ranks have time to say what one of them says for all."""

OF_OPTIONS = {
    r"Input should be a valid number.*": "needed a number",
    r"Input should be a valid integer.*": "needed a whole number",
    r"Input should be greater than or equal to (\S+)": r"needed \1 or more",
    r"Input should be less than or equal to (\S+)": r"needed \1 or less",
}
"""What typer says of an option's value, in words that are not those of a library, and ours."""

INTERRUPTED = 130
"""What typer returns after a Ctrl-C that no command of ours has caught."""


SELDOM = (100_000, 10, 10)
"""Objects more than there were when circles among them are looked for, and how seldom in older
ones. Python's own 700 are few for a command that loads half a million objects, which all stay."""


@contextmanager
def seldom_looked_through() -> Iterator[None]:
    """Have Python seldom look for circles among objects that stay, and not at all as it ends.

    That took a quarter of the CPU time of a run that takes a second.
    """
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    # Once, though commands may follow one another in a process.
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def end(command: Callable[[], int | None]) -> NoReturn:
    """Run a command, say what is to be said of its errors, and leave with its exit code."""
    from scenarios import ScenarioError

    try:
        code = command()
    except ScenarioError as error:
        count = len(error.problems)
        fail(f"{error.source}: {count} problems\n{error}" if count > 1 else str(error), USER)
    except (ValueError, RuntimeError) as error:
        _fail_if_expected(error)
        raise
    except MemoryError as error:
        fail(f"not enough memory ({error}); ask for fewer rows, outputs or workers", USER)
    except OSError as error:
        _fail_of_system(error)
    except Exception as error:
        _fail_if_usage(error)
        raise
    if code == INTERRUPTED:
        fail(f"\nstopped. Go on with:\n  {this_command()}", RESUMABLE)
    sys.exit(code or 0)


def _fail_if_expected(error: Exception) -> None:
    from ensemble.errors import PlanError, StoppedEarly

    if isinstance(error, PlanError):
        fail(str(error), USER)
    if isinstance(error, StoppedEarly):
        fail(f"{error}\n  {this_command()}", RESUMABLE)


def _fail_if_usage(error: Exception) -> None:
    """Say what typer says of a command line it does not understand."""
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if show and code is not None:
        for theirs, ours in OF_OPTIONS.items():
            error.message = re.sub(theirs, ours, getattr(error, "message", ""))  # type: ignore[attr-defined]
        show()
        sys.exit(code)


def _fail_of_system(error: OSError) -> None:
    place = error.filename or "a file"
    if out_of_room(error):
        fail(f"{place}: {why_not_written(error)}\n  {this_command()}", RESUMABLE)
    fail(f"{place}: {error.strerror or error}", USER)


def fail(message: str, code: int) -> NoReturn:
    """Leave with a message and an exit code."""
    if all(os.environ.get(name, "0") == "0" for name in RANKS):
        sys.stderr.write(f"{message}\n")
    else:
        # Of many MPI ranks with the same problem, one says so; the first to go ends all.
        time.sleep(RANK_SECONDS)
    sys.exit(code)
