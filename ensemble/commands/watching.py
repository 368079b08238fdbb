"""``status --watch``: where a run stands, until it is complete or nobody runs it."""

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ensemble.commands.standing import status_lines
from ensemble.farming.jobs import job_ids
from ensemble.printing import behind
from ensemble.runs import submit as submitting
from ensemble.runs.status import summary
from slurm import queue

SHORTEST, LONGEST, GROWTH = 2.0, 60.0, 1.5
"""Seconds between two looks: a run that takes long is looked at ever less often."""

IDLE_SECONDS = 30.0
"""For so long nobody must have been seen at work: a run may be about to go on."""

SILENT_SECONDS = 300.0
"""For so long a controller may not answer that is busy, or being restarted."""

Show = Callable[[Mapping[str, Any]], None]


def watch(store: Path, show: Show) -> str:
    """Show where a run stands until it is complete; return what to say where it is not.

    It is not where nobody has been at work for `IDLE_SECONDS`: no process holds the store's lock,
    no independent worker has been heard of, no job of it waits or runs, and nothing is committed.
    Where SLURM has given no answer for `SILENT_SECONDS`, what the store says is all there is.
    """
    watched = submitting.watch(store)
    pause, done, since = SHORTEST, -1, time.monotonic()
    while True:
        standing = {**summary(store), **submitting.queue_summary(store, watched)}
        show(standing)
        if standing["complete"]:
            return ""
        silent = watched.silent if watched else 0.0
        if standing["blocks"]["done"] != done or at_work(standing, silent):
            done, since = standing["blocks"]["done"], time.monotonic()
        elif time.monotonic() - since >= IDLE_SECONDS:
            return how_to_go_on(store, silent)
        time.sleep(pause)
        pause = min(GROWTH * pause, LONGEST)


def how_to_go_on(store: Path, silent: float = 0.0) -> str:
    """Return what to say of a run that is not complete and that nobody is seen to work on.

    Parameters
    ----------
    store : Path
    silent : float
        Seconds since SLURM has been asked in vain.
    """
    path, logs = (shlex.quote(str(p)) for p in (store, store / submitting.LOGS))
    ids = job_ids(store)
    if not ids:
        advice = "nobody works on it any more; the command that began it goes on, or here: "
        return f"{advice}soilsweep worker {path}"
    after = (
        f"Go on with the `soilsweep submit` or `run` that began it, or here: soilsweep worker "
        f"{path}; its jobs' logs are in {logs}"
    )
    if silent < SILENT_SECONDS:
        return f"nobody works on it any more; its jobs have ended. {after}"
    jobs = ",".join(map(str, ids))
    return (
        f"SLURM has not answered for {silent / 60:.0f} minutes, and nobody else is seen to work on "
        f"it: whether its jobs wait or run is not known. Ask with: squeue -t all -j {jobs}; while "
        f"they do, watch again. {after}"
    )


def at_work(standing: Mapping[str, Any], silent: float = 0.0) -> bool:
    """Return whether anybody runs it, or may do so without being asked again.

    Parameters
    ----------
    found : mapping
        A status.
    silent : float
        Seconds since SLURM has been asked in vain; what it said before is believed for a while.
    """
    if standing["running"] or standing["workers"]:
        return True
    # Where SLURM does not answer, a job of it may be waiting.
    queued = any(n and word not in queue.ENDED for word, n in standing.get("jobs", {}).items())
    unknown = "queue" in standing and "jobs" not in standing
    return (queued or unknown) and silent < SILENT_SECONDS


@contextmanager
def in_place() -> Iterator[Show]:
    """Yield what shows each status in place of the one before; off a terminal, what has changed."""
    if not sys.stdout.isatty():
        yield _below()
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(file=behind(sys.stdout)), auto_refresh=False) as live:

        def redraw(standing: Mapping[str, Any]) -> None:
            live.update(Text("\n".join(status_lines(standing))), refresh=True)

        yield redraw


def _below() -> Show:
    """Return what prints a status below the one before, unless no line of it has changed."""
    before: list[list[str]] = [[]]

    def show(standing: Mapping[str, Any]) -> None:
        lines = status_lines(standing)
        if lines != before[0]:
            print("\n".join(["", *lines] if before[0] else lines), flush=True)
        before[0] = lines

    return show
