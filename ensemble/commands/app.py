"""The ``soilsweep`` command. Heavy libraries are imported by the command that needs them."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Annotated

import typer

from ensemble.commands import (
    checking,
    citing,
    describe,
    evaluate,
    extend,
    jobs,
    managing,
    prepare,
    scenarios,
    stores,
    warm,
)
from ensemble.commands.arguments import Command
from ensemble.commands.ending import end, seldom_looked_through


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
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


COMMANDS: tuple[tuple[Callable[..., None], tuple[str, ...]], ...] = (
    (scenarios.init, ("init my-study", "run my-study.yaml")),
    (
        describe.describe,
        (
            "describe kernel mimics --set mode=transient",
            "describe reader site_table",
            "describe designs --json",
        ),
    ),
    (checking.check, ("check kernel models.one_pool",)),
    (
        scenarios.validate,
        (
            "validate my-study.yaml --set design.cross.0.n=500",
            "validate --schema > scenario.schema.json",
        ),
    ),
    (
        scenarios.plan,
        (
            "plan tau-constraint --measure",
            "plan my-study.yaml --set design.cross.0.n=5000 --workers 32 --json",
        ),
    ),
    (
        scenarios.run,
        (
            "run tau-constraint",
            "run tau-constraint --data ../shared/data",
            "run my-study.yaml --store runs/other.zarr --set seed=7 --workers 8",
        ),
    ),
    (
        evaluate.evaluate,
        (
            "evaluate casa-2000-2010",
            "evaluate casa-2000-2010 --data ../shared/data",
        ),
    ),
    (
        stores.report,
        ("report runs/tau-constraint.zarr", "report runs/tau-constraint.zarr -o tau.html"),
    ),
    (
        stores.apply,
        (
            "apply runs/mimics-calibration.zarr",
            "apply runs/mimics-calibration.zarr -o calibrated.yaml",
        ),
    ),
    (
        stores.analyze,
        ("analyze runs/tau-constraint.zarr", "analyze runs/tau-constraint.zarr --json"),
    ),
    (
        stores.export,
        (
            "export runs/my-study.zarr --to netcdf --members best:20 --by rmse",
            "export runs/my-study.zarr --to netcdf --for ilamb --members control",
        ),
    ),
    (
        stores.replay,
        (
            "replay runs/tau-constraint.zarr S01/global/42",
            "replay runs/my-study.zarr --best 20 --by rmse",
        ),
    ),
    (
        stores.verify,
        ("verify runs/tau-constraint.zarr --rerun 20", "verify runs/tau-constraint.zarr --repair"),
    ),
    (
        extend.extend,
        (
            "extend runs/my-study.zarr --until 0.05 --relative",
            "extend runs/my-study.zarr --until 2.5 --of d_soil --most 2000",
        ),
    ),
    (
        jobs.worker,
        (
            "worker runs/tau-constraint.zarr --workers 4",
            "worker runs/tau-constraint.zarr --until 2026-12-01T06:00",
        ),
    ),
    (prepare.prepare, ("prepare forest --data ../shared/data --flux rh",)),
    (warm.warm, ("warm my-study.yaml", "warm two_box")),
    (
        jobs.submit,
        (
            "submit my-study.yaml --set execution.jobs=20 --set execution.time=04:00:00",
            "submit my-study.yaml --emit-script --for pbs > workers.pbs",
        ),
    ),
    (jobs.cancel, ("cancel runs/my-study.zarr",)),
    (jobs.status, ("status runs/my-study.zarr --watch", "status runs/tau-constraint.zarr --json")),
    (managing.runs, ("runs", "runs /scratch/me/runs --json")),
    (managing.compare, ("compare runs/before.zarr runs/after.zarr",)),
    (citing.cite, ("cite runs/tau-constraint.zarr > references.bib",)),
)
"""Every command in the order of the help, with the examples at the end of its own."""

for command, examples in COMMANDS:
    app.command(cls=Command, epilog=_examples(*examples))(command)


def main() -> None:
    """Run the command line; nothing that it prints acts upon the terminal."""
    from ensemble.printing import announced, guarded

    with seldom_looked_through(), guarded(), announced() if sys.stderr.isatty() else nullcontext():
        # Not standalone: what to say of Ctrl-C and of errors is ours.
        end(lambda: app(standalone_mode=False))
