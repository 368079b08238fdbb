"""One run that is to be disturbed: its store, its processes, what it said."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import farming
from misbehaving.scenario import write, write_growing
from slurm_cluster import Cluster, environments

from ensemble.store.reading import read

MARK = "SOILSWEEP_CHAOS"
"""Variable that names a site in the environment of all its processes, jobs of SLURM included."""


SHORT, LONG = 485, 716
"""Trajectories of a design that grows: 41 and 60 blocks of twelve, of which the last is cut."""

RIGHT, OTHER = "+ steps[:, :, None]", "+ 2.0 * steps[:, :, None]"
"""A line of the kernel, and what somebody makes of it."""


class Site:
    """One run: a scenario of short blocks, its store, and every process that belongs to it.

    Attributes
    ----------
    victim : Path
        A folder of somebody's that links may lead to, and that must stay as it is.
    asleep : set of int
        Processes that have been stopped and are to be woken at the end.
    shift : float
        Seconds by which the clock of processes is off that start from now on.
    """

    def __init__(
        self,
        folder: Path,
        *,
        blocks=60,
        seconds=0.1,
        cluster: Cluster | None = None,
        growing: bool = False,
    ):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.blocks = -(-SHORT // 12) if growing else blocks
        self.seconds = seconds
        self.cluster = cluster
        self.growing = growing
        if growing:
            self.scenario = write_growing(folder, trajectories=SHORT, block=24)
        else:
            self.scenario = write(folder, n=25 * blocks, block=25)
        self.store = folder / "run.zarr"
        self.victim = folder / "victim"
        self.victim.mkdir()
        (self.victim / "thesis").write_text("years of work")
        # Its own kernel, which can be edited.
        here = Path(farming.ROOT, "tests", "misbehaving")
        shutil.copytree(here, folder / "misbehaving", ignore=shutil.ignore_patterns("__pycache__"))
        self.kernel = folder / "misbehaving" / "model.py"
        self.asleep: set[int] = set()
        self.shift = 0.0
        self.mark = f"{folder}-{time.time_ns()}"
        self.started: list[subprocess.Popen] = []
        self.commands: set[str] = set()

    def start(self, words, **more):
        """Start a process of this site; what it says is in ``log-N`` of the folder."""
        log = self.folder / f"log-{len(self.started)}"
        tests = Path(farming.ROOT, "tests")
        first = [str(self.folder), str(tests / "shifted")]
        path = os.pathsep.join([*first, farming.environment()["PYTHONPATH"]])
        # Python's cache of bytecode may keep what was edited between its two looks at a file.
        own = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "SOILSWEEP_CLOCK": self.shift}
        own |= {MARK: self.mark, "MISBEHAVE_SECONDS": self.seconds}
        env = {**{name: str(value) for name, value in own.items()}, **more}
        with log.open("w") as out:
            process = subprocess.Popen(
                list(map(str, words)),
                env=farming.environment(**env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self.folder,
                start_new_session=True,
            )
        self.started.append(process)
        if list(words)[: len(farming.DASK)] != farming.DASK:
            self.commands.add(str(log))
        return process

    def command(self, verb, *words):
        """Start a command of the program on this site's scenario."""
        return self.start(farming.command(verb, self.scenario, "--store", self.store, *words), **{})

    def edit(self, old=RIGHT, new=OTHER):
        """Change the kernel's code, for processes that start from now on."""
        text = self.kernel.read_text()
        assert old in text
        beside = self.kernel.with_name("edited")
        beside.write_text(text.replace(old, new))
        beside.rename(self.kernel)

    def put_back(self):
        """Undo `edit`."""
        self.edit(OTHER, RIGHT)

    def logs(self):
        """Return what each process and job said until now."""
        return {
            str(log): log.read_text(errors="replace")
            for log in sorted([*self.folder.glob("log-*"), *self.store.glob("logs/*")])
        }

    def said_since(self, before):
        """Return what was said since a call of `logs`."""
        return "".join(text[len(before.get(log, "")) :] for log, text in self.logs().items())

    def refuse_tracebacks(self, before):
        """Assert that no command has shown lines of code since; Dask's own processes may."""
        for log, text in self.logs().items():
            new = text[len(before.get(log, "")) :]
            if log in self.commands:
                assert "Traceback" not in new, f"{log}: {new}"
                assert "[Errno" not in new, f"{log}: {new}"

    def said(self):
        """Return the end of everything this site's processes said."""
        return "\n".join(f"--- {log}\n{text[-3000:]}" for log, text in self.logs().items())

    def processes(self):
        """Return every process of this site that is alive, by number: its command line."""
        found = {}
        for pid, environment in environments():
            if environment.get(MARK) == self.mark:
                if words := words_of(pid):
                    found[pid] = words
        return found

    def committed(self):
        """Return how many blocks are committed."""
        return len(read(self.store).committed()) if (self.store / "zarr.json").exists() else 0

    def noted(self):
        """Return (process, block) of each note of a block in the store."""
        found = []
        for note in self.store.glob("inflight/*"):
            try:
                words = note.read_bytes().split()
            except FileNotFoundError:
                continue
            if words:
                found.append((int(note.name.split("-")[-2]), tuple(map(int, words))))
        return found

    def notes(self):
        """Return the processes that noted a block in the store, alive or not."""
        return [pid for pid, _ in self.noted()]

    def busy(self):
        """Return the processes that have a block in flight, but for those that sleep."""
        return [pid for pid in self.notes() if self.awake(pid)]

    def awake(self, pid):
        """Return whether a number is that of a process of this site which does not sleep.

        Numbers of processes that are gone are soon others', which nobody may harm.
        """
        try:
            words = Path("/proc", str(pid), "environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return pid not in self.asleep and f"{MARK}={self.mark}".encode() in words

    def writing(self):
        """Return the processes that have a temporary file in the store's scratch folder."""
        folder = self.store / "scratch"
        names = os.listdir(folder) if folder.exists() else []
        temporary = [name for name in names if name.endswith(".tmp")]
        # .FILE.HOST-PROCESS-THREAD.tmp
        found = [(int(name.split("-")[-2].rpartition(".")[2]), name) for name in temporary]
        return [(pid, name) for pid, name in found if self.awake(pid)]

    def sweep(self):
        """Kill whatever is left."""
        for _ in range(20):
            left = self.processes()
            for pid in left:
                kill(pid)
            if not left:
                break
            time.sleep(0.05)
        for process in self.started:
            process.wait()
        self.asleep.clear()


def words_of(pid):
    """Return a process' command line; empty if it is gone or a zombie."""
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def kill(pid):
    """Kill a process; return whether there was one."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def state_of(pid):
    """Return a process' state as the system has it, ``T`` for stopped; empty if it is gone."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
