"""A real SLURM that knows who may do what: slurmdbd on a MariaDB of its own, jobs in cgroups.

One node of two cores. Root may use two accounts and two qos:

============== ===========================================
account `soil` without limits
account `few`  two jobs, waiting or running, at a time
qos `normal`   without limits
qos `brief`    jobs of five minutes at most
============== ===========================================
"""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import slurm_cluster
from slurm_cluster import PATH, Cluster, free_ports, running, used
from waiting import wait_for

NEEDED = ("slurmdbd", "sacctmgr", "sacct", "mariadbd", "mariadb-install-db")

DBD = """\
AuthType=auth/munge
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={base}
StorageUser=root
StorageLoc=slurm
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
"""
CGROUP = "CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\nConstrainRAMSpace=yes\n"
MEMORY = Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")


def missing() -> str:
    """Return why no such SLURM can be started here; empty if one can."""
    absent = [name for name in NEEDED if not shutil.which(name, path=PATH)]
    if absent:
        return f"no accounts here ({', '.join(absent)} missing): install slurmdbd, mariadb-server"
    return slurm_cluster.missing()


def confines() -> bool:
    """Return whether jobs' memory can be limited here by a cgroup of version 1."""
    return MEMORY.exists()


class AccountedCluster(Cluster):
    """A `Cluster` with accounts, and with limits of memory where this machine has cgroups."""

    def __init__(self, folder: Path, nodes: int = 1) -> None:
        self.base, self.port = free_ports(2)
        settings = {
            "AccountingStorageType": "accounting_storage/slurmdbd",
            "AccountingStorageHost": "127.0.0.1",
            "AccountingStoragePort": str(self.port),
            "AccountingStorageEnforce": "associations,limits,qos",
            "MaxJobCount": "20",
            "MinJobAge": "2",
            "MaxArraySize": "12",
        }
        if confines():
            settings |= {"TaskPlugin": "task/cgroup", "SelectTypeParameters": "CR_Core_Memory"}
        super().__init__(folder, nodes, **settings)
        (folder / "cgroup.conf").write_text(CGROUP)
        (folder / "data").mkdir()

    def start_accounting(self) -> None:
        self._start_data_base()
        host = socket.gethostname().split(".")[0]
        conf = self.folder / "slurmdbd.conf"
        conf.touch(0o600)  # It may hold a password; slurmdbd insists.
        conf.write_text(DBD.format(host=host, port=self.port, base=self.base, folder=self.folder))
        self._spawn("slurmdbd", "slurmdbd", "-D")
        wait_for(self._has_cluster, "slurmdbd knows the cluster", 60)
        for words in (
            "account soil",
            "account few",
            "qos brief MaxWall=5",
            "user root account=soil defaultaccount=soil qos=normal,brief defaultqos=normal",
            "user root account=few maxsubmitjobs=2",
        ):
            self.call("sacctmgr", "-i", "add", *words.split())

    def clear(self) -> None:
        """Cancel everything and wait until it is forgotten: jobs that ended count as a queue's."""
        super().clear()

        def forgotten():
            return "No jobs in the system" in self.call("scontrol", "show", "job")

        wait_for(forgotten, "the controller forgets its jobs")

    def _start_data_base(self) -> None:
        data = self.folder / "data"
        words = ["--no-defaults", f"--datadir={data}", "--user=root"]
        subprocess.run(
            ["mariadb-install-db", *words, "--skip-test-db"], check=True, capture_output=True
        )
        self._spawn(
            "mariadbd",
            *("mariadbd", *words, f"--socket={data}/socket", f"--port={self.base}"),
            # Open to whoever is on this host; it holds nothing.
            *("--bind-address=127.0.0.1", "--skip-grant-tables", "--skip-name-resolve"),
        )
        wait_for(lambda: _listens(self.base), "the data base answers", 60)

    def _has_cluster(self) -> bool:
        try:
            self.call("sacctmgr", "-i", "add", "cluster", "test", seconds=10)
        except (RuntimeError, subprocess.TimeoutExpired):
            return False
        return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def accounted_cluster() -> Iterator[AccountedCluster]:
    if reason := missing():
        pytest.skip(reason)
    with running(1, AccountedCluster) as cluster:
        yield cluster


@pytest.fixture
def with_accounts(accounted_cluster, monkeypatch) -> Iterator[AccountedCluster]:
    yield from used(accounted_cluster, monkeypatch)
