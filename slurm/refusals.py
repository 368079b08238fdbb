"""What sbatch refuses, in terms of what was asked for: SLURM names an error, not an option."""

import re
from dataclasses import dataclass

_PREFIX = re.compile(r"^(sbatch: )?(error: |fatal: )?(Batch job submission failed: )?", re.I)

_SAYS: dict[str, tuple[tuple[str, ...], str]] = {
    r"invalid partition|group not permitted to use this partition": (
        ("partition",),
        "name one that sinfo lists",
    ),
    r"invalid account": (
        ("account", "partition"),
        "name an account that `sacctmgr show associations user=$USER` lists with this partition",
    ),
    r"invalid qos": (("qos",), "name one that `sacctmgr show associations user=$USER` lists"),
    r"^(sbatch: error: )?(Assoc|QOS)\w*Submit\w*$": (
        ("jobs", "account", "qos"),
        "the account or qos allows no more jobs: ask for fewer, or wait until some of yours have "
        "ended",
    ),
    r"accounting/QOS policy": (
        ("jobs", "cores", "memory", "time", "account", "qos"),
        "the account or qos allows no more jobs, or none as large: ask for fewer or smaller ones, "
        "or wait until some of yours have ended",
    ),
    r"time limit is invalid": (("time", "partition"), "sinfo -o '%P %l' shows the longest times"),
    r"job array specification": (("jobs",), "scontrol show config has the longest: MaxArraySize"),
    r"memory specification|memory required": (
        ("memory", "partition"),
        "sinfo -o '%P %m' shows what nodes have, in MiB",
    ),
    r"more processors": (("cores", "partition"), "sinfo -o '%P %c' shows what nodes have"),
    r"(node|partition) configuration|node count|required node": (
        ("cores", "memory", "partition", "constraint", "extra"),
        "no node is like that: sinfo -o '%P %c %m %f' shows the cores, MiB and features of nodes",
    ),
    r"feature specification": (("constraint",), "sinfo -o '%P %f' shows the features of nodes"),
    r"reservation": (("reservation",), "scontrol show reservation lists those that there are"),
    r"(unrecognized|invalid) option|generic resource|license|node name": (
        ("extra",),
        "write options as sbatch --help has them",
    ),
    r"temporarily unable to accept|Resource temporarily unavailable": (
        ("jobs",),
        "the queue of this cluster is full: try again later, or with fewer jobs",
    ),
}
"""By what SLURM says: the fields of `Resources` that may be at fault, and what to do."""


@dataclass(frozen=True)
class Refusal:
    """Why sbatch did not take a job.

    Attributes
    ----------
    fields : tuple of str
        Of `slurm.resources.Resources`; empty where SLURM's words are not known.
    said : str
        SLURM's own words.
    advice : str
    """

    fields: tuple[str, ...]
    said: str
    advice: str = ""


def refusal(stderr: str) -> Refusal:
    """Return what the error output of sbatch means; other lines than SLURM's are left out."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for pattern, (fields, advice) in _SAYS.items():
        ours = [line for line in lines if re.search(pattern, line, re.IGNORECASE)]
        if ours:
            return Refusal(fields, _bare(ours[-1]), advice)
    ours = [line for line in lines if line.startswith(("sbatch:", "allocation failure:"))]
    return Refusal((), _bare((ours or lines or ["it said nothing"])[-1]))


def _bare(line: str) -> str:
    return _PREFIX.sub("", line).removeprefix("allocation failure: ")
