"""The ``soilsweep`` command. Heavy libraries are imported by the command that needs them."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ensemble.exits import FAILED_MEMBERS, RESUMABLE, USER

if TYPE_CHECKING:
    from ensemble.planning import Plan
    from scenarios import Loaded

app = typer.Typer(
    name="soilsweep",
    help="Very large ensembles of soil-carbon models: one YAML scenario in, one Zarr store out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ScenarioArgument = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A YAML file, or the name of a shipped scenario.")
]
StoreArgument = Annotated[Path, typer.Argument(metavar="STORE", help="The folder a run wrote.")]
SetOption = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="Override, such as design.n=500; repeatable."),
]
StoreOption = Annotated[
    Path | None, typer.Option("--store", help="Where the run goes, instead of the scenario's own.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def _load(scenario: str, settings: list[str]) -> "Loaded":
    import scenarios
    from ensemble.requests import check_statistics

    return scenarios.load(scenario, settings=settings, checks=[check_statistics])


@app.command()
def init(
    name: Annotated[str, typer.Argument(help="Name of the new scenario.")] = "",
    template: Annotated[
        str, typer.Option("--from", help="A shipped scenario to start from.")
    ] = "tau-constraint",
    list_: Annotated[
        bool, typer.Option("--list", help="List kernels, designs, readers and scenarios.")
    ] = False,
) -> None:
    """Write NAME.yaml, a commented scenario to edit.

    Example: soilsweep init my-study && soilsweep run my-study.yaml
    """
    from ensemble import console

    if list_:
        console.print_inventory()
        return
    from scenarios import write_template

    if not name:
        raise typer.BadParameter("say a name, or --list", param_hint="NAME")
    path = write_template(name, template)
    typer.echo(f"wrote {path}; edit it, then: soilsweep run {path}")


@app.command()
def validate(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO")] = "",
    settings: SetOption = [],  # noqa: B006
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of scenarios.")
    ] = False,
) -> None:
    """Check a scenario's words without opening its data; all problems at once.

    Example: soilsweep validate my-study.yaml --set design.cross.0.n=500
    """
    if schema:
        from scenarios import Scenario

        typer.echo(json.dumps(Scenario.model_json_schema(), indent=2))
        return
    if not scenario:
        raise typer.BadParameter("say a scenario, or --schema", param_hint="SCENARIO")
    loaded = _load(scenario, settings)
    typer.echo(f"{loaded.source}: no problems")


@app.command()
def plan(
    scenario: ScenarioArgument,
    settings: SetOption = [],  # noqa: B006
    store: StoreOption = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Workers to plan for.")] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Time some members instead of trusting the kernel.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Open the data, count members and blocks, estimate time, memory and disk. Writes nothing.

    Example: soilsweep plan tau-constraint --measure
    """
    from ensemble import console, planning

    planned = planning.plan(_load(scenario, settings), store=store)
    summary = planning.summary(planned, workers or _cores(), measure=measure)
    typer.echo(json.dumps(summary)) if as_json else console.print_plan(summary)
    planning.refuse_if_impossible(planned, workers or _cores())


@app.command()
def run(
    scenario: ScenarioArgument,
    settings: SetOption = [],  # noqa: B006
    store: StoreOption = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads; default: cores.")] = None,
    accept_changes: Annotated[
        str, typer.Option(metavar="REASON", help="Go on although scenario, data or code changed.")
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no table.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a scenario into its store; on a store that is begun, run what is missing.

    Example: soilsweep run tau-constraint --store runs/tau.zarr
    """
    from ensemble import console, engine, planning

    planned = planning.plan(_load(scenario, settings), store=store)
    stop = _stop_on_signals(planned)
    silent = quiet or as_json
    with console.progress(planned, silent=silent) as tell:
        outcome = engine.run(
            planned, workers=workers, progress=tell, stop=stop, accept_changes=accept_changes
        )
    for warning in outcome.warnings:
        console.warn(warning)
    if as_json:
        typer.echo(json.dumps(console.outcome_summary(outcome)))
    elif not quiet:
        console.print_outcome(planned, outcome)
    if not outcome.complete:
        raise typer.Exit(RESUMABLE)
    if outcome.failed_share > planned.scenario.failed_limit:
        console.warn(
            f"{outcome.failed} members failed ({outcome.failed_share:.2%}), more than "
            f"failed_limit {planned.scenario.failed_limit:.2%}; see `soilsweep status {outcome.path}`"
        )
        raise typer.Exit(FAILED_MEMBERS)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _stop_on_signals(planned: "Plan") -> Callable[[], bool]:
    """Return a flag that Ctrl-C and SIGTERM raise; a second one ends the process at once."""
    asked: list[int] = []

    def ask(number: int, frame: Any) -> None:
        if asked:
            os._exit(RESUMABLE)
        asked.append(number)
        command = " ".join(["soilsweep", *sys.argv[1:]])
        message = (
            f"\nstopping after the running blocks; nothing is lost. Go on with:\n  {command}\n"
        )
        os.write(2, message.encode())

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return lambda: bool(asked)


@app.command()
def status(store: StoreArgument, as_json: JsonOption = False) -> None:
    """Show blocks done, rate and failures of a run, also while it runs.

    Example: soilsweep status runs/tau-constraint.zarr --json
    """
    from ensemble import console
    from ensemble.progress import summary

    found = summary(store)
    typer.echo(json.dumps(found)) if as_json else console.print_status(found)


@app.command()
def report(
    store: StoreArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page; default STORE.html.")
    ] = None,
) -> None:
    """Write one self-contained HTML page: scenario, provenance, failures, tables, figures.

    Example: soilsweep report runs/tau-constraint.zarr -o tau.html
    """
    from ensemble.report import write_report

    path = write_report(store, output or store.with_suffix(".html"))
    typer.echo(f"wrote {path}")


@app.command()
def analyze(store: StoreArgument, as_json: JsonOption = False) -> None:
    """Compute the design's sensitivity indices or variance shares of every response.

    Results go into the store's group sensitivity/.
    Example: soilsweep analyze runs/tau-constraint.zarr
    """
    from ensemble import console
    from ensemble.sensitivity import analyze_store

    found = analyze_store(store)
    typer.echo(json.dumps(found)) if as_json else console.print_analysis(found)


@app.command()
def replay(
    store: StoreArgument,
    member: Annotated[str, typer.Argument(help="FORCING/LOCATION/SAMPLE, names or numbers.")],
    as_json: JsonOption = False,
) -> None:
    """Run one member again, from the store alone, and compare its bytes.

    Example: soilsweep replay runs/tau-constraint.zarr S01/global/42
    """
    from ensemble import console, launch, verifying

    opened = launch.read_store(store)
    again = verifying.replay(opened, verifying.parse_member(member, opened))
    typer.echo(verifying.as_json(again)) if as_json else console.print_replay(again)
    if again.differences:
        raise typer.Exit(FAILED_MEMBERS)


@app.command()
def verify(
    store: StoreArgument,
    rerun: Annotated[int, typer.Option(min=0, help="Rerun so many random members.")] = 0,
    repair: Annotated[bool, typer.Option("--repair", help="Run damaged blocks again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Recompute every checksum of a store.

    Example: soilsweep verify runs/tau-constraint.zarr --rerun 20
    """
    from ensemble import console, launch, verifying

    verdict = verifying.verify(launch.read_store(store), rerun=rerun, repair=repair)
    typer.echo(json.dumps(vars(verdict))) if as_json else console.print_verdict(verdict)
    if verdict.damage and not (repair and verdict.repaired):
        raise typer.Exit(FAILED_MEMBERS)


def main() -> None:
    """Run the command line; every expected error is one message and an exit code."""
    from scenarios import ScenarioError

    try:
        app()
    except ScenarioError as error:
        count = len(error.problems)
        _fail(f"{error.source}: {count} problem{'s' * (count > 1)}\n{error}", USER)
    except ValueError as error:
        from ensemble.store import PlanError

        if not isinstance(error, PlanError):
            raise
        _fail(str(error), USER)
    except RuntimeError as error:
        from ensemble.engine import StoppedEarly

        if not isinstance(error, StoppedEarly):
            raise
        _fail(f"{error}\n  soilsweep {' '.join(sys.argv[1:])}", RESUMABLE)
    except OSError as error:
        _fail(f"{error.filename or 'file'}: {error.strerror}", USER)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"{message}\n")
    sys.exit(code)
