"""Whether jobs that ask for so much can run a plan, before any is submitted."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from ensemble.farming.jobs import in_our_words, job_name
from slurm import jobs, limits
from slurm.commands import SlurmError, available
from slurm.resources import Resources
from slurm.script import batch_script

if TYPE_CHECKING:
    from ensemble.planning.calibrating import CalibrationPlan
    from ensemble.planning.plan import Plan


_ASKED: ContextVar[bool] = ContextVar("asked", default=True)


@contextmanager
def unasked() -> Iterator[None]:
    """Let jobs be judged without SLURM: they go to another system, or there is no cluster here."""
    before = _ASKED.set(False)
    try:
        yield
    finally:
        _ASKED.reset(before)


def reasons(plan: "Plan | CalibrationPlan", asked: Resources) -> list[str]:
    """Return why jobs of these resources are certain not to run a plan."""
    texts = []
    memory = asked.cores * plan.worker_nbytes / 2**20
    if memory > asked.mebibytes:
        texts.append(
            f"{asked.cores} workers need {memory:,.0f} MiB for their blocks and a job has "
            f"{asked.mebibytes:,} MiB; ask for more execution.memory or a smaller block.sample"
        )
    block = plan.layout.seconds_per_block
    # Searches go on in the next job from where they are left.
    if plan.scenario.calibration is None and block > 60 * asked.minutes:
        texts.append(
            f"a block takes {block / 60:,.0f} minutes by the kernel's own account and a job lasts "
            f"{asked.minutes}; ask for more execution.time or a smaller block.sample"
        )
    if not _ASKED.get():
        return texts
    if available("scontrol"):
        texts += _beyond_partition(asked)
    if available("sinfo") and not texts:
        texts += _beyond_nodes(asked)
    if available("sbatch") and not texts:
        texts += _not_taken(plan, asked)
    return texts


def _not_taken(plan: "Plan | CalibrationPlan", asked: Resources) -> list[str]:
    """Return why no job like this can be written, or why SLURM takes none."""
    path = plan.path.absolute()
    try:
        script = batch_script(asked, ["true"], name=job_name(path), log=path / "logs")
        jobs.check(script)
    except ValueError as error:
        return [f"no batch script can be written: {error}"]
    except SlurmError as error:
        return [in_our_words(error, asked)]
    return []


def _beyond_partition(asked: Resources) -> list[str]:
    try:
        longest = limits.max_minutes(asked.partition)
    except SlurmError as error:
        return [f"execution.partition: {error}"]
    if longest is None or asked.minutes <= longest:
        return []
    text = f"execution.time is {asked.minutes} minutes and the partition allows {longest}"
    return [f"{text}; ask for less"]


def _beyond_nodes(asked: Resources) -> list[str]:
    try:
        largest = limits.largest_node(asked.partition)
    except SlurmError:
        return []
    texts = []
    if largest and asked.cores > largest[0]:
        texts.append(
            f"execution.cores is {asked.cores} and the largest node has {largest[0]}; ask for less "
            "and more execution.jobs"
        )
    if largest and asked.mebibytes > largest[1]:
        texts.append(
            f"execution.memory is {asked.mebibytes:,} MiB and the largest node has {largest[1]:,}; "
            "ask for less, with fewer execution.cores or a smaller block.sample"
        )
    return texts
