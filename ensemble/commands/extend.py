"""The command that grows a design: extend."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ensemble.commands.arguments import JsonOption, StoreArgument, WorkersOption, print_json
from ensemble.commands.ending import fail
from ensemble.commands.stopping import stop_on_signals, this_command
from ensemble.errors import FAILED_MEMBERS, RESUMABLE
from ensemble.printing import say, silence, warn
from ensemble.processes import REPLACEABLE

if TYPE_CHECKING:
    from ensemble.farming.farm import Progress
    from ensemble.planning.plan import Plan
    from ensemble.runs.extend import Extension


def extend(
    store: StoreArgument,
    until: Annotated[
        float, typer.Option(metavar="WIDTH", help="Largest half width of an interval to accept.")
    ],
    of: Annotated[
        list[str],
        typer.Option("--of", metavar="NAME", help="A response, or an output; repeatable."),
    ] = [],  # noqa: B006
    index: Annotated[
        str, typer.Option(metavar="INDEX", help="mu_star (Morris), ST (Sobol, default), S1 or S2.")
    ] = "",
    relative: Annotated[
        bool,
        typer.Option("--relative", help="WIDTH is a share of the largest index, such as 0.05."),
    ] = False,
    most: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="No more trajectories or base samples than this."),
    ] = None,
    workers: WorkersOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no table.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Grow a finished Morris or Sobol run until its confidence intervals are narrow enough.

    Members that were run are kept; the store becomes that of the longer design. Stopped or
    killed, the same command goes on.
    """
    from ensemble.commands import console, progress
    from ensemble.members.stored import data_of
    from ensemble.runs import extend as extending
    from ensemble.store.reading import read as read_store

    silent = quiet or as_json

    @contextmanager
    def shown(planned: "Plan") -> Iterator["Progress | None"]:
        with progress.of_members(planned, silent=silent) as tell:
            yield tell

    with stop_on_signals() as stop:
        extension = extending.extend(
            store,
            until=until,
            of=of,
            index=index,
            relative=relative,
            most=most,
            workers=workers,
            progress=shown,
            say=silence if silent else say,
            stop=stop,
            replaceable=REPLACEABLE in os.environ,
        )
    for warning in extension.warnings:
        warn(warning)
    if as_json:
        print_json({**summary(extension), **data_of(read_store(extension.path))})
    elif not quiet:
        console.print_extension(extension)
    if not extension.complete:
        fail(f"stopped early; nothing is lost. Go on with:\n  {this_command()}", RESUMABLE)
    if not extension.reached:
        width = extension.steps[-1].width
        fail(
            f"{extension.index} of {width.where}: half width {width.value:.3g}, needed {until:g}; "
            "it may not grow more: say a higher --most, or a wider --until",
            FAILED_MEMBERS,
        )


def summary(extension: "Extension") -> dict[str, Any]:
    """Return what was done, for programs."""
    steps = [
        {
            "units": step.length,
            "members": step.members,
            "half_width": step.width.value,
            "where": step.width.where,
            "rows_known": step.width.known,
            "rows": step.width.rows,
            "reused": step.reused,
            "rerun": step.rerun,
        }
        for step in extension.steps
    ]
    return {
        "store": str(extension.path),
        "index": extension.index,
        "until": extension.until,
        "relative": extension.relative,
        "reached": extension.reached,
        "complete": extension.complete,
        "steps": steps,
        "warnings": extension.warnings,
    }
