"""One run that is to be disturbed: its store, its processes, what it said."""

import os
import signal
import subprocess
import time
from pathlib import Path

import farming
from misbehaving.scenario import write
from slurm_cluster import Cluster, environments

from ensemble.store import read

MARK = "SOILSWEEP_CHAOS"
"""Variable that names a site in the environment of all its processes, jobs of SLURM included."""


class Site:
    """One run: a scenario of short blocks, its store, and every process that belongs to it."""

    def __init__(self, folder: Path, *, blocks=60, seconds=0.1, cluster: Cluster | None = None):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.blocks = blocks
        self.seconds = seconds
        self.cluster = cluster
        self.scenario = write(folder, n=25 * blocks, block=25)
        self.store = folder / "run.zarr"
        self.mark = f"{folder}-{time.time_ns()}"
        self.started: list[subprocess.Popen] = []

    def start(self, words, **more):
        """Start a process of this site; what it says is in ``log-N`` of the folder."""
        log = self.folder / f"log-{len(self.started)}"
        env = {MARK: self.mark, "MISBEHAVE_SECONDS": str(self.seconds), **more}
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
        return process

    def command(self, verb, *words):
        """Start a command of the program on this site's scenario."""
        return self.start(farming.command(verb, self.scenario, "--store", self.store, *words), **{})

    def said(self):
        """Return the end of everything this site's processes said."""
        logs = sorted([*self.folder.glob("log-*"), *self.store.glob("logs/*")])
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in logs)

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

    def notes(self):
        """Return the processes that noted a block in the store, alive or not."""
        found = []
        for note in self.store.glob("inflight/*"):
            try:
                words = note.read_bytes().split()
            except FileNotFoundError:
                continue
            if words:
                found.append(int(note.name.split("-")[-2]))
        return found

    def busy(self):
        """Return the processes that have a block in flight."""
        return [pid for pid in self.notes() if words_of(pid)]

    def writing(self):
        """Return the processes that have a temporary file in the store's scratch folder."""
        names = os.listdir(self.store / "scratch") if self.store.exists() else []
        temporary = [name for name in names if name.endswith(".tmp")]
        # .FILE.HOST-PROCESS-THREAD.tmp
        return [(int(name.split("-")[-2].rpartition(".")[2]), name) for name in temporary]

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
