"""A Dask cluster of SLURM jobs, through dask-jobqueue: a fixed number, replaced when they end."""

import math
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask
from dask_jobqueue.slurm import SLURMCluster

from slurm.resources import Resources
from slurm.script import environment_lines

if TYPE_CHECKING:
    from distributed.security import Security

DEATH_SECONDS = 60
"""How long workers wait for a scheduler that has gone before they end their job."""


class Jobs(SLURMCluster):
    """SLURM jobs of Dask workers, one thread per process."""

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
        RuntimeError
            sbatch refuses them, or does not answer.
        """
        self.sync(self._keep, wanted, frozenset(gone))

    async def _keep(self, wanted: int, gone: frozenset[int]) -> None:
        for name, job in list(self.workers.items()):
            # One without an id could not be submitted.
            if not job.job_id or int(job.job_id) in gone:
                # A name is never used again: Dask might take the new worker for the old one.
                self.worker_spec.pop(name, None)
                self.workers.pop(name, None)
        while len(self.worker_spec) < wanted:
            self._i += 1
            self.worker_spec.update(self.new_worker_spec())
        await self._correct_state()


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
    extra = [d for d in resources.directives() if not d.startswith(SET_BY_DASK)]
    pages: dict[str, Any] = {} if dashboard else {"distributed.scheduler.http.routes": []}
    with (
        dask.config.set({**settings, **pages}),
        Jobs(
            cores=resources.cores,
            processes=resources.cores,
            memory=f"{resources.mebibytes}MiB",
            walltime=str(resources.minutes),
            queue=resources.partition or None,
            account=resources.account or None,
            job_name=name,
            log_directory=str(logs),
            job_extra_directives=[*extra, "--open-mode=append"],
            job_script_prologue=[*environment_lines(resources), *_quiet(dashboard)],
            # Dask would kill workers near their limit; SLURM does, if the site wants it.
            worker_extra_args=["--memory-limit", "0", *([] if dashboard else NO_DASHBOARD)],
            local_directory="${TMPDIR:-/tmp}",
            death_timeout=DEATH_SECONDS,
            interface=resources.interface or None,
            security=security,
            python=sys.executable,
            scheduler_options={
                "dashboard": dashboard,
                "dashboard_address": ":0" if dashboard else "127.0.0.1:0",
            },
        ) as jobs,
    ):
        yield jobs


# A server without pages is left; told nothing, it would listen to the whole network.
NO_DASHBOARD = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")

SET_BY_DASK = ("--partition", "--account", "--time", "--mem", "--cpus-per-task", "--ntasks")


def _quiet(dashboard: bool) -> list[str]:
    return [] if dashboard else ["export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'"]


def jobs_for(blocks: int, resources: Resources) -> int:
    """Return how many jobs so many blocks can keep busy, at most those asked for."""
    return max(1, min(resources.jobs, math.ceil(blocks / resources.cores)))
