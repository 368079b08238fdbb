"""The command that holds models against observations without running any: evaluate."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ensemble.commands.arguments import (
    DataOption,
    JsonOption,
    SetOption,
    StoreOption,
    print_json,
)


def evaluate(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A YAML file with models: and evaluation:, or a shipped name; with --with a "
            "finished run.",
        ),
    ],
    with_file: Annotated[
        Path | None,
        typer.Option(
            "--with", metavar="FILE", help="Score the stored members of a run by its evaluation:."
        ),
    ] = None,
    settings: SetOption = [],  # noqa: B006
    data: DataOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold models that are there already against observations, and print their scores.

    Maps of other people's models go through the benchmarks of evaluation:, as the members of a
    run do. Results go into a store of their own, group evaluation/; those of a run with --with
    into its group evaluated/.
    """
    if with_file is not None:
        if settings or data is not None or store is not None:
            raise typer.BadParameter("takes no --set, --data or --store", param_hint="--with")
        _of_run(Path(file), with_file, as_json)
        return
    from ensemble.commands.tables import print_table
    from ensemble.evaluation.evaluating import evaluate as run
    from ensemble.evaluation.storing import refuse_others, write
    from ensemble.evaluation.tables import tables
    from ensemble.members.stored import REAL
    from scenarios import evaluated

    loaded = evaluated.load(file, settings=settings, data=False if data is None else data)
    path = Path(store or loaded.store)
    refuse_others(path)
    found = run(loaded)
    write(found, path)
    if as_json:
        print_json({"store": str(path), "synthetic": found.synthetic, "scores": _plain(found)})
        return
    typer.echo(f"synthetic data: {found.synthetic}" if found.synthetic else REAL)
    for table in tables(found):
        print_table(table)
    typer.echo(f"\n{path}: open it with xarray.open_datatree({str(path)!r})")


def _of_run(path: Path, with_file: Path, as_json: bool) -> None:
    """Score the stored members of a run, and print it."""
    from ensemble.commands.tables import print_table
    from ensemble.members.stored import data_of, read_ensemble
    from ensemble.runs.evaluate import evaluate_store

    tables = evaluate_store(path, with_file)
    if as_json:
        records = [record for table in tables for record in table.records]
        print_json({"store": str(path), "scores": records, **data_of(read_ensemble(path))})
        return
    for table in tables:
        print_table(table)


def _plain(found: Any) -> list[dict[str, Any]]:
    """Return every score for programs."""
    return [
        {
            "model": model,
            "benchmark": benchmark,
            "score": score,
            "group": one.prepared.groups[k],
            "units": found.units(benchmark, about),
            "value": float(value),
        }
        for benchmark, score, about in found.scored()
        for model, one in found.of(benchmark).items()
        for k, value in enumerate(one.scores[score])
    ]
