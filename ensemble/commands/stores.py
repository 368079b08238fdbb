"""Commands of a store: report, analyze, replay, verify."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from ensemble.commands.arguments import (
    JsonOption,
    StoreArgument,
    WorkersOption,
    print_json,
)
from ensemble.commands.ending import fail
from ensemble.errors import FAILED_MEMBERS, RESUMABLE
from ensemble.printing import warn
from ensemble.report import FORMATS


def apply(
    store: StoreArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The scenario; default: RUN-applied.yaml here."
        ),
    ] = None,
) -> None:
    """Write a table of what a calibration found, by location, and a scenario with it.

    Its control members have the best parameters; the design changes each by a quarter, and any
    other may stand in its place.
    """
    from ensemble.runs.apply import apply as write

    named = store.absolute() if store == Path() else store
    written = write(store, output or Path(f"{named.name.removesuffix('.zarr')}-applied.yaml"))
    for remark in written.remarks:
        warn(remark)
    typer.echo(f"wrote {written.table}")
    typer.echo(
        f"wrote {written.scenario}; then: soilsweep run {shlex.quote(str(written.scenario))}"
    )


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
            help="Import kernel, design and statistics that are not ours: an unfinished run and an "
            "analysis that is not stored need them.",
        ),
    ] = False,
    locations: Annotated[
        list[str],
        typer.Option(
            "--at",
            metavar="LOCATION",
            help="With figures and tables of its own; repeatable, or all. Default: some, evenly.",
        ),
    ] = [],  # noqa: B006
    pictures: Annotated[
        Path | None,
        typer.Option(
            "--figures", metavar="DIR", help="Every figure as a file, too, with its numbers as CSV."
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="Of these files: svg, pdf or png.")
    ] = "svg",
) -> None:
    """Write one self-contained HTML page: scenario, provenance, failures, tables, figures.

    Each figure can be taken from the page as SVG, and its numbers as CSV.
    """
    if output and output.is_dir():
        raise typer.BadParameter(f"{output} is a folder; name a file in it", param_hint="--output")
    if form not in FORMATS:
        text = f"found {form!r}; needed {', '.join(FORMATS)}"
        raise typer.BadParameter(text, param_hint="--format")
    if pictures and pictures.exists() and not pictures.is_dir():
        raise typer.BadParameter(f"{pictures} is a file; needed a folder", param_hint="--figures")
    from ensemble.report import write_report

    named = store.absolute() if store == Path() else store
    default = named.with_name(f"{named.name.removesuffix('.zarr')}.html")
    page = write_report(
        store, output or default, import_kernel=import_kernel, locations=locations,
        pictures=pictures, form=form,
    )  # fmt: skip
    typer.echo(f"wrote {page}")
    if pictures:
        typer.echo(f"wrote figures, their numbers and captions.txt into {pictures}")


def analyze(
    store: StoreArgument,
    rows: Annotated[
        bool, typer.Option("--rows", help="Print each layer and year of outputs, not their means.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute the design's sensitivity indices or variance shares of every response.

    Indices of every stored output too, for each location, layer and year. Results go into
    the store's groups sensitivity/ and variance/.
    """
    from ensemble.commands import console
    from ensemble.runs.analyze import analyze_store

    tables = analyze_store(store, every_row=rows)
    print_json(tables) if as_json else console.print_analysis(tables)


def export(
    store: StoreArgument,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="netcdf, zarr or csv.")],
    members: Annotated[
        str, typer.Option(metavar="WHICH", help="control, all, or best:20 with --by.")
    ] = "all",
    by: Annotated[
        str, typer.Option(metavar="NAME", help="Response, sum over space or score.")
    ] = "",
    outputs: Annotated[
        list[str], typer.Option("--only", metavar="OUTPUT", help="Repeatable; default: all.")
    ] = [],  # noqa: B006
    program: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="PROGRAM",
            help="ilamb: a folder of its files; two_box: turnover times by class.",
        ),
    ] = "",
    years: Annotated[
        tuple[int, int] | None,
        typer.Option(metavar="FIRST LAST", help="Of outputs without time, for ilamb."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PATH", help="Default: beside STORE.")
    ] = None,
) -> None:
    """Write members of a run for other programs: CF's NetCDF, an archive, tables."""
    from ensemble.export.exporting import export as write
    from ensemble.export.selecting import Members

    chosen = Members(members, by)
    for path in write(
        store, to, chosen, outputs=outputs, output=output, program=program, years=years
    ):
        typer.echo(f"wrote {path}")


def replay(
    store: StoreArgument,
    member: Annotated[
        str | None,
        typer.Argument(metavar="[MEMBER]", help="FORCING/LOCATION/SAMPLE, names or numbers."),
    ] = None,
    best: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Run the N best samples into a store of their own."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(metavar="NAME", help="For --best: a response, sum over space or score."),
    ] = "",
    better: Annotated[
        str,
        typer.Option(metavar="WHICH", help="smaller, larger, nearest-0, nearest-1; as NAME says."),
    ] = "",
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="For --best: of models side by side, this one.")
    ] = "",
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="STORE", help="For --best; default: STORE-best.zarr."),
    ] = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run one member again, from the store alone, and compare its bytes.

    With --best, run the best samples once more with whole outputs, as a run of its own; with
    neither, those that its scenario keeps (keep: in evaluation:).
    """
    if (member is not None and best is not None) or bool(best) != bool(by):
        raise typer.BadParameter("needed a MEMBER, or --best N --by NAME")
    if member is None:
        wanted = (best, by, model) if best is not None else _kept(store)
        _replay_best(store, wanted, better.replace("-", " "), into, workers, as_json)
        return
    from ensemble.commands import console
    from ensemble.members.quarantined import cases_of
    from ensemble.members.stored import data_of
    from ensemble.runs import verify as verifying
    from ensemble.store.reading import read as read_store

    opened = read_store(store)
    place = verifying.parse_member(member, opened)
    if case := cases_of(opened).get(place):
        warn(f"in quarantine, so this process may end or hang: {case.cause}")
    again = verifying.replay(opened, place)
    if as_json:
        print_json({**json.loads(verifying.as_json(again)), **data_of(opened)})
    else:
        console.print_replay(again)
    if again.differences:
        raise typer.Exit(FAILED_MEMBERS)


def _kept(store: Path) -> tuple[int, str, str]:
    """Return how many members a run's scenario keeps, by what, and of which model."""
    from ensemble.members.stored import read_ensemble

    scenario = read_ensemble(store).attrs["identity"]["scenario"]
    keep = (scenario.get("evaluation") or {}).get("keep")
    if keep is None:
        text = "needed a MEMBER, or --best N --by NAME; the scenario has no evaluation.keep:"
        raise typer.BadParameter(text)
    return int(keep["best"]), str(keep["by"]), str(keep["model"] or "")


def _replay_best(
    store: Path,
    wanted: tuple[int, str, str],
    better: str,
    into: Path | None,
    workers: int | None,
    plain: bool,
) -> None:
    """Run the best samples of a run into a store of their own, and say which they are."""
    from ensemble.commands import progress
    from ensemble.commands.stopping import stop_on_signals, this_command
    from ensemble.runs.best import rerun_best

    named = store.absolute() if store == Path() else store
    default = named.with_name(f"{named.name.removesuffix('.zarr')}-best.zarr")
    target = into or default
    silent = plain or not sys.stderr.isatty()
    count, by, model = wanted
    with stop_on_signals() as stop:
        found = rerun_best(
            store, count, by, target, better=better, model=model, workers=workers, stop=stop,
            progress=lambda plan: progress.of_members(plan, silent=silent),
        )  # fmt: skip
    ranking = found.ranking
    rows = [{"sample": int(k), by: float(v)} for k, v in
            zip(ranking.order[:count], ranking.values, strict=False)]  # fmt: skip
    if plain:
        print_json({"store": str(target), "complete": found.outcome.complete, "best": rows})
    else:
        of = f" of {model}" if model else ""
        typer.echo(f"{by}{of} [{ranking.units}], {ranking.better} is better; "
                   f"{ranking.left_out} samples have none")  # fmt: skip
        for k, row in enumerate(rows):
            typer.echo(f"{k}: sample {row['sample']}, {row[by]:.6g}")
        typer.echo(f"wrote {target}")
    if not found.outcome.complete:
        fail(f"stopped early; nothing is lost. Go on with:\n  {this_command()}", RESUMABLE)


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
    from ensemble.members.stored import data_of
    from ensemble.runs import verify as verifying
    from ensemble.store.reading import read as read_store

    opened = read_store(store)
    verdict = verifying.verify(opened, rerun=rerun, repair=repair)
    if as_json:
        print_json({**vars(verdict), **data_of(opened)})
    else:
        console.print_verdict(verdict)
    if verdict.damage and not (repair and verdict.repaired):
        raise typer.Exit(FAILED_MEMBERS)
