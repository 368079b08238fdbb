"""The command as installed: ``run``, ``extend`` in a child that is replaced if it crashes.

Threads share a process: a kernel that crashes in one takes the run with it. So what is started
stays small and forks, before anything is imported; if a signal of a crash ends the child, the
next one settles the block it died in, and the run goes on.
"""

import os
import signal
import sys
from types import FrameType

from ensemble.processes import RANKS, REPLACEABLE
from ensemble.store.platforms import die_with_parent, refuse_windows

refuse_windows()

CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGALRM}
)
"""Signals that a block may bring on itself; SIGALRM is the run's own, when one hangs."""

RELAUNCHES = 1000
"""A run with more members that crash their process needs its kernel mended."""


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] in (["run"], ["extend"]) and not any(name in os.environ for name in RANKS):
        _watch_over()
    from ensemble.commands.app import main

    main()


def _watch_over() -> None:
    """Return in a child process; the parent waits for it, and starts another if it crashes."""
    for _ in range(RELAUNCHES):
        child = os.fork()
        if child == 0:
            die_with_parent()
            os.environ[REPLACEABLE] = "1"
            return
        status = _wait(child)
        if not os.WIFSIGNALED(status):
            os._exit(os.waitstatus_to_exitcode(status))
        number = os.WTERMSIG(status)
        if number not in CRASHES:
            break
        name = signal.Signals(number).name
        sys.stderr.write(f"the run's process died ({name}); going on with a new one\n")
    # The same end for whoever started this one.
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _wait(child: int) -> int:
    """Wait for a child, and pass on what this process is asked to do."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        os.kill(child, number)

    # Ctrl-C reaches the child by itself: the terminal sends it to both.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGTERM, pass_on)
    try:
        return os.waitpid(child, 0)[1]
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


if __name__ == "__main__":
    main()
