"""What commands of a scenario do where it has ``calibration:``."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble.commands.arguments import print_json
from ensemble.commands.ending import fail
from ensemble.commands.stopping import stop_on_signals, this_command
from ensemble.errors import FAILED_MEMBERS, RESUMABLE, PlanError
from ensemble.printing import say, silence, warn
from ensemble.processes import REPLACEABLE

if TYPE_CHECKING:
    from ensemble.runs.run import Outcome
    from scenarios import Loaded


@dataclass(frozen=True)
class Shown:
    """What a person asked to see."""

    quiet: bool
    as_json: bool


def plan(
    loaded: "Loaded", store: str | None, workers: int | None, as_json: bool, *, tried: bool
) -> None:
    """Say what a calibration would do, and refuse what is certain to fail."""
    from ensemble.commands import console
    from ensemble.planning import feasibility
    from ensemble.planning.calibrating import plan_calibration
    from ensemble.runs import calibrate

    if tried:
        text = "--measure and --try have no meaning of a calibration; leave them out"
        raise PlanError(text)
    planned = plan_calibration(loaded, store=store)
    summary = calibrate.summary(planned, workers or feasibility.asked_workers(loaded))
    print_json(summary) if as_json else console.print_plan(summary)
    calibrate.refuse_if_impossible(planned)
    feasibility.refuse_if_hopeless(planned, "candidate")


def run(
    loaded: "Loaded",
    store: str | None,
    workers: int | None,
    accept_changes: str,
    shown: Shown,
    around: ExitStack,
) -> None:
    """Run a calibration into its store, and print what it found."""
    from ensemble.commands import console, progress
    from ensemble.planning import places
    from ensemble.planning.calibrating import plan_calibration
    from ensemble.runs import calibrate

    planned = plan_calibration(loaded, store=store)
    for remark in places.remarks(loaded, planned.path):
        warn(remark)
    silent = shown.quiet or shown.as_json
    with ExitStack() as waiting:
        stop = waiting.enter_context(stop_on_signals())
        outcome = calibrate.run_calibration(
            planned,
            workers=workers,
            progress=waiting.enter_context(progress.of_blocks(planned, silent=silent)),
            say=silence if silent else say,
            stop=stop,
            accept_changes=accept_changes,
            replaceable=REPLACEABLE in os.environ,
        )
    # Other ranks are let go before anything is printed.
    around.close()
    for warning in outcome.warnings:
        warn(warning)
    if shown.as_json:
        print_json(console.counted(planned, outcome, "searches"))
    elif not shown.quiet:
        _print(outcome)
    if not outcome.complete:
        fail(f"stopped early; nothing is lost. Go on with:\n  {this_command()}", RESUMABLE)
    _check_lost(outcome)


def _print(outcome: "Outcome") -> None:
    """Print what was found, once it is complete, and where it is."""
    from ensemble.commands import console
    from ensemble.store.reading import read
    from ensemble.tables import calibration

    tables = calibration.tables(read(outcome.path)) if outcome.complete else []
    console.end_with(tables, outcome, "apply")


def _check_lost(outcome: "Outcome") -> None:
    """Leave with the exit code of failures where a group has no result."""
    from ensemble.store.reading import read
    from ensemble.tables import calibration

    if lost := calibration.lost(read(outcome.path)):
        groups = "group has" if lost == 1 else "groups have"
        fail(f"{lost:,} {groups} no result: reasons are in calibration/reason", FAILED_MEMBERS)
