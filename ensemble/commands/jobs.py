"""Commands of runs that nobody watches: worker, submit, status, cancel."""

import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    terms = Terms(execution.sync, execution.hang_seconds, stale)
    sys.exit(tend(store, workers or cores(), terms))


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
    as_json: JsonOption = False,
) -> None:
    """Submit a scenario to SLURM as an array of independent workers, and return.

    What jobs ask for is said in the scenario: execution: {backend: slurm, time: ..., jobs: ...}.
    Whichever worker commits the last block finishes the run; `status` shows how it goes.
    """
    from ensemble.errors import PlanError
    from ensemble.farming import caching
    from ensemble.farming.jobs import resources_of
    from ensemble.members.stored import about_data
    from ensemble.planning import calibrating, completing, feasibility, places
    from ensemble.planning import plan as planning
    from ensemble.planning.calibrating import CalibrationPlan
    from ensemble.runs import calibrate
    from ensemble.runs import run as running
    from ensemble.runs import submit as submitting
    from ensemble.store.platforms import without
    from ensemble.store.reading import read as read_store

    loaded = load(scenario, ["execution.backend=slurm", *settings], data)
    if why := without("slurm"):
        raise PlanError(why)
    planned: Plan | CalibrationPlan
    if loaded.calibration is not None:
        planned = calibrating.plan_calibration(loaded, store=store)
    else:
        planned = planning.plan(loaded, store=store)
    beside = loaded.base_of("execution")
    asked = caching.with_cache(resources_of(loaded.execution, beside), beside, planned.path)
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
        feasibility.refuse_if_impossible(planned, asked.cores, done)
    submission = submitting.prepare(planned, asked, done)
    if not emit_script:
        submitting.check(submission, asked)
    warnings: list[str] = []
    if isinstance(planned, CalibrationPlan):
        begun = calibrate.store_of(planned, accept_changes)
    else:
        feasibility.refuse_if_hopeless(planned)
        begun, warnings = running.store_of(planned, asked.cores, accept_changes)
    # SLURM fails jobs without a word whose log has no folder.
    begun.make_folders("logs")
    caching.make(Path(asked.cache))
    for warning in (*elsewhere, *warnings, *map(str, planned.warnings), *submission.remarks):
        warn(warning)
    if emit_script:
        typer.echo(submission.script, nl=False)
        return
    job = submitting.submit(begun, submission, asked)
    submitted = {"store": str(begun.path), "job": job, "tasks": submission.tasks}
    submitted |= about_data(planned.experiment.synthetic)
    if as_json:
        print_json(submitted)
        return
    typer.echo(f"submitted job {job}: {submission.tasks} tasks of {asked.cores} workers")
    typer.echo(f"see how it goes with: soilsweep status {shlex.quote(str(begun.path))}")


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
