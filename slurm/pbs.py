"""Batch scripts for PBS Professional and OpenPBS: the same jobs as text; nothing here asks PBS.

Torque has other words for arrays (``-t``) and nodes (``nodes=1:ppn=8``) and takes none of these.
"""

import re
import shlex
from collections.abc import Sequence

from slurm.resources import Resources, one_line
from slurm.script import environment_lines

LONGEST_NAME = 15
"""Letters of a job's name that every version takes."""

EARLY_SECONDS = 60
"""Before the end of its walltime a worker has to be gone: PBS gives no warning that can be asked
for, and kills a job some seconds after it has told it to stop."""

OF_SLURM = ("qos", "constraint", "reservation")
"""What PBS has no word for that means the same."""


def batch_script(
    resources: Resources, command: Sequence[str], *, name: str, log: str, array: int
) -> str:
    """Return a script for qsub.

    Parameters
    ----------
    resources : Resources
        ``partition`` is the queue; ``extra`` are options of qsub.
    command : sequence of str
        Takes the place of the shell; it is given ``--until @SECONDS``, since 1970.
    name : str
        Of the job; what PBS does not take in a name becomes ``_``.
    log : str
        Folder of the logs.
    array : int
        Number of subjobs, numbered from 0; one is no array.

    Raises
    ------
    ValueError
        Line breaks in any text, a folder that PBS would read otherwise, or words of SLURM's alone;
        all of them.
    """
    if problems := [*_unknown(resources), *_misread(log)]:
        raise ValueError("; ".join(problems))
    for argument in command:
        one_line("argument", argument)
    hours, minutes = divmod(resources.minutes, 60)
    options = [
        "-S /bin/bash",
        f"-N {re.sub(r'[^A-Za-z0-9_.-]', '_', name)[:LONGEST_NAME]}",
        *([f"-J 0-{array - 1}"] if array > 1 else []),
        "-r y",
        f"-l select=1:ncpus={resources.cores}:mem={resources.mebibytes}mb",
        f"-l walltime={hours:02}:{minutes:02}:00",
        *([f"-q {resources.partition}"] if resources.partition else []),
        *([f"-A {resources.account}"] if resources.account else []),
        "-j oe",
        f"-o {log}/",
        *resources.extra,
    ]
    seconds = 60 * resources.minutes - EARLY_SECONDS
    lines = [
        "#!/bin/bash",
        *(f"#PBS {option}" for option in options),
        "",
        "# PBS gives no warning before the end of a job: workers are told when it is.",
        f"end=$(($(date +%s) + {seconds}))",
        *environment_lines(resources),
        "",
        f'exec {shlex.join(command)} --until "@$end"',
        "",
    ]
    return "\n".join(lines)


def _unknown(resources: Resources) -> list[str]:
    given = [name for name in OF_SLURM if getattr(resources, name)]
    return [f"execution.{name} is a word of SLURM's; leave it out for PBS" for name in given]


def _misread(log: str) -> list[str]:
    """Return why PBS would read the folder of logs otherwise: a colon ends the name of a host."""
    if found := sorted(set(re.findall(r"[\s:,\\\"'^]", log))):
        letters = " ".join(map(repr, found))
        return [f"PBS reads {letters} in the folder {log!r} otherwise; name another store"]
    return []
