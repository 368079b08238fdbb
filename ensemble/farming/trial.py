"""What a child process does for the parent that watches it: commit a block, or try a part of it."""

import json
import os
import signal
import sys

from ensemble.errors import RESUMABLE, USER, PlanError, StoppedEarly
from ensemble.farming.opening import join
from ensemble.farming.work import Work
from ensemble.farming.worker import HangLimit, Worker
from ensemble.printing import guarded
from ensemble.store.journal import Key
from ensemble.store.reading import read
from ensemble.store.room import why_not_written


def perform(
    store: str,
    block: list[int],
    sync: bool = True,
    seconds: float = 0.0,
    part: list[int] | None = None,
    serve: bool = False,
) -> None:
    """Do in this process what a parent watches: commit a block, or try a part of it.

    Parameters
    ----------
    store : str
    block : list of int
    sync : bool
    seconds : float
        Limit; this process ends itself a little later if its parent has died.
    part : list of int, optional
        Its numbers, as `Work.probe` takes them. Without it the block is run and committed.
    serve : bool
        Try the parts that standard input names, each in a fork; see `children.Prober`.
    """
    opened = read(store)
    work = join(opened)
    work.compile()
    if serve:
        _serve(work, tuple(block))
        return
    os.write(1, b".")
    signal.setitimer(signal.ITIMER_REAL, 2 * seconds)
    if part is not None:
        work.probe(tuple(block), tuple(part))
        return
    worker = Worker(opened, work, sync, HangLimit(seconds, 0.0), alarm=False)
    worker.commit(work.open(), tuple(block))
    worker.close()


def _serve(work: Work, key: Key) -> None:
    """Answer every ``[part, seconds]`` with 0 or how its process ended."""
    for line in sys.stdin:
        part, seconds = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            work.probe(key, tuple(part))
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        os.write(1, b"%d\n" % status)


def main() -> None:
    """Run the task of the command line; see `children.supervise`."""
    with guarded():
        _main()


def _main() -> None:
    try:
        perform(**json.loads(sys.argv[1]))
    except PlanError as error:
        _end(str(error), USER)
    except StoppedEarly as error:
        _end(str(error), RESUMABLE)
    except OSError as error:
        _end(f"{error.filename or 'the store'}: {why_not_written(error)}", RESUMABLE)
    # Threads of libraries must not keep a process alive whose work is done.
    sys.stderr.flush()
    os._exit(0)


def _end(message: str, code: int) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
