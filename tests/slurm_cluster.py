"""A real SLURM on this host, for tests: munged, one controller, three nodes of two cores.

Each has its own folder and ports, so that several test runs do not meet. `slurm_cluster` is one
for the whole session; `on_cluster` also points this process to it and empties it afterwards.
"""

import fcntl
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import wait_for

CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=cred_expire=5
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
ReturnToService=2
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
KillWait=2
InactiveLimit=0
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=short Nodes=ALL MaxTime=00:30:00 State=UP
"""
# A requeued job waits until the credential of its first start has expired: 120 s, or 5 at least.

NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=4000\n"
NEEDED = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
MARK = "SLURM_TEST_NODE"
PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"


def missing() -> str:
    """Return why no SLURM can be started here; empty if one can."""
    absent = [name for name in NEEDED if not shutil.which(name, path=PATH)]
    if absent:
        return f"no real SLURM here ({', '.join(absent)} missing): install slurm-wlm and munge"
    return "" if os.geteuid() == 0 else "a real SLURM of one's own must be started as root"


def free_ports(n: int) -> list[int]:
    """Return ports that nobody uses, below those that outgoing connections are given."""
    found: list[int] = []
    while len(found) < n:
        port = random.SystemRandom().randrange(12000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        found.append(port)
    return found


def start_munge() -> None:
    """Start the munged of this machine unless it answers; it stays, as others may use it."""

    def answers():
        return subprocess.run(["munge", "-n"], capture_output=True, env=_env()).returncode == 0

    # The lock is for test runs that begin together.
    with Path("/tmp/soilsweep-tests-munge.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if answers():
            return
        Path("/run/munge").mkdir(exist_ok=True)
        shutil.chown("/run/munge", "munge", "munge")
        who = {"user": "munge", "group": "munge", "extra_groups": []}
        if not Path("/etc/munge/munge.key").exists():
            subprocess.run(["mungekey", "-c"], check=True, env=_env(), **who)
        subprocess.run(
            ["munged", "--force"],
            check=True,
            env=_env(),
            capture_output=True,
            close_fds=True,
            **who,
        )
        wait_for(answers, "munged answers")


def _env(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "SBATCH", "SQUEUE"))}
    return kept | {"PATH": PATH} | more


def environments() -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the environment of every process that can be read."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            yield int(entry.name), dict(v.partition("=")[::2] for v in text.split("\0") if v)


class Cluster:
    """A running SLURM.

    ``environment`` points SLURM's programs to it, ``nodes`` are the names of its nodes, ``folder``
    holds its logs.
    """

    def __init__(self, folder: Path, nodes: int = 3, **settings: str) -> None:
        self.folder = folder
        self.nodes = [f"n{i + 1}" for i in range(nodes)]
        # Kernels are compiled once for all tests, not beside each store.
        compiled = str(folder / "compiled")
        # Whatever the umask of a test: others may not write what is loaded as code.
        os.makedirs(compiled, mode=0o700, exist_ok=True)
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf"), "NUMBA_CACHE_DIR": compiled}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        host = socket.gethostname().split(".")[0]
        port, *ports = free_ports(1 + nodes)
        text = CONF.format(host=host, port=port, folder=folder)
        for key, value in settings.items():
            text = re.sub(rf"^{key}=.*\n|\Z", "", text, flags=re.MULTILINE) + f"{key}={value}\n"
        for name, port in zip(self.nodes, ports, strict=True):
            (folder / f"spool.{name}").mkdir()
            text += NODE.format(name=name, host=host, port=port)
        (folder / "state").mkdir()
        (folder / "slurm.conf").write_text(text)

    def start(self) -> None:
        start_munge()
        self.start_accounting()
        self.start_controller(wait=False)
        for name in self.nodes:
            self._start(name, "slurmd", "-D", "-N", name)
        for name in self.nodes:
            self.wait_idle(name)

    def start_accounting(self) -> None:
        """Start what the controller asks who may do what; nothing here."""

    def call(self, *argv: str, stdin: str = "", seconds: float = 60) -> str:
        """Run a program against this cluster and return what it prints."""
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            env=_env(**self.environment),
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def state(self, name: str) -> str:
        """Return the state of a node, such as idle; empty while the controller is away."""
        try:
            return self.call("sinfo", "-h", "-N", "-p", "debug", "-n", name, "-o", "%T").strip()
        except (RuntimeError, subprocess.TimeoutExpired):
            return ""

    def wait_idle(self, name: str, seconds: float = 30) -> None:
        """Wait until a node is idle; the error ends with its log."""
        try:
            wait_for(lambda: self.state(name) == "idle", f"node {name} is idle", seconds)
        except TimeoutError as error:
            log = self.folder / f"slurmd.{name}.log"
            tail = log.read_text()[-2000:] if log.exists() else "it has no log"
            raise TimeoutError(f"{error}: {self.state(name)}\n{tail}") from None

    def _wait_up(self, name: str) -> None:
        up = {"idle", "mixed", "allocated", "completing"}
        wait_for(lambda: self.state(name) in up, f"node {name} answers")

    def kill_node(self, name: str, *, tell: bool = True) -> None:
        """Kill a node's daemon and all its jobs' processes, as a loss of power would.

        The controller would notice in some minutes (SlurmdTimeout); ``tell`` marks it down at once.
        """
        self._kill(name)
        self._sweep(name)
        if tell:
            self.call("scontrol", "update", f"nodename={name}", "state=down", "reason=killed")

    def start_node(self, name: str) -> None:
        """Start a node's daemon again and wait until it takes jobs."""
        self._start(name, "slurmd", "-D", "-N", name)
        self._wait_up(name)

    def kill_controller(self) -> None:
        """Kill the controller; jobs run on, questions fail.

        It forgets what it has not saved yet, some seconds: it may start a running job anew.
        """
        self._kill("")

    def stop_controller(self) -> None:
        """End the controller as an upgrade would; it saves its state."""
        self._daemons[""].terminate()
        self._daemons[""].wait(30)

    def start_controller(self, *, wait: bool = True) -> None:
        """Start the controller, which reads the state it saved."""
        self._start("", "slurmctld", "-D")
        # Jobs cancelled before their node has answered the new controller stay COMPLETING for long.
        for name in self.nodes if wait else ():
            if self._daemons[name].poll() is None:
                self._wait_up(name)

    def clear(self) -> None:
        """Cancel everything and wait until it is gone."""

        def gone():
            return not self.call("squeue", "-h", "-o", "%i").strip()

        for job in self.call("squeue", "-h", "-o", "%F").split():
            self.call("scancel", job)
        # Not for idle nodes: sinfo may call one mixed for a minute after the controller restarted.
        wait_for(gone, "all jobs are cancelled", 60)

    def stop(self) -> None:
        """End every process of this cluster, whatever state it is in."""
        for name in list(self._daemons):
            self._kill(name)
        for _ in range(20):  # A job may be starting its children while we look.
            if not self._sweep():
                return
            time.sleep(0.05)

    def _start(self, name: str, program: str, *options: str) -> None:
        self._spawn(name, program, *options, "-f", self.environment["SLURM_CONF"])

    def _spawn(self, name: str, *argv: str) -> None:
        with (self.folder / f"{name or 'slurmctld'}.out").open("ab") as out:
            self._daemons[name] = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=_env(**self.environment, **{MARK: name or "controller"}),
                start_new_session=True,
            )

    def _kill(self, name: str) -> None:
        if process := self._daemons.get(name):
            # The controller has a child; a step's daemon, of jobs, has left the group.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _sweep(self, node: str = "") -> int:
        """Kill what a node's daemon, or any of ours, has started; return how many there were."""
        killed = 0
        for pid, found in environments():
            ours = found.get("SLURM_CONF") == self.environment["SLURM_CONF"]
            # Test processes know SLURM_CONF as well; these two only daemons and jobs.
            where = found.get(MARK) or (found.get("SLURM_JOB_ID") and found.get("SLURMD_NODENAME"))
            if ours and where and node in ("", where):
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass
        return killed


@contextmanager
def running(nodes: int = 3, kind: type[Cluster] = Cluster) -> Iterator[Cluster]:
    """Yield a SLURM of one's own, and leave nothing of it behind."""
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        cluster = kind(Path(folder), nodes)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def slurm_cluster() -> Iterator[Cluster]:
    if reason := missing():
        pytest.skip(reason)
    with running() as cluster:
        yield cluster


@pytest.fixture
def on_cluster(slurm_cluster: Cluster, monkeypatch) -> Iterator[Cluster]:
    yield from used(slurm_cluster, monkeypatch)


def used(cluster: Cluster, monkeypatch) -> Iterator[Cluster]:
    """Yield a cluster to which this process points; empty it afterwards."""
    for name in os.environ:
        if name.startswith(("SLURM", "SBATCH", "SQUEUE")):
            monkeypatch.delenv(name)
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    yield cluster
    cluster.clear()
