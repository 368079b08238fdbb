"""Dask workers in SLURM jobs, for a terminal that stays open; `submit` needs none."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import distributed

from ensemble.errors import StoppedEarly
from ensemble.farming import caching, certificates
from ensemble.farming.backends import Farm
from ensemble.farming.backends.parts.pushing import SETTINGS, Push
from ensemble.farming.jobs import DASK, cancel, in_our_words, job_name, remember, resources_of
from slurm.cluster import Jobs, cluster, jobs_for
from slurm.commands import SlurmError
from slurm.queue import Job, Watch, why_pending
from slurm.resources import Resources


def push_to_jobs(farm: Farm) -> None:
    """Push blocks to workers in a fixed number of jobs, replaced when they end."""
    chosen, path = farm.execution, farm.store.path.absolute()
    resources = caching.with_cache(resources_of(chosen, farm.base), farm.base, path)
    caching.make(Path(resources.cache))
    farm.store.make_folders("logs")
    # Jobs of a driver that was killed would look for its scheduler when they start.
    cancel(path, DASK)
    with ExitStack() as around:
        jobs = around.enter_context(
            cluster(
                resources,
                name=job_name(path),
                logs=path / "logs",
                settings=SETTINGS,
                security=certificates.security(farm.store.root),
                dashboard=chosen.dashboard,
            )
        )
        try:
            jobs.keep(jobs_for(farm.count, resources))
        except SlurmError as error:
            text = f"{path}: {in_our_words(error, resources)}; nothing is lost. Go on with:"
            raise StoppedEarly(text) from error
        client = around.enter_context(distributed.Client(jobs))
        pool = around.enter_context(ThreadPoolExecutor(1, thread_name_prefix="squeue"))
        push = Push(client, farm, replaced=True)
        push.tend = _Tending(jobs, resources, farm, push, pool).look
        push.run()


class _Tending:
    """Looks at the queue: replaces jobs that have ended, and says what waits."""

    def __init__(
        self, jobs: Jobs, resources: Resources, farm: Farm, push: Push, pool: ThreadPoolExecutor
    ) -> None:
        self.jobs = jobs
        self.resources = resources
        self.farm = farm
        self.push = push
        self.pool = pool
        self.watch = Watch()
        self._asking: Future[Sequence[Job]] | None = None
        self._known: set[int] = set()
        self._said = ""

    def look(self) -> None:
        """Look at the last answer, and ask again if it is time to; `Push.tend`."""
        if new := self.jobs.ids() - self._known:
            self._known |= new
            for job in new:
                remember(self.farm.store, job, DASK)
            self.watch.add(*new)
        if self._asking is None:
            # In a thread: with the controller away an answer takes half a minute.
            self._asking = self.pool.submit(self.watch.jobs)
        elif self._asking.done():
            try:
                self._act(self._asking.result())
            except SlurmError as error:
                self._say(f"SLURM: {in_our_words(error, self.resources)}")
            self._asking = None

    def _act(self, seen: Sequence[Job]) -> None:
        ours = self.jobs.ids()
        there = {job.id for job in seen if not job.ended}
        # A job that was submitted after the question is not in the answer, and not gone.
        gone = (ours & self.watch.asked) - there
        wanted = jobs_for(self.farm.count - self.push.done, self.resources)
        if gone or len(ours) < wanted:
            self.jobs.keep(wanted, gone=gone)
        waiting = [job for job in seen if job.id in ours]
        self._say(why_pending(waiting) if not self.push.workers else "")

    def _say(self, text: str) -> None:
        if text and text != self._said:
            self.farm.say(text)
        self._said = text
