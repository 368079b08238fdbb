"""Ways of farming out: each starts what a person would type and says when it has ended."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import farming
from waiting import PATIENCE, wait_for

from chaos.site import LONG
from ensemble.errors import DONE, RESUMABLE, USER
from ensemble.store.finished import is_finalised
from ensemble.store.reading import read


class Run:
    """``soilsweep run`` with some backend."""

    events: tuple[str, ...] = (
        *("kill_driver", "ask_to_stop"),
        *("kill_in_block", "kill_in_commit", "kill_probe"),
        *("freeze", "extend", "edit", "plant", "jump"),
    )
    sleeps: tuple[str, ...] = ("a moment",)
    """How long what is frozen may sleep: others go on only where blocks are claimed."""

    places: tuple[str, ...] = ("lock", "scratch", "inflight", "journal", "partials", "y", "status")
    """Names of the store that a run opens."""

    refuses = USER

    def __init__(self, site, execution):
        self.site = site
        self.execution = execution
        self.process = None
        self.refusing = False
        self.extended = False

    def launch(self):
        self.process = self.site.command("run", "--set", f"execution={self.execution}")

    def ended(self):
        """Return the exit code, None while it runs."""
        return self.process.poll()

    def allowed(self, disturbed):
        """Return the exit codes that are right; one that was killed had no choice."""
        # Asked to go before it could listen, a process ends by the signal.
        killed = (-signal.SIGKILL, -signal.SIGTERM) if disturbed else ()
        return {DONE, RESUMABLE, *killed, *((USER,) if self.refusing else ())}

    def again(self, seconds=2 * PATIENCE):
        """Give the same command and wait for its end; return the exit code."""
        self.launch()
        ended = f"it ends:\n{self.site.said()}"
        return wait_for(lambda: [self.ended()] if self.ended() is not None else [], ended, seconds)[
            0
        ]

    def halt(self):
        """Kill every process, as a power cut would."""
        self.site.sweep()

    def refresh(self):
        """Replace processes that live on and hold code which has been edited since."""

    def wake(self):
        """Let go on what sleeps; return the processes."""
        woken, self.site.asleep = self.site.asleep, set()
        for pid in woken:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return woken

    def extend(self):
        """Start to extend the run, to a length that makes it no narrower than is asked for."""
        words = ("--until", 1e-9, "--most", LONG, "--quiet", "--workers", 2)
        return self.site.start(farming.command("extend", self.site.store, *words))

    def close(self):
        """Take down what the command does not own."""


class OwnDask(Run):
    events = ("kill_worker", *Run.events)

    def __init__(self, site):
        super().__init__(site, "{backend: dask, workers: 2}")


class Local(Run):
    def __init__(self, site):
        super().__init__(site, "{backend: local, workers: 2}")


class Processes(Run):
    """A local run in processes: its own and two that it watches over."""

    events = ("kill_worker", *Run.events)
    places = (*Run.places, "claims", "workers")

    def __init__(self, site):
        super().__init__(site, "{workers: 3, workers_are: processes}")


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

    def refresh(self):
        for worker in self.workers:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()

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
    places = (*Run.places, "claims", "workers")

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


class Nodes(Run):
    """Independent workers of nodes that see no locks of each other, and give up on others soon.

    Each is started without the parent that `soilsweep worker` is, which would hold the lock of
    this host; one that was killed is replaced, as a service manager would do it.
    """

    events = ("kill_worker", *Run.events)
    sleeps = ("a moment", "taken over", "to the end")
    places = tuple(p for p in Workers.places if p != "lock")

    def __init__(self, site):
        super().__init__(site, "")
        self.all: list[subprocess.Popen] = []

    def launch(self):
        if not self.site.store.exists():
            make(self.site)
        self.all = [p for p in self.all if p.pid in self.site.asleep]
        while len(self._awake()) < 3:
            self.all.append(self._worker())
        self.process = self._awake()[0]

    def _worker(self):
        index = len(self.site.started)
        terms = {"sync": False, "hang_seconds": 60.0, "stale": 1.5}
        task = {"path": str(self.site.store), "index": index, "terms": terms, "settle": []}
        words = [sys.executable, "-P", "-m", "ensemble.farming.independent", json.dumps(task)]
        return self.site.start(words)

    def _awake(self):
        return [p for p in self.all if p.pid not in self.site.asleep]

    def ended(self):
        for process in self._awake():
            if process.poll() is not None and process.returncode < 0:
                self.all[self.all.index(process)] = self._worker()
        while len(self._awake()) < 2:
            self.all.append(self._worker())
        self.process = self._awake()[0]
        codes = [process.poll() for process in self._awake()]
        if None in codes:
            return None
        return DONE if DONE in codes else max(codes)

    def halt(self):
        self.all = []
        super().halt()

    def taken_over(self, pid):
        """Return whether the block that a sleeping process is in is another's, or committed."""
        keys = [key for process, key in self.site.noted() if process == pid]
        if not keys:
            return True
        with suppress(FileNotFoundError):
            owner = (self.site.store / "claims" / "-".join(map(str, keys[0]))).read_text()
            if owner and f"-{pid}-" not in owner:
                return True
        return keys[0] in read(self.site.store).committed()


class Slurm(Run):
    """``run`` with Dask workers in jobs that are replaced."""

    events = (
        *("scancel", "requeue", "lose_node", "hold", "restart_controller"),
        *("kill_worker", *Run.events),
    )
    asks = "backend: slurm, jobs: 3, memory: 500MiB, time: '10'"

    def __init__(self, site):
        super().__init__(site, f"{{{self.asks}}}")

    def halt(self):
        # The driver first: it would ask for other jobs.
        if self.process and self.process.poll() is None:
            self.process.kill()
        for job in {job[0] for job in jobs(self.site)} - {""}:
            self.site.cluster.call("scancel", job)
        wait_for(lambda: not jobs(self.site), "no job is left")
        super().halt()


class Submitted(Slurm):
    """``submit``: a job array that nobody watches."""

    events = tuple(e for e in Slurm.events if e not in ("kill_driver", "ask_to_stop"))
    places = Workers.places
    refuses = RESUMABLE
    """Nobody sees the exit code of a job's workers; their logs say it."""

    def launch(self):
        self.process = self.site.command("submit", "--set", f"execution={self.execution}")
        self.process.wait(PATIENCE)
        assert self.process.returncode in (DONE, USER), self.site.said()

    def ended(self):
        if jobs(self.site):
            return None
        if self.process.returncode == USER:
            return USER
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
    "processes": Processes,
    "own dask": OwnDask,
    "joined dask": Joined,
    "workers": Workers,
    "nodes": Nodes,
    "mpi": Mpi,
    "slurm": Slurm,
    "submitted": Submitted,
}
