"""Commands of runs that nobody watches: worker, submit, status, cancel."""

import math
import shlex
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ensemble.commands.arguments import (
    AcceptOption,
    DataOption,
    JsonOption,
    ScenarioArgument,
    SetOption,
    StoreArgument,
    StoreOption,
    load,
    print_json,
)
from ensemble.printing import say, warn

if TYPE_CHECKING:
    from ensemble.planning.plan import Plan
    from ensemble.runs.submit import Submission
    from ensemble.store.store import Store
    from scenarios import Loaded
    from slurm.resources import Resources


def worker(
    store: StoreArgument,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=4096, metavar="N", help="Processes; default: one per core."),
    ] = None,
    stale: Annotated[
        float,
        typer.Option(min=15, metavar="SECONDS", help="Silence after which another worker is gone."),
    ] = 120.0,
    until: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Begin no block that may end later: 2026-12-01T06:00, or @SECONDS since 1970.",
        ),
    ] = "",
) -> None:
    """Run blocks of a store that are not done, beside any number of other workers.

    Workers share the store's file system and nothing else: no port, no scheduler. Start as many
    as you like, on any host, at any time; the one that commits the last block finishes the run.
    """
    from ensemble.errors import PlanError
    from ensemble.farming.independent import Terms
    from ensemble.farming.parent import tend
    from ensemble.store.platforms import cores
    from ensemble.store.reading import read as read_store
    from scenarios.execution import common

    opened = read_store(store)
    try:
        execution = common(opened.attrs["identity"]["scenario"].get("execution", {}))
    except ValueError as error:
        raise PlanError(
            f"{opened.path}: its execution is not one of this version of soilsweep; open it with "
            "the version that wrote it"
        ) from error
    terms = Terms(execution.sync, execution.hang_seconds, stale, until=_moment(until))
    sys.exit(tend(store, workers or cores(), terms))


def _moment(text: str) -> float:
    """Return a time of the command line in seconds since 1970; 0 for none."""
    if not text:
        return 0.0
    try:
        moment = float(text[1:]) if text[0] == "@" else datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        moment = math.nan
    needs = "needed a time to come, such as 2026-12-01T06:00 or @1764568800 (seconds since 1970)"
    if not time.time() < moment < math.inf:
        raise typer.BadParameter(f"found {text!r}; {needs}", param_hint="--until")
    return moment


def submit(
    scenario: ScenarioArgument,
    settings: SetOption = [],  # noqa: B006
    data: DataOption = None,
    store: StoreOption = None,
    accept_changes: AcceptOption = "",
    emit_script: Annotated[
        bool,
        typer.Option("--emit-script", help="Create the store, print the batch script, and stop."),
    ] = False,
    system: Annotated[
        Literal["slurm", "pbs"],
        typer.Option("--for", help="What the script is for; pbs needs --emit-script."),
    ] = "slurm",
    as_json: JsonOption = False,
) -> None:
    """Submit a scenario to SLURM as an array of independent workers, and return.

    With --emit-script the batch script is printed instead, for SLURM or --for pbs.
    What jobs ask for is said in the scenario: execution: {backend: slurm, time: ..., jobs: ...}.
    Whichever worker commits the last block finishes the run; `status` shows how it goes.
    """
    from ensemble.errors import PlanError
    from ensemble.members.stored import about_data
    from ensemble.planning import jobs as judging
    from ensemble.runs import submit as submitting
    from ensemble.store.platforms import without

    if system == "pbs" and not emit_script:
        text = "needs --emit-script: qsub is not run from here; give the script to it"
        raise typer.BadParameter(text, param_hint="--for pbs")
    loaded = load(scenario, ["execution.backend=slurm", *settings], data)
    if why := without("slurm"):
        raise PlanError(why)
    unreached = emit_script and system == "slurm" and submitting.unreached()
    asked = system == "slurm" and not unreached
    if unreached:
        warn("no SLURM cluster answers here: what it allows, such as MaxArraySize, is not known")
    with nullcontext() if asked else judging.unasked():
        made = _made(loaded, store, accept_changes, system, asked=asked, checked=not emit_script)
    if emit_script:
        typer.echo(made.submission.script, nl=False)
        return
    job = submitting.submit(made.store, made.submission, made.resources)
    tasks, cores = made.submission.tasks, made.resources.cores
    submitted = {"store": str(made.store.path), "job": job, "tasks": tasks}
    submitted |= about_data(made.store.attrs["synthetic"])
    if as_json:
        print_json(submitted)
        return
    typer.echo(f"submitted job {job}: {tasks} tasks of {cores} workers")
    typer.echo(f"see how it goes with: soilsweep status {shlex.quote(str(made.store.path))}")


@dataclass(frozen=True)
class _Made:
    """A store that is ready for jobs, and what they are."""

    store: "Store"
    resources: "Resources"
    submission: "Submission"


def _made(
    loaded: "Loaded",
    store: str | None,
    accept_changes: str,
    system: str,
    *,
    asked: bool,
    checked: bool,
) -> _Made:
    """Make or take the store of a scenario, and the jobs that run it, and warn of what is to be.

    ``asked``: whether SLURM is asked what it allows; ``checked``: and whether it takes the script.
    """
    from ensemble.farming import caching
    from ensemble.farming.jobs import resources_of
    from ensemble.planning import calibrating, completing, feasibility, places
    from ensemble.planning import plan as planning
    from ensemble.planning.calibrating import CalibrationPlan
    from ensemble.runs import calibrate
    from ensemble.runs import run as running
    from ensemble.runs import submit as submitting
    from ensemble.store.reading import read as read_store

    planned: Plan | CalibrationPlan
    if loaded.calibration is not None:
        planned = calibrating.plan_calibration(loaded, store=store)
    else:
        planned = planning.plan(loaded, store=store)
    beside = loaded.base_of("execution")
    resources = caching.with_cache(resources_of(loaded.execution, beside), beside, planned.path)
    done = 0
    if (planned.path / "zarr.json").exists():
        there = read_store(planned.path)
        # Before SLURM is asked for anything: it may be away, and the store is at fault.
        if isinstance(planned, CalibrationPlan):
            calibrate.refuse_changes(there, planned, accept_changes)
        else:
            running.refuse_changes(there, completing.beside(planned, there), accept_changes)
        done = len(there.committed())
    elsewhere = places.remarks(loaded, planned.path)
    if isinstance(planned, CalibrationPlan):
        calibrate.refuse_if_impossible(planned)
    else:
        feasibility.refuse_if_impossible(planned, resources.cores, done)
    submission = submitting.prepare(planned, resources, done, system=system, asked=asked)
    if checked:
        submitting.check(submission, resources)
    warnings: list[str] = []
    if isinstance(planned, CalibrationPlan):
        begun = calibrate.store_of(planned, accept_changes)
    else:
        feasibility.refuse_if_hopeless(planned)
        begun, warnings = running.store_of(planned, resources.cores, accept_changes)
    # SLURM fails jobs without a word whose log has no folder.
    begun.make_folders("logs")
    caching.make(Path(resources.cache))
    for warning in (*elsewhere, *warnings, *map(str, planned.warnings), *submission.remarks):
        warn(warning)
    return _Made(begun, resources, submission)


def cancel(store: StoreArgument) -> None:
    """Cancel the SLURM jobs of a run; what is committed stays, and `submit` goes on."""
    from ensemble.farming import jobs
    from ensemble.store.reading import read as read_store

    cancelled = jobs.cancel(read_store(store).path)
    named = ", ".join(map(str, cancelled)) or "none: no job of this run is known"
    typer.echo(f"cancelled: {named}")


def status(
    store: StoreArgument,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again until it is done or nobody runs it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how far a run is, rate, time left, jobs, failures, logs and what to type next.

    Also while it runs, of any store: ensembles, calibrations and evaluations.
    """
    from ensemble.commands import standing, watching
    from ensemble.errors import RESUMABLE
    from ensemble.runs import submit as submitting
    from ensemble.runs.status import summary

    if not watch:
        found = {**summary(store), **submitting.queue_summary(store, submitting.watch(store))}
        print_json(found) if as_json else standing.print_status(found)
        return
    with nullcontext(print_json) if as_json else watching.in_place() as show:
        left = watching.watch(store, show)
    if left:
        say(left)
        sys.exit(RESUMABLE)
