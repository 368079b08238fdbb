"""Dask workers in SLURM jobs, for a terminal that stays open; `submit` needs none."""

from contextlib import ExitStack

import distributed

from ensemble import certificates
from ensemble.backends import Farm, StoppedEarly
from ensemble.backends.dask import SETTINGS, Push
from ensemble.resources import resources_of
from ensemble.submitting import remember
from slurm.cluster import Jobs, cluster, jobs_for
from slurm.commands import SlurmError
from slurm.queue import Watch, why_pending
from slurm.resources import Resources


def run(farm: Farm) -> None:
    """Push blocks to workers in a fixed number of jobs, replaced when they end."""
    chosen, path = farm.execution, farm.store.path.absolute()
    resources = resources_of(chosen, farm.base)
    with ExitStack() as around:
        try:
            jobs = around.enter_context(
                cluster(
                    resources,
                    jobs=jobs_for(farm.count, resources),
                    name=f"soilsweep-{path.stem}",
                    logs=path / "logs",
                    settings=SETTINGS,
                    security=certificates.security(path),
                    dashboard=chosen.dashboard,
                )
            )
        except (SlurmError, RuntimeError) as error:
            raise StoppedEarly(f"SLURM takes no jobs: {error}") from error
        client = around.enter_context(distributed.Client(jobs))
        push = Push(client, farm)
        push.tend = _Tending(jobs, resources, farm, push).look
        push.run()


class _Tending:
    """Looks at the queue: replaces jobs that have ended, and says what waits."""

    def __init__(self, jobs: Jobs, resources: Resources, farm: Farm, push: Push) -> None:
        self.jobs = jobs
        self.resources = resources
        self.farm = farm
        self.push = push
        self.watch = Watch()
        self._known: set[int] = set()
        self._said = ""

    def look(self) -> None:
        """Look, if it is time to; `Push.tend`."""
        ours = self.jobs.ids()
        if new := ours - self._known:
            self._known |= new
            for job in new:
                remember(self.farm.store.path, job)
            self.watch.add(*new)
        if not ours:
            return
        try:
            seen = self.watch.jobs()
        except SlurmError as error:
            self._say(f"the queue cannot be read: {error}")
            return
        there = {job.id for job in seen if not job.ended}
        # A job that was submitted after the question is not in the answer, and not gone.
        gone = (ours & self.watch.asked) - there
        if gone:
            left = self.farm.count - self.push.done
            self.jobs.replace(gone, jobs_for(left, self.resources))
        waiting = [job for job in seen if job.id in ours]
        self._say(why_pending(waiting) if not self.push.workers else "")

    def _say(self, text: str) -> None:
        if text and text != self._said:
            self.farm.say(text)
        self._said = text
