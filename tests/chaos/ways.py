"""Ways of farming out: each starts what a person would type and says when it has ended."""

import os
import signal
import subprocess

import farming
from waiting import wait_for

from ensemble.exits import DONE, RESUMABLE
from ensemble.finishing import is_finalised
from ensemble.store import read


class Run:
    """``soilsweep run`` with some backend."""

    events: tuple[str, ...] = (
        *("kill_driver", "ask_to_stop"),
        *("kill_in_block", "kill_in_commit", "kill_probe"),
    )

    def __init__(self, site, execution):
        self.site = site
        self.execution = execution
        self.process = None

    def launch(self):
        self.process = self.site.command("run", "--set", f"execution={self.execution}")

    def ended(self):
        """Return the exit code, None while it runs."""
        return self.process.poll()

    def allowed(self, disturbed):
        """Return the exit codes that are right; one that was killed had no choice."""
        # Asked to go before it could listen, a process ends by the signal.
        return {DONE, RESUMABLE, *((-signal.SIGKILL, -signal.SIGTERM) if disturbed else ())}

    def close(self):
        """Take down what the command does not own."""


class OwnDask(Run):
    events = ("kill_worker", *Run.events)

    def __init__(self, site):
        super().__init__(site, "{backend: dask, workers: 2}")


class Local(Run):
    def __init__(self, site):
        super().__init__(site, "{backend: local, workers: 2}")


class Joined(Run):
    """A Dask cluster that somebody else looks after: started again before each launch."""

    events = ("kill_scheduler", "kill_nanny", "kill_worker", *Run.events)

    def __init__(self, site):
        self.file = site.folder / "scheduler.json"
        super().__init__(site, f"{{backend: dask, scheduler_file: {self.file}}}")
        self.scheduler = None
        self.workers: list[subprocess.Popen] = []

    def launch(self):
        if self.scheduler is None or self.scheduler.poll() is not None:
            self.close()
            self.file.unlink(missing_ok=True)
            where = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", self.file]
            words = [*farming.DASK, "scheduler", "--no-dashboard", *where]
            self.scheduler = self.site.start(words)
            wait_for(self.file.exists, "the scheduler has written its file")
        self._hire()
        super().launch()

    def _hire(self):
        """Start workers in place of those that ended, as a service manager would."""
        self.workers = [w for w in self.workers if w.poll() is None]
        while len(self.workers) < 2:
            options = ["--scheduler-file", self.file, "--nthreads", "1", "--no-dashboard"]
            self.workers.append(self.site.start([*farming.DASK, "worker", *options]))

    def ended(self):
        if self.scheduler.poll() is None:
            self._hire()
        return super().ended()

    def close(self):
        for process in [*self.workers, self.scheduler]:
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    # Without its scheduler a nanny may wait for ever; it is not ours to mend.
                    os.killpg(process.pid, signal.SIGKILL)
        self.workers = []


class Mpi(Run):
    """Two ranks; the death of one is the death of all, and mpiexec has codes of its own."""

    def __init__(self, site):
        super().__init__(site, "{backend: mpi}")

    def launch(self):
        words = ["run", self.site.scenario, "--store", self.site.store]
        words += ["--quiet", "--set", f"execution={self.execution}"]
        self.process = self.site.start(farming.mpiexec(2, *words))

    def allowed(self, disturbed):
        killed = {128 + signal.SIGKILL, 1} if disturbed else set()
        return super().allowed(disturbed) | killed


class Workers(Run):
    """Independent workers, two commands of two processes and one."""

    events = ("kill_worker", *Run.events)

    def __init__(self, site):
        super().__init__(site, "")
        self.all: list[subprocess.Popen] = []

    def launch(self):
        if not self.site.store.exists():
            make(self.site)
        words = farming.command("worker", self.site.store, "--workers")
        self.all = [self.site.start([*words, n]) for n in (2, 1)]
        self.process = self.all[0]

    def ended(self):
        codes = [process.poll() for process in self.all]
        if None in codes:
            return None
        return DONE if DONE in codes else min(codes, key=abs)


class Slurm(Run):
    """``run`` with Dask workers in jobs that are replaced."""

    events = (
        *("scancel", "requeue", "lose_node", "hold", "restart_controller"),
        *("kill_worker", *Run.events),
    )
    asks = "backend: slurm, jobs: 3, memory: 500MiB, time: '10'"

    def __init__(self, site):
        super().__init__(site, f"{{{self.asks}}}")


class Submitted(Slurm):
    """``submit``: a job array that nobody watches."""

    events = tuple(e for e in Slurm.events if e not in ("kill_driver", "ask_to_stop"))

    def launch(self):
        self.process = self.site.command("submit", "--set", f"execution={self.execution}")
        assert self.process.wait(60) == 0, self.site.said()

    def ended(self):
        if jobs(self.site):
            return None
        return DONE if is_finalised(read(self.site.store)) else RESUMABLE


def make(site):
    """Create a store without running it."""
    import scenarios

    farming.create_of(scenarios.load(str(site.scenario)), site.store)


def jobs(site, state=""):
    """Return (id, state, node) of the jobs of a site that are in the queue."""
    try:
        lines = site.cluster.call("squeue", "-h", "-r", "-o", "%A|%T|%N|%r").splitlines()
    except RuntimeError:  # The controller is away: the jobs are as they were.
        return [("", "UNKNOWN", "", "")]
    found = [tuple(line.split("|")) for line in lines]
    return [job for job in found if state in ("", job[1])]


WAYS = {
    "local": Local,
    "own dask": OwnDask,
    "joined dask": Joined,
    "workers": Workers,
    "mpi": Mpi,
    "slurm": Slurm,
    "submitted": Submitted,
}
