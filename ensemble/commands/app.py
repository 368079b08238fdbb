"""The ``soilsweep`` command. Heavy libraries are imported by the command that needs them."""

import json
import os
import re
import shlex
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ensemble.commands import extend as extend_command
from ensemble.commands import jobs as cluster_commands
from ensemble.commands import warm as warm_command
from ensemble.commands.arguments import (
    AcceptOption,
    JsonOption,
    ScenarioArgument,
    SetOption,
    StoreArgument,
    StoreOption,
    WorkersOption,
    load,
    print_json,
)
from ensemble.commands.stopping import stop_on_signals, this_command
from ensemble.errors import FAILED_MEMBERS, RESUMABLE, USER
from ensemble.printing import say, silence, warn
from ensemble.processes import RANKS, REPLACEABLE
from ensemble.store.room import out_of_room, why_not_written

if TYPE_CHECKING:
    from ensemble.planning.plan import Plan

RANK_SECONDS = 3.0

OF_OPTIONS = {
    r"Input should be a valid number.*": "needed a number",
    r"Input should be a valid integer.*": "needed a whole number",
    r"Input should be greater than or equal to (\S+)": r"needed \1 or more",
    r"Input should be less than or equal to (\S+)": r"needed \1 or less",
}
"""What typer says of an option's value, in words that are not those of a library, and ours."""

INTERRUPTED = 130
"""What typer returns after a Ctrl-C that no command of ours has caught."""


def _examples(*commands: str) -> str:
    """Return the end of a help text; after a backspace lines are shown as they stand."""
    return "\b\n" + "\n".join(["Examples:", *(f"  soilsweep {command}" for command in commands)])


app = typer.Typer(
    name="soilsweep",
    help="Very large ensembles of soil-carbon models: one YAML scenario in, one Zarr store out.\n\n"
    "Exit codes: 0 done; 2 the scenario or the command needs a correction, and nothing was "
    "written; 3 done, but members failed, bytes do not match or intervals stayed too wide; 75 "
    "stopped early, and the same command goes on.",
    epilog=_examples("init my-study", "run my-study.yaml", "report runs/my-study.zarr"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _command(*examples: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that adds a command, with examples at the end of its help."""
    return app.command(epilog=_examples(*examples))


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"soilsweep {version('soilsweep')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of every command."""


@_command("init my-study", "run my-study.yaml")
def init(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the new scenario: NAME.yaml.")
    ] = "",
    template: Annotated[
        str, typer.Option("--from", metavar="NAME", help="A shipped scenario to start from.")
    ] = "tau-constraint",
    list_: Annotated[
        bool, typer.Option("--list", help="List kernels, designs, readers and scenarios.")
    ] = False,
) -> None:
    """Write NAME.yaml, a commented scenario to edit."""
    from ensemble.commands import console

    if list_:
        console.print_inventory()
        return
    from scenarios import write_template

    if not name:
        raise typer.BadParameter("say a name, or --list", param_hint="NAME")
    path = write_template(name, template)
    typer.echo(f"wrote {path}; edit it, then: soilsweep run {shlex.quote(str(path))}")


@_command(
    "validate my-study.yaml --set design.cross.0.n=500", "validate --schema > scenario.schema.json"
)
def validate(
    scenario: Annotated[
        str,
        typer.Argument(metavar="SCENARIO", help="A YAML file, or the name of a shipped scenario."),
    ] = "",
    settings: SetOption = [],  # noqa: B006
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of scenarios, for editors.")
    ] = False,
) -> None:
    """Check a scenario's words without opening its data; all problems at once."""
    if schema:
        from scenarios import json_schema

        dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        typer.echo(json.dumps({**dialect, **json_schema()}, indent=2))
        return
    if not scenario:
        raise typer.BadParameter("say a scenario, or --schema", param_hint="SCENARIO")
    loaded = load(scenario, settings)
    typer.echo(f"{loaded.source}: no problems")


@_command(
    "plan tau-constraint --measure",
    "plan my-study.yaml --set design.cross.0.n=5000 --workers 32 --json",
)
def plan(
    scenario: ScenarioArgument,
    settings: SetOption = [],  # noqa: B006
    store: StoreOption = None,
    workers: WorkersOption = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Time some members instead of trusting the kernel.")
    ] = False,
    try_: Annotated[
        bool, typer.Option("--try", help="Run control members and corners of the design, as `run`.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Open the data, count members and blocks, estimate time, memory and disk. Writes nothing.

    Drivers, defaults and the design are compared with the ranges that the kernel declares.
    """
    from ensemble.commands import console
    from ensemble.planning import feasibility, trial
    from ensemble.planning import plan as planning

    planned = planning.plan(load(scenario, settings), store=store)
    count = workers or feasibility.workers_of(planned)
    summary = feasibility.summary(planned, count, measure=measure)
    tried = trial.attempt(planned) if try_ and trial.may_be_tried(planned) else None
    if try_:
        summary["tried"] = trial.told(tried)
    print_json(summary) if as_json else console.print_plan(summary)
    feasibility.refuse_if_impossible(planned, count)
    feasibility.refuse_if_hopeless(planned)
    if tried is not None:
        trial.refuse_if_most_fail(planned, tried)


@_command(
    "run tau-constraint", "run my-study.yaml --store runs/other.zarr --set seed=7 --workers 8"
)
def run(
    scenario: ScenarioArgument,
    settings: SetOption = [],  # noqa: B006
    store: StoreOption = None,
    workers: WorkersOption = None,
    accept_changes: AcceptOption = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no table.")] = False,
    no_try: Annotated[
        bool, typer.Option("--no-try", help="Begin even if most members would fail.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a scenario into its store; on a store that is begun, run what is missing.

    A run that begins tries some members first, and stops if most of them fail.
    Ctrl-C or SIGTERM stops after the running blocks; the same command goes on from there.
    """
    from ensemble.commands import console
    from ensemble.planning import plan as planning
    from ensemble.runs import run as engine
    from ensemble.store import places

    loaded = load(scenario, settings)
    silent = quiet or as_json
    with ExitStack() as around:
        if loaded.execution.backend == "mpi" and not _leads(around):
            return
        planned = planning.plan(loaded, store=store)
        for remark in places.remarks(loaded, planned.path):
            warn(remark)
        stop = around.enter_context(stop_on_signals())
        outcome = engine.run(
            planned,
            workers=workers,
            progress=around.enter_context(console.progress(planned, silent=silent)),
            say=silence if silent else say,
            stop=stop,
            accept_changes=accept_changes,
            replaceable=REPLACEABLE in os.environ,
            try_first=not no_try,
        )
    for warning in outcome.warnings:
        warn(warning)
    if as_json:
        print_json(console.outcome_summary(outcome))
    elif not quiet:
        console.print_outcome(planned, outcome)
    if not outcome.complete:
        _fail(f"stopped early; nothing is lost. Go on with:\n  {this_command()}", RESUMABLE)
    _check_failures(planned, outcome.failed, outcome.failed_share)


def _leads(around: ExitStack) -> bool:
    """Return whether this is the rank that plans; the others run blocks until there is none."""
    from ensemble.farming.backends.parts import ranks

    ranks.end_with_launcher()
    ranks.refuse_singletons()
    if ranks.world().rank == 0:
        around.enter_context(ranks.leading())
        return True
    with stop_on_signals() as stop:
        ranks.follow(stop)
    return False


def _check_failures(planned: "Plan", failed: int, share: float) -> None:
    limit = planned.scenario.failed_limit
    if share > limit:
        _fail(
            f"{failed} members failed ({share:.2%}), more than failed_limit {limit:.2%}; "
            f"see `soilsweep status {planned.path}`",
            FAILED_MEMBERS,
        )


@_command("report runs/tau-constraint.zarr", "report runs/tau-constraint.zarr -o tau.html")
def report(
    store: StoreArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The page; default: STORE.html beside STORE."
        ),
    ] = None,
    import_kernel: Annotated[
        bool,
        typer.Option(
            "--import-kernel",
            help="Import the kernel's module, if it is not ours: an unfinished run needs it.",
        ),
    ] = False,
) -> None:
    """Write one self-contained HTML page: scenario, provenance, failures, tables, figures."""
    if output and output.is_dir():
        raise typer.BadParameter(f"{output} is a folder; name a file in it", param_hint="--output")
    from ensemble.report import write_report

    named = store.absolute() if store == Path() else store
    default = named.with_name(f"{named.name.removesuffix('.zarr')}.html")
    page = write_report(store, output or default, import_kernel=import_kernel)
    typer.echo(f"wrote {page}")


@_command("analyze runs/tau-constraint.zarr", "analyze runs/tau-constraint.zarr --json")
def analyze(
    store: StoreArgument,
    rows: Annotated[
        bool, typer.Option("--rows", help="Print each layer and year of outputs, not their means.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute the design's sensitivity indices or variance shares of every response.

    Indices of every stored output too, for each location, layer and year. Results go into
    the store's group sensitivity/.
    """
    from ensemble.analysis.indices import analyze_store
    from ensemble.commands import console

    found = analyze_store(store, every_row=rows)
    print_json(found) if as_json else console.print_analysis(found)


@_command(
    "replay runs/tau-constraint.zarr S01/global/42", "replay runs/tau-constraint.zarr 0/0/42 --json"
)
def replay(
    store: StoreArgument,
    member: Annotated[
        str, typer.Argument(metavar="MEMBER", help="FORCING/LOCATION/SAMPLE, names or numbers.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Run one member again, from the store alone, and compare its bytes."""
    from ensemble.commands import console
    from ensemble.runs import verify as verifying
    from ensemble.store.store import read as read_store

    opened = read_store(store)
    place = verifying.parse_member(member, opened)
    if case := opened.quarantined().get(place):
        warn(f"in quarantine, so this process may end or hang: {case.cause}")
    again = verifying.replay(opened, place)
    if as_json:
        print_json(json.loads(verifying.as_json(again)))
    else:
        console.print_replay(again)
    if again.differences:
        raise typer.Exit(FAILED_MEMBERS)


@_command("verify runs/tau-constraint.zarr --rerun 20", "verify runs/tau-constraint.zarr --repair")
def verify(
    store: StoreArgument,
    rerun: Annotated[
        int, typer.Option(min=0, metavar="N", help="Rerun so many random members.")
    ] = 0,
    repair: Annotated[bool, typer.Option("--repair", help="Run damaged blocks again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Recompute every checksum of a store."""
    from ensemble.commands import console
    from ensemble.runs import verify as verifying
    from ensemble.store.store import read as read_store

    verdict = verifying.verify(read_store(store), rerun=rerun, repair=repair)
    print_json(vars(verdict)) if as_json else console.print_verdict(verdict)
    if verdict.damage and not (repair and verdict.repaired):
        raise typer.Exit(FAILED_MEMBERS)


_command(
    "extend runs/my-study.zarr --until 0.05 --relative",
    "extend runs/my-study.zarr --until 2.5 --of d_soil --most 2000",
)(extend_command.extend)
_command("worker runs/tau-constraint.zarr --workers 4")(cluster_commands.worker)
_command("warm my-study.yaml", "warm two_box")(warm_command.warm)
_command("submit my-study.yaml --set execution.jobs=20 --set execution.time=04:00:00")(
    cluster_commands.submit
)
_command("cancel runs/my-study.zarr")(cluster_commands.cancel)
_command("status runs/my-study.zarr --watch", "status runs/tau-constraint.zarr --json")(
    cluster_commands.status
)


def main() -> None:
    """Run the command line; every expected error is one message and an exit code."""
    from ensemble.printing import guarded

    with guarded():
        _main()


def _main() -> None:
    from scenarios import ScenarioError

    try:
        # Not standalone: what to say of Ctrl-C and of errors is ours.
        code = app(standalone_mode=False)
    except ScenarioError as error:
        count = len(error.problems)
        _fail(f"{error.source}: {count} problems\n{error}" if count > 1 else str(error), USER)
    except (ValueError, RuntimeError) as error:
        _fail_if_expected(error)
        raise
    except MemoryError as error:
        _fail(f"not enough memory ({error}); ask for fewer rows, outputs or workers", USER)
    except OSError as error:
        _fail_of_system(error)
    except Exception as error:
        _fail_if_usage(error)
        raise
    if code == INTERRUPTED:
        _fail(f"\nstopped. Go on with:\n  {this_command()}", RESUMABLE)
    sys.exit(code or 0)


def _fail_if_expected(error: Exception) -> None:
    from ensemble.errors import PlanError, StoppedEarly

    if isinstance(error, PlanError):
        _fail(str(error), USER)
    if isinstance(error, StoppedEarly):
        _fail(f"{error}\n  {this_command()}", RESUMABLE)


def _fail_if_usage(error: Exception) -> None:
    """Say what typer says of a command line it does not understand."""
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if show and code is not None:
        for theirs, ours in OF_OPTIONS.items():
            error.message = re.sub(theirs, ours, getattr(error, "message", ""))  # type: ignore[attr-defined]
        show()
        sys.exit(code)


def _fail_of_system(error: OSError) -> None:
    place = error.filename or "a file"
    if out_of_room(error):
        _fail(f"{place}: {why_not_written(error)}\n  {this_command()}", RESUMABLE)
    _fail(f"{place}: {error.strerror or error}", USER)


def _fail(message: str, code: int) -> None:
    if all(os.environ.get(name, "0") == "0" for name in RANKS):
        sys.stderr.write(f"{message}\n")
    else:
        # Of many MPI ranks with the same problem, one says so; the first to go ends all.
        time.sleep(RANK_SECONDS)
    sys.exit(code)
