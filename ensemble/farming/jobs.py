"""Jobs of a run on SLURM: what they ask for, what they are called, which there are."""

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ensemble.errors import PlanError
from ensemble.store.folders import Folder
from ensemble.store.store import Store
from scenarios import Problem, ScenarioError
from scenarios.clusters import resources
from scenarios.paths import placed
from slurm import jobs
from slurm.commands import SlurmError
from slurm.refusals import refusal
from slurm.resources import Resources, faults

PROFILES = "SOILSWEEP_PROFILES"
"""Environment variable that names the file of profiles, where a scenario does not."""

DEFAULT_PROFILES = "~/.config/soilsweep/profiles.yaml"

FOLDER = "jobs"
ARRAY, DASK = "array", "dask"
"""Kinds of jobs: independent workers, and workers of a driver's own Dask cluster."""


def resources_of(chosen: Any, base: Path = Path()) -> Resources:
    """Return what jobs are to ask for.

    Parameters
    ----------
    chosen : model
        The scenario's section ``execution``, of the backend ``slurm``.
    base : Path
        Folder of the scenario.

    Raises
    ------
    ScenarioError
        A profile that is not there, or values that SLURM does not take.
    """
    where = "execution.profiles"
    named = placed(base, chosen.profiles, where) if chosen.profiles else None
    file = named or Path(os.environ.get(PROFILES, DEFAULT_PROFILES)).expanduser()
    asked = resources(chosen, chosen.profile, file).model_dump()
    own = chosen.model_fields_set
    problems = [
        Problem(text, f"execution.{name}")
        if name in own
        else Problem(text, f"{chosen.profile}.{name}", str(file))
        for name, text in faults(asked)
    ]
    if problems:
        raise ScenarioError(problems, "SLURM")
    return Resources(**asked)


def job_name(store: Path) -> str:
    """Return the name of a run's jobs."""
    return f"soilsweep-{store.stem}"


def in_our_words(error: SlurmError, asked: Resources) -> str:
    """Return what SLURM refuses as the keys of a scenario that may be at fault, with their values.

    Parameters
    ----------
    error : SlurmError
        Of sbatch.
    asked : Resources
    """
    refused = refusal(error.stderr)
    named = [name for name in refused.fields if getattr(asked, name)] or refused.fields[:1]
    if not named:
        return str(error)
    keys = ", ".join(f"execution.{name} ({_shown(getattr(asked, name))})" for name in named)
    return f"{keys}: SLURM says {refused.said!r}; {refused.advice}"


def _shown(value: str | int | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value) or "the site's own"


def remember(store: Store, job: int, kind: str) -> None:
    """Keep the id of a job of this run, for `queue_summary` and `cancel`."""
    store.root.folder(FOLDER, make=True).write(f"{job}-{kind}", b"", sync=False)


def job_ids(store: Path, kind: str = "*") -> list[int]:
    """Return the ids of the jobs of a run, of one kind or all, the oldest first."""
    every = Folder.at(store).names(FOLDER)
    names = [name.split("-")[0] for name in every if fnmatch(name, f"*[0-9]-{kind}")]
    return sorted(int(n) for n in names if n.isascii() and n.isdecimal() and len(n) < 19)


def cancel(store: Path, kind: str = "*") -> list[int]:
    """Cancel the jobs of a run, of one kind or all; return their ids.

    Raises
    ------
    PlanError
        SLURM does not answer.
    """
    ids = job_ids(store, kind)
    try:
        jobs.cancel(ids)
    except SlurmError as error:
        raise PlanError(f"{store}: {error}") from error
    return ids
