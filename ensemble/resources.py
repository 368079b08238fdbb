"""What a scenario and the profile of its cluster ask of SLURM."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from scenarios import Problem, ScenarioError
from scenarios.execution import Slurm
from scenarios.paths import placed
from scenarios.profiles import resources
from slurm import limits
from slurm.commands import SlurmError, available
from slurm.resources import Resources

if TYPE_CHECKING:
    from ensemble.planning import Plan

PROFILES = "SOILSWEEP_PROFILES"
"""Environment variable that names the file of profiles, where a scenario does not."""

DEFAULT_PROFILES = "~/.config/soilsweep/profiles.yaml"


def resources_of(chosen: Slurm, base: Path = Path()) -> Resources:
    """Return what jobs are to ask for.

    Parameters
    ----------
    chosen : Slurm
        The scenario's section ``execution``.
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
    try:
        return Resources(**resources(chosen, file).model_dump())
    except ValueError as error:
        raise ScenarioError([Problem(str(error), "execution")], "SLURM") from error


def reasons(plan: "Plan", asked: Resources) -> list[str]:
    """Return why jobs of these resources are certain not to run a plan."""
    found = []
    memory = asked.cores * plan.worker_nbytes / 2**20
    if memory > asked.mebibytes:
        found.append(
            f"{asked.cores} workers need {memory:,.0f} MiB for their blocks and a job has "
            f"{asked.mebibytes:,} MiB; ask for more execution.memory or a smaller block.sample"
        )
    block = plan.layout.seconds_per_block
    if block > 60 * asked.minutes:
        found.append(
            f"a block takes {block / 60:,.0f} minutes by the kernel's own account and a job lasts "
            f"{asked.minutes}; ask for more execution.time or a smaller block.sample"
        )
    if available("scontrol"):
        found += _beyond_partition(asked)
    return found


def _beyond_partition(asked: Resources) -> list[str]:
    try:
        longest = limits.max_minutes(asked.partition)
    except SlurmError as error:
        return [str(error)]
    if longest is None or asked.minutes <= longest:
        return []
    text = f"execution.time is {asked.minutes} minutes and the partition allows {longest}"
    return [f"{text}; ask for less"]
