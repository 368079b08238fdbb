"""Commands of a scenario: init, validate, plan, run."""

import json
import os
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ensemble.commands.arguments import (
    AcceptOption,
    DataOption,
    JsonOption,
    ScenarioArgument,
    SetOption,
    StoreOption,
    WorkersOption,
    load,
    print_json,
    say_new_name,
)
from ensemble.commands.ending import fail
from ensemble.commands.stopping import stop_on_signals, this_command
from ensemble.errors import FAILED_MEMBERS, RESUMABLE
from ensemble.printing import say, silence, warn
from ensemble.processes import REPLACEABLE

if TYPE_CHECKING:
    from ensemble.planning.plan import Plan


def init(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the new scenario: NAME.yaml.")
    ] = "",
    template: Annotated[
        str, typer.Option("--from", metavar="NAME", help="A shipped scenario to start from.")
    ] = "",
    kernel: Annotated[
        str, typer.Option(metavar="NAME", help="Start from a kernel: its words, drivers, ranges.")
    ] = "",
    reader: Annotated[
        str, typer.Option(metavar="NAME", help="Of the kernel's drivers; default: site_table.")
    ] = "",
    design: Annotated[
        str, typer.Option(metavar="NAME", help="Of its parameters; default: latin_hypercube.")
    ] = "",
    from_problem: Annotated[
        Path | None,
        typer.Option(
            "--from-problem",
            metavar="FILE",
            help="Ranges: a SALib problem (.json), or CSV with parameter, minimum, maximum.",
        ),
    ] = None,
    own_kernel: Annotated[
        bool, typer.Option("--own-kernel", help="With a model of your own, in Python, to edit.")
    ] = False,
    own_program: Annotated[
        bool, typer.Option("--own-program", help="With a program of your own, a shell script.")
    ] = False,
    list_: Annotated[
        bool, typer.Option("--list", help="List plug-ins of every kind, and scenarios.")
    ] = False,
) -> None:
    """Write NAME.yaml, a commented scenario to edit: a shipped one, or one for a kernel."""
    if list_:
        from ensemble.commands.describe import print_inventory

        print_inventory()
        return
    from scenarios import write_new, write_template

    if not name:
        raise typer.BadParameter("say a name, or --list", param_hint="NAME")
    if own_kernel or own_program:
        others = (template, kernel, design, from_problem, own_kernel and own_program)
        if any(others) or (own_program and reader):
            text = "stands alone: without --from, --kernel or the other of the two"
            raise typer.BadParameter(text, param_hint="--own-kernel or --own-program")
        _init_own(Path(name), reader, program=own_program)
        return
    if not kernel:
        if reader or design or from_problem:
            raise typer.BadParameter("say a kernel, too: --kernel NAME", param_hint="init")
        path = write_template(name, template or "tau-constraint")
        say_new_name(template)
        typer.echo(f"wrote {path}; edit it, then: soilsweep run {shlex.quote(str(path))}")
        return
    if template:
        raise typer.BadParameter("say either --from or --kernel", param_hint="init")
    from ensemble.describing.drafting import SAMPLES, SITES, Draft
    from ensemble.describing.problems import read_ranges

    ranges = read_ranges(from_problem) if from_problem else None
    draft = Draft(Path(name).stem, kernel, reader or SITES, design or SAMPLES, ranges)
    paths = write_new(Path(name).parent, draft.files())
    shown = shlex.quote(str(paths[0]))
    typer.echo(
        f"wrote {' and '.join(map(str, paths))}; fill in the data, then: soilsweep plan {shown}"
    )


def _init_own(name: Path, reader: str, *, program: bool) -> None:
    """Write a scenario beside a model of one's own, and say how it is run."""
    from ensemble.describing.own import MODULE, READERS, TABLE, own_kernel, own_program
    from scenarios import write_new

    if reader not in ("", *READERS):
        text = f"{reader!r} reads no file that one is begun with; needed {' or '.join(READERS)}"
        raise typer.BadParameter(f"{text}, or change the scenario then", param_hint="--reader")
    files = own_program(name.stem) if program else own_kernel(name.stem, reader or TABLE)
    paths = write_new(name.parent, files)
    shown, folder = shlex.quote(str(paths[0])), shlex.quote(str(name.parent))
    found = "" if program else f"PYTHONPATH={folder} "
    typer.echo(f"wrote {', '.join(map(str, paths))}; edit them, then: {found}soilsweep run {shown}")
    if not program:
        typer.echo(f"after each change of the model: {found}soilsweep check kernel {MODULE}")


def validate(
    scenario: Annotated[
        str,
        typer.Argument(metavar="SCENARIO", help="A YAML file, or the name of a shipped scenario."),
    ] = "",
    settings: SetOption = [],  # noqa: B006
    data: DataOption = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of scenarios, for editors.")
    ] = False,
) -> None:
    """Check a scenario's words without opening its data; all problems at once.

    Those of `with_data:`, too, whether or not real data is asked for. Files that are not here are
    named, and are no problem of the words.
    """
    if schema:
        from scenarios import json_schema

        dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        words, refused = json_schema()
        for reason in refused:
            typer.echo(reason, err=True)
        typer.echo(json.dumps({**dialect, **words}, indent=2))
        return
    if not scenario:
        raise typer.BadParameter("say a scenario, or --schema", param_hint="SCENARIO")
    from scenarios.needed import absent

    loaded = load(scenario, settings, data, both_faces=True)
    lost = absent(loaded)
    typer.echo(f"{loaded.source}: {'its words have ' if lost else ''}no problems")
    if lost:
        typer.echo("not here, and a plan or a run would be refused:")
        for problem in lost:
            typer.echo(f"  - {problem.render(loaded.source)}")


def plan(
    scenario: ScenarioArgument,
    settings: SetOption = [],  # noqa: B006
    data: DataOption = None,
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

    loaded = load(scenario, settings, data)
    if loaded.calibration is not None:
        from ensemble.commands import calibrations

        calibrations.plan(loaded, store, workers, as_json, tried=measure or try_)
        return
    planned = planning.plan(loaded, store=store)
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


def run(
    scenario: ScenarioArgument,
    settings: SetOption = [],  # noqa: B006
    data: DataOption = None,
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
    from ensemble.commands import console, progress
    from ensemble.planning import places
    from ensemble.planning import plan as planning
    from ensemble.runs import run as running

    loaded = load(scenario, settings, data)
    silent = quiet or as_json
    with ExitStack() as around:
        if loaded.execution.backend == "mpi" and not _leads(around):
            return
        if loaded.calibration is not None:
            from ensemble.commands import calibrations

            shown = calibrations.Shown(quiet, as_json)
            calibrations.run(loaded, store, workers, accept_changes, shown, around)
            return
        planned = planning.plan(loaded, store=store)
        for remark in places.remarks(loaded, planned.path):
            warn(remark)
        stop = around.enter_context(stop_on_signals())
        outcome = running.run(
            planned,
            workers=workers,
            progress=around.enter_context(progress.of_members(planned, silent=silent)),
            say=silence if silent else say,
            stop=stop,
            accept_changes=accept_changes,
            replaceable=REPLACEABLE in os.environ,
            try_first=not no_try,
        )
    for warning in outcome.warnings:
        warn(warning)
    if as_json:
        print_json(console.outcome_summary(planned, outcome))
    elif not quiet:
        console.print_outcome(planned, outcome)
    if not outcome.complete:
        fail(f"stopped early; nothing is lost. Go on with:\n  {this_command()}", RESUMABLE)
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
        fail(
            f"{failed} members failed ({share:.2%}), more than failed_limit {limit:.2%}; "
            f"see `soilsweep status {planned.path}`",
            FAILED_MEMBERS,
        )
