"""What a cluster allows: array lengths, numbers of jobs, walltimes."""

import re
from dataclasses import dataclass

from slurm.commands import SlurmError, ask
from slurm.resources import minutes


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Settings of the controller.

    Attributes
    ----------
    cluster : str
    version : str
    max_array_size : int
        One more than the highest index of an array task; 0 where arrays are switched off.
    max_job_count : int
        Jobs, array tasks counted singly, must stay below it; it is everybody's.
    kill_wait : int
        Seconds between SIGTERM and SIGKILL at the end of walltime.
    accounting : bool
        Whether sacct knows of jobs that have ended.
    """

    cluster: str
    version: str
    max_array_size: int
    max_job_count: int
    kill_wait: int
    accounting: bool


def parse(text: str) -> Limits:
    """Return the limits in the output of ``scontrol show config``; SLURM's defaults if absent."""
    settings = dict(re.findall(r"^(\S+)\s*= ?(.*?)\s*$", text, re.MULTILINE))

    def number(name: str, default: int) -> int:
        match = re.match(r"\d+", settings.get(name, ""))
        return int(match[0]) if match else default

    storage = settings.get("AccountingStorageType", "")
    return Limits(
        cluster=settings.get("ClusterName", ""),
        version=settings.get("SLURM_VERSION", ""),
        max_array_size=number("MaxArraySize", 1001),
        max_job_count=number("MaxJobCount", 10000),
        kill_wait=number("KillWait", 30),
        accounting=storage not in {"", "(null)", "none", "accounting_storage/none"},
    )


def read() -> Limits:
    """Ask the controller."""
    return parse(ask("scontrol", "show", "config"))


def array_tasks(wanted: int, limits: Limits) -> int:
    """Return how many tasks, up to those wanted, one job array may have; 0 if none.

    Notes
    -----
    Jobs in the queue count against the same limit, so fewer may fit today. sbatch then waits
    for a minute or two before it gives up.
    """
    return max(0, min(wanted, limits.max_array_size, limits.max_job_count - 1))


def largest_node(partition: str = "") -> tuple[int, int] | None:
    """Return the most cores and the most MiB that a node has; None where SLURM does not say.

    Parameters
    ----------
    partition : str
        All of them where empty.
    """
    where = ["-p", partition] if partition else []
    nodes = re.findall(r"^(\d+)\|(\d+)$", ask("sinfo", "-hN", *where, "-o", "%c|%m"), re.MULTILINE)
    if not nodes:
        return None
    return max(int(cores) for cores, _ in nodes), max(int(memory) for _, memory in nodes)


def max_minutes(partition: str = "") -> int | None:
    """Return the longest walltime of a partition in minutes, None if unlimited.

    Parameters
    ----------
    partition : str
        The default one where empty; of several with commas between them, the most generous.

    Raises
    ------
    SlurmError
        There is no such partition.
    """
    return parse_max_minutes(ask("scontrol", "show", "partition", "-o"), partition)


def parse_max_minutes(text: str, partition: str = "") -> int | None:
    """Return what `max_minutes` does from the output of ``scontrol show partition -o``."""
    partitions = {}
    for line in text.splitlines():
        fields = dict(re.findall(r"(\S+?)=(\S*)", line))
        if line.startswith("PartitionName="):  # Others are a site's own.
            partitions[fields["PartitionName"]] = fields
    default = [name for name, p in partitions.items() if p.get("Default") == "YES"]
    names = partition.split(",") if partition else default
    missing = [name for name in names if name not in partitions]
    if missing or not names:
        raise SlurmError(
            f"no partition {', '.join(missing) or 'is the default'}; available: "
            f"{', '.join(partitions) or 'none'}"
        )
    longest = [partitions[name].get("MaxTime", "UNLIMITED") for name in names]
    if any(text in {"UNLIMITED", "INFINITE", "NONE"} for text in longest):
        return None
    try:
        return max(minutes(text) for text in longest)
    except ValueError as error:
        raise SlurmError(f"partition {', '.join(names)}: its MaxTime: {error}") from error
