"""A run that needs nobody: a job array of independent workers, and what the queue says of it."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ensemble.errors import PlanError
from ensemble.farming.jobs import ARRAY, in_our_words, job_ids, job_name, remember
from ensemble.farming.worker import MARGIN_SECONDS, one_more
from ensemble.planning.calibrating import CalibrationPlan
from ensemble.planning.plan import Plan
from ensemble.store.folders import Folder
from ensemble.store.store import Store
from slurm import jobs, limits, pbs, queue
from slurm.commands import NoCluster, SlurmError, available
from slurm.resources import Resources
from slurm.script import EARLY_SECONDS, SIGNAL_SECONDS, batch_script

LOGS = "logs"

SLURM, PBS = "slurm", "pbs"
SCRIPTS: dict[str, Callable[..., str]] = {SLURM: batch_script, PBS: pbs.batch_script}
"""By the system that a script is for."""


@dataclass(frozen=True)
class Submission:
    """A job array, ready to be submitted.

    Attributes
    ----------
    tasks : int
        Workers' jobs; fewer than asked for where the site or the blocks set a limit.
    script : str
    remarks : tuple of str
        Why there are fewer.
    """

    tasks: int
    script: str
    remarks: tuple[str, ...] = ()


def unreached() -> bool:
    """Return whether SLURM's programs are here and no cluster of theirs is."""
    if not available("scontrol"):
        return False
    try:
        limits.read()
    except NoCluster:
        return True
    except SlurmError:
        return False
    return False


def prepare(
    plan: Plan | CalibrationPlan,
    resources: Resources,
    done: int,
    *,
    system: str = SLURM,
    asked: bool = True,
) -> Submission:
    """Return the job array that runs what is missing of a plan.

    Parameters
    ----------
    plan : Plan
    resources : Resources
        ``jobs`` is how many tasks the array is to have.
    done : int
        Blocks that are committed.
    system : str
        `SLURM` or `PBS`.
    asked : bool
        Whether SLURM is asked how long arrays may be.

    Raises
    ------
    PlanError
        The walltime is too short, the site takes no job arrays, or its controller does not answer.
    """
    _refuse_short(plan, resources, system)
    remarks = []
    useful = max(1, math.ceil((plan.blocks - done) / resources.cores))
    tasks = min(resources.jobs, useful)
    if tasks < resources.jobs:
        remarks.append(f"{tasks} jobs instead of {resources.jobs}: there are no more blocks")
    if asked and available("scontrol"):
        try:
            site = limits.read()
        except SlurmError as error:
            raise PlanError(str(error)) from error
        allowed = limits.array_tasks(tasks, site)
        if allowed == 0:
            raise PlanError("this site takes no job arrays (MaxArraySize 0); use `soilsweep run`")
        if allowed < tasks:
            remarks.append(f"{allowed} jobs instead of {tasks}: the site's MaxArraySize")
        tasks = allowed
    path = plan.path.absolute()
    # Without -P a folder of the working directory named like a package of ours would win.
    worker = [sys.executable, "-P", "-m", "ensemble", "worker", str(path)]
    worker += ["--workers", str(resources.cores)]
    about: dict[str, Any] = {"name": job_name(path), "log": str(path / LOGS), "array": tasks}
    try:
        script = SCRIPTS[system](resources, worker, **about)
    except ValueError as error:
        raise PlanError(f"no batch script can be written: {error}") from error
    return Submission(tasks, script, tuple(remarks))


def _refuse_short(plan: Plan | CalibrationPlan, resources: Resources, system: str = SLURM) -> None:
    """Refuse a walltime in which a worker would be told to stop before it can run a block."""
    told = pbs.EARLY_SECONDS if system == PBS else SIGNAL_SECONDS + EARLY_SECONDS
    who = "a worker of PBS is to be gone" if system == PBS else "SLURM tells a job to stop up to"
    # Searches go on in the next job from where they are left.
    pauses = isinstance(plan, CalibrationPlan)
    least = math.ceil((told + one_more(plan.layout.seconds_per_block, pauses=pauses)) / 60)
    if resources.minutes < least:
        raise PlanError(
            f"execution.time is {resources.time} and needs {least} minutes: {who} {told} s before "
            f"its end, and a worker begins no block that may not be "
            f"done by the end, for which it keeps {MARGIN_SECONDS:g} s and twice what a block takes"
        )


def check(submission: Submission, resources: Resources) -> None:
    """Refuse, before anything is written, what SLURM would not take.

    Raises
    ------
    PlanError
        With what SLURM says.
    """
    try:
        jobs.check(submission.script)
    except SlurmError as error:
        raise PlanError(in_our_words(error, resources)) from error


def submit(store: Store, submission: Submission, resources: Resources) -> int:
    """Submit a job array and keep its id in the store.

    Raises
    ------
    PlanError
        SLURM does not take it.
    """
    try:
        job = jobs.submit(submission.script)
    except SlurmError as error:
        words = in_our_words(error, resources)
        raise PlanError(
            f"{store.path}: {words}; the store is there, and `submit` goes on"
        ) from error
    remember(store, job, ARRAY)
    return job


def watch(store: Path) -> "queue.Watch | None":
    """Return a watch over the jobs of a run; None if it has none or this host has no SLURM."""
    ids = job_ids(store)
    if not ids or not available("squeue"):
        return None
    try:
        accounting = limits.read().accounting
    except SlurmError:
        accounting = False
    return queue.Watch(ids, accounting=accounting)


def queue_summary(store: Path, watched: "queue.Watch | None") -> dict[str, Any]:
    """Return jobs by state, why some wait or have ended and where logs of jobs are."""
    logs = {"logs": str(store / LOGS)} if Folder.at(store).names(LOGS) else {}
    if watched is None:
        return logs
    try:
        seen: Sequence[queue.Job] = watched.jobs()
    except SlurmError as error:
        return {"queue": str(error), **logs}
    summary: dict[str, Any] = {"jobs": queue.counts(seen) or {"none in the queue": 0}, **logs}
    if ends := queue.why_ended(seen):
        summary["ended"] = ends
    if waits := queue.why_pending(seen):
        summary["queue"] = waits
    if watched.problem:
        summary["queue"] = f"an older answer: {watched.problem}"
    return summary
