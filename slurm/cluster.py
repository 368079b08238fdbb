"""A Dask cluster of SLURM jobs, through dask-jobqueue: a fixed number, replaced when they end."""

import asyncio
import math
import signal
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask
from distributed.core import Status

from slurm import jobs
from slurm.commands import SlurmError
from slurm.resources import Resources
from slurm.script import batch_script

if TYPE_CHECKING:
    from distributed.security import Security

# As it is imported, dask-jobqueue lets Ctrl-C end the process, a notebook's too.
_on_interrupt = signal.getsignal(signal.SIGINT)
from dask_jobqueue.core import Job, JobQueueCluster  # noqa: E402

if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, _on_interrupt)

DEATH_SECONDS = 60
"""How long workers wait for a scheduler that has gone before they end their job."""

# A server without pages is left; told nothing, it would listen to the whole network.
NO_DASHBOARD = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
NO_PAGES = "export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'"

SCRATCH = 'export DASK_TEMPORARY_DIRECTORY="${TMPDIR:-/tmp}"'
"""A node's own; what it is there, its shell knows."""


class WorkerJob(Job):
    """A job of Dask workers, one thread per process; its script, submission and end are ours.

    Parameters
    ----------
    scheduler : str
        Its address.
    name : str
        Dask's for this job's workers.
    resources : Resources
    job : str
        Name of the job.
    logs : Path
    files : mapping
        Options of Dask that name files of certificates.
    dashboard : bool

    Attributes
    ----------
    problem : SlurmError or None
        Why it could not be submitted.
    """

    config_name = "slurm"

    def __init__(
        self,
        scheduler: str = "",
        name: str = "",
        *,
        resources: Resources,
        job: str,
        logs: Path,
        dashboard: bool = False,
        **more: Any,
    ) -> None:
        more |= {"cores": resources.cores, "processes": resources.cores}
        super().__init__(scheduler, name, memory=f"{resources.mebibytes}MiB", job_name=job, **more)
        self.problem: SlurmError | None = None
        self.job_header = ""
        self._script = batch_script(
            resources,
            worker_command(scheduler, name, resources, more.get("security"), dashboard),
            name=job,
            log=logs,
            signal_seconds=0,  # A worker asks when its job ends, and leaves in time.
            prologue=(SCRATCH, *(() if dashboard else (NO_PAGES,))),
        )

    def job_script(self) -> str:
        """Return the batch script."""
        return self._script

    async def start(self) -> None:
        """Submit it; where that fails, `problem` says why: Dask would try again at once."""
        try:
            self.job_id = str(await asyncio.to_thread(jobs.submit, self._script))
        except SlurmError as error:
            self.problem = error
        self.status = Status.running

    async def close(self) -> None:
        """Cancel it; one that has ended already is no error."""
        if self.job_id:
            with suppress(SlurmError):
                await asyncio.to_thread(jobs.cancel, [int(self.job_id)])
        self.status = Status.closed
        self._event_finished.set()


def worker_command(
    scheduler: str,
    name: str,
    resources: Resources,
    security: "Security | None" = None,
    dashboard: bool = False,
) -> list[str]:
    """Return the command of a job's workers."""
    files = security.get_tls_config_for_role("worker") if security else {}
    options = {
        "--name": name,
        "--nthreads": 1,
        "--nworkers": resources.cores,
        # Dask would kill workers near their limit; SLURM does, if the site wants it.
        "--memory-limit": 0,
        "--death-timeout": DEATH_SECONDS,
        **({"--interface": resources.interface} if resources.interface else {}),
        **({"--protocol": "tls://"} if security else {}),
        **{f"--tls-{k.replace('_', '-')}": v for k, v in files.items() if v and k != "ciphers"},
    }
    words = [str(word) for pair in options.items() for word in pair]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, "--nanny"]
    return [*worker, *words, *(() if dashboard else NO_DASHBOARD)]


class Jobs(JobQueueCluster):
    """SLURM jobs of Dask workers."""

    job_cls = WorkerJob

    def ids(self) -> set[int]:
        """Return the ids of the jobs that are believed to be there."""
        return {int(job.job_id) for job in list(self.workers.values()) if job.job_id}

    def keep(self, wanted: int, *, gone: Collection[int] = ()) -> None:
        """Submit jobs until there are as many as wanted.

        Parameters
        ----------
        wanted : int
        gone : collection of int
            Ids of jobs that have ended.

        Raises
        ------
        SlurmError
            sbatch refuses one of them, or does not answer; the others are there.
        """
        self.sync(self._keep, wanted, frozenset(gone))

    async def _keep(self, wanted: int, gone: frozenset[int]) -> None:
        for name, job in list(self.workers.items()):
            if int(job.job_id) in gone:
                await self._forget(name)
        while len(self.worker_spec) < wanted:
            self._i += 1
            self.worker_spec.update(self.new_worker_spec())
        await self._correct_state()
        refused = {name: job for name, job in self.workers.items() if job.problem}
        for name in refused:
            await self._forget(name)
        for job in refused.values():
            raise job.problem

    async def _forget(self, name: str) -> None:
        """Drop a job that is not there: Dask might take a new worker of its name for the old."""
        self.worker_spec.pop(name, None)
        job = self.workers.pop(name)
        job.status = Status.closed


@contextmanager
def cluster(
    resources: Resources,
    *,
    name: str,
    logs: Path,
    settings: Mapping[str, Any],
    security: "Security | None" = None,
    dashboard: bool = False,
) -> Iterator[Jobs]:
    """Start a scheduler here that takes the workers of jobs; see `Jobs.keep`.

    Parameters
    ----------
    resources : Resources
    name : str
        Of the jobs.
    logs : Path
        Folder for what jobs say.
    settings : mapping
        Dask's configuration of the scheduler.
    security : distributed.Security, optional
        Certificates, as files that nodes can read.
    dashboard : bool
        Whether to serve Dask's pages.
    """
    logs.mkdir(exist_ok=True)
    pages: dict[str, Any] = {} if dashboard else {"distributed.scheduler.http.routes": []}
    with (
        dask.config.set({**settings, **pages}),
        Jobs(
            resources=resources,
            job=name,
            logs=logs,
            processes=resources.cores,
            dashboard=dashboard,
            interface=resources.interface or None,
            security=security,
            scheduler_options={
                "dashboard": dashboard,
                "dashboard_address": ":0" if dashboard else "127.0.0.1:0",
            },
        ) as started,
    ):
        yield started


def jobs_for(blocks: int, resources: Resources) -> int:
    """Return how many jobs so many blocks can keep busy, at most those asked for."""
    return max(1, min(resources.jobs, math.ceil(blocks / resources.cores)))
