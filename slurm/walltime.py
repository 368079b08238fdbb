"""When the job ends that this process runs in."""

import math
import os
import random
import threading
import time
from collections.abc import Callable, Mapping

from slurm.commands import SlurmError, call, epoch


def job_end(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return the end of this job's walltime, in seconds since 1970.

    Returns
    -------
    float or None
        None outside of SLURM, and for a job without an end.

    Raises
    ------
    SlurmError
        The controller does not answer.
    """
    # Since 23.02; saves a question of every task when a long array starts at once.
    told = environ.get("SLURM_JOB_END_TIME", "")
    if told and environ.get("SLURM_JOB_ID"):
        return epoch(told)
    return asked_end(environ)


def asked_end(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return what `job_end` does, as SLURM sees it now: limits can be changed while jobs run."""
    job = environ.get("SLURM_JOB_ID", "")
    if not job:
        return None
    # The last task of an array has the array's own number, and SLURM answers with all tasks.
    for line in call(
        "squeue", "-h", "-t", "all", "-j", job, "-o", "%A|%e", seconds=15
    ).splitlines():
        number, _, end = line.partition("|")
        if number.strip() == job:
            return epoch(end)
    return None


class Walltime:
    """How much is left of this job; safe for threads.

    SLURM is asked at first use, again every few minutes, and more often close to the end. If it
    does not answer, the last answer stands.

    Parameters
    ----------
    environ : mapping, optional
    clock : callable, optional
        Seconds since 1970, for tests.
    until : float
        When this process has to be gone whatever SLURM says, in seconds since 1970.
    """

    LONGEST, SHORTEST = 300.0, 30.0
    """Seconds between questions."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        until: float = math.inf,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._clock, self._until = clock, until
        self._end: float | None = None
        self._next = float("-inf")
        self._first = True
        self._asking = threading.Lock()

    def left(self) -> float:
        """Return the seconds left; infinite where neither SLURM nor anybody else says."""
        # One thread asks; the others go on with what is known, unless nothing is known yet.
        if self._clock() >= self._next and self._asking.acquire(blocking=self._first):
            try:
                if self._clock() >= self._next:
                    self._ask()
            finally:
                self._asking.release()
        return min(self._left(), self._until - self._clock())

    def _left(self) -> float:
        return float("inf") if self._end is None else self._end - self._clock()

    def _ask(self) -> None:
        if not self._environ.get("SLURM_JOB_ID"):
            self._next = float("inf")
            return
        try:
            self._end = job_end(self._environ) if self._first else asked_end(self._environ)
            self._first = False
            wait = min(self.LONGEST, max(self.SHORTEST, self._left() / 2))
        except SlurmError:
            wait = 2 * self.SHORTEST
        # Tasks that started together would otherwise ask together for ever.
        self._next = self._clock() + wait * random.uniform(0.7, 1.0)
