"""Batch scripts: resources and a command in, text out; no file and no process."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from slurm.resources import Resources, one_line

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""Set to 1: a worker fills its cores with blocks, and libraries would start as many again."""

SIGNAL_SECONDS, EARLY_SECONDS = 60, 60
"""How long before its end a job is told to stop, and how much earlier than that SLURM may."""


def batch_script(
    resources: Resources,
    command: Sequence[str],
    *,
    name: str,
    log: Path | str,
    array: int | None = None,
    requeue: bool = True,
    signal_seconds: int = SIGNAL_SECONDS,
    prologue: Sequence[str] = (),
) -> str:
    """Return a script for sbatch.

    Parameters
    ----------
    resources : Resources
    command : sequence of str
        Takes the place of the shell, so that SLURM's SIGTERM reaches it and nothing else.
    name : str
        Of the job.
    log : path
        Folder of the logs; SLURM does not make it, and fails jobs without a word where it lacks.
    array : int, optional
        Number of tasks of a job array, numbered from 0; a single job otherwise.
    requeue : bool
        Whether SLURM starts the job again after its node died.
    signal_seconds : int
        How long before the end of its walltime the command is sent SIGTERM; at most half of the
        walltime. SLURM looks once a minute or so and may be up to 60 s early. 0 leaves it to
        the site's KillWait.
    prologue : sequence of str
        Further lines of shell before the command.

    Raises
    ------
    ValueError
        Line breaks in any text, an empty command, or less than one task.
    """
    _check(command, name, str(log), array)
    warning = min(signal_seconds, resources.minutes * 30)
    options = [
        f"--job-name={name}",
        f"--output={log}/{'%A_%a' if array else '%j'}.log",
        "--open-mode=append",
        *([f"--array=0-{array - 1}"] if array else []),
        "--requeue" if requeue else "--no-requeue",
        *([f"--signal=B:TERM@{warning}"] if warning > 0 else []),
        *resources.directives(),
    ]
    lines = [
        "#!/bin/bash",
        # sbatch takes a backslash away even between quotes.
        *("#SBATCH " + shlex.quote(option.replace("\\", r"\\")) for option in options),
        "",
        *environment_lines(resources),
        *prologue,
        "",
        f"exec {shlex.join(command)}",
        "",
    ]
    return "\n".join(lines)


def environment_lines(resources: Resources) -> list[str]:
    """Return the lines of shell before the command: threads, modules, the user's own setup."""
    lines = [f"export {variable}=1" for variable in THREADS]
    if resources.cache:
        lines.append(f"export NUMBA_CACHE_DIR={shlex.quote(resources.cache)}")
    if resources.modules:
        # A batch shell reads no profile, and module is a function that a profile defines.
        lines.append("type module >/dev/null 2>&1 || . /etc/profile")
    if resources.modules or resources.setup:
        lines.append("set -e")
    lines += [f"module load {shlex.quote(module)}" for module in resources.modules]
    return [*lines, *resources.setup]


def _check(command: Sequence[str], name: str, log: str, array: int | None) -> None:
    if not command:
        raise ValueError("the job has no command")
    if array is not None and array < 1:
        raise ValueError(f"a job array of {array} tasks; at least 1 is needed")
    if not name:
        raise ValueError("the job has no name")
    if "%" in log or "\\" in log:  # Doubling a % does not help in 22.05; a backslash mutes all.
        raise ValueError(f"SLURM reads the % or backslash in {log!r}; write logs to another folder")
    for what, text in (("job name", name), ("log folder", log)):
        one_line(what, text)
    for argument in command:
        one_line("argument", argument)
