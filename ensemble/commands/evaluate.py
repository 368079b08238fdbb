"""The command that holds models against observations without running any: evaluate."""

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
            metavar="FILE", help="A YAML file with models: and evaluation:, or a shipped name."
        ),
    ],
    settings: SetOption = [],  # noqa: B006
    data: DataOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold models that are there already against observations, and print their scores.

    Maps of other people's models go through the benchmarks of evaluation:, as the members of a
    run do. Results go into a store of their own, group evaluation/.
    """
    from pathlib import Path

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
    typer.echo(found.synthetic or REAL)
    for table in tables(found):
        print_table(table)
    typer.echo(f"\n{path}: open it with xarray.open_datatree({str(path)!r})")


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
        for model in found.models
        for one in [found.found[model, benchmark]]
        for k, value in enumerate(one.scores[score])
    ]
