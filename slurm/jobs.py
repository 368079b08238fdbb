"""Submit and cancel."""

import re
from collections.abc import Iterable
from functools import lru_cache

from slurm.commands import TRANSIENT, UNREACHED, SlurmError, call


def submit(script: str, *options: str) -> int:
    """Submit a batch script and return the job's id.

    Parameters
    ----------
    script : str
        As `slurm.script.batch_script` writes it; no file is needed.
    *options : str
        Of sbatch, such as ``--hold``; they win over the script's.

    Raises
    ------
    SlurmError
        sbatch is missing or refused the job. After a time-out the job may be in the queue.
    """
    # sbatch waits by itself while the queue is full, for about two minutes.
    printed = call("sbatch", *options, stdin=script, seconds=300, retry=UNREACHED).strip()
    # Not --parsable: a number of a site's banner would be taken for the job's.
    match = re.search(r"^Submitted batch job (\d+)(?: on cluster \S+)?$", printed, re.MULTILINE)
    if not match:
        raise SlurmError(f"sbatch printed {printed!r} and no job id; see squeue --me", ("sbatch",))
    return int(match[1])


@lru_cache(maxsize=16)
def check(script: str) -> None:
    """Let SLURM say whether it would take a batch script, without submitting it.

    A script that it would take is not asked about again by this process.

    Raises
    ------
    SlurmError
        sbatch is missing, or refuses it: no such account, partition or option.
    """
    call("sbatch", "--test-only", stdin=script, seconds=120, retry=TRANSIENT)


def cancel(ids: Iterable[int]) -> None:
    """Cancel jobs, whole arrays; those that have ended are no error."""
    wanted = [str(job) for job in sorted(set(ids))]
    if not wanted:
        return
    try:
        call("scancel", *wanted, retry=TRANSIENT)
    except SlurmError as error:
        if not re.search(r"Invalid job id|already complet", error.stderr):
            raise
