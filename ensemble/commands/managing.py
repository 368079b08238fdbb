"""Commands of several stores: what there is, and what differs between two."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ensemble.commands.arguments import JsonOption, StoreArgument, print_json
from ensemble.printing import put
from scenarios import and_more, most_named

MOST_ARRAYS = 12
"""Arrays that differ of which a line is printed; --json has all."""


def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where runs are; those below it are listed.")
    ] = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """List the stores of a folder: scenario, state, members, failures, size, age."""
    from ensemble.commands.standing import duration
    from ensemble.commands.tables import print_table
    from ensemble.planning.notices import size
    from ensemble.runs.listing import plain, stores
    from ensemble.tables.responses import Table

    found = stores(folder)
    if as_json:
        print_json([plain(one) for one in found])
        return
    if not found:
        put(f"{folder}: no store; `soilsweep run` writes one")
        return
    header = ["store", "scenario", "state", "members", "failed", "size", "written"]
    rows = [
        [
            str(one.store.relative_to(folder)) if one.store != folder else str(folder),
            one.scenario,
            one.state,
            # A calibration has candidates and an evaluation models, neither of them members.
            f"{one.members:,}" if one.members else "-",
            f"{one.failed:,}" if one.members else "-",
            size(one.nbytes),
            f"{duration(one.age)} ago",
        ]
        for one in found
    ]
    notes = [one.why for one in found if one.why]
    print_table(Table(f"{len(found)} in {folder}", header, rows, notes))


def compare(
    first: StoreArgument,
    second: Annotated[Path, typer.Argument(metavar="STORE", help="The folder of another run.")],
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two runs: scenario, kernel, data, libraries, and numbers.

    What "was" is of the first store, what "is now" of the second.
    """
    from ensemble.commands.tables import print_table
    from ensemble.runs.compare import compare as compared
    from ensemble.tables.responses import Table

    found = compared(first, second)
    if as_json:
        print_json(asdict(found))
        return
    what = "bytes in all blocks" if found.of_members else "numbers"
    put(f"the same {what}" if found.same else f"{'blocks' if found.of_members else what} differ")
    for heading, texts in (
        ("scenario", found.asked),
        ("code and data", found.code),
        ("arrays", found.shapes),
    ):
        lines = [f"{heading}:", *(f"  {text}" for text in texts)]
        put(*(lines if texts else [f"{heading}: no difference"]))
    put(f"numbers: {len(found.numbers)} arrays differ, {found.equal} do not")
    if found.unpaired:
        put(
            f"samples of one number have other parameters: {len(found.unpaired)} arrays of members "
            "are not compared (--json names them), statistics are"
        )
    if found.scores:
        names = ["benchmark", "score", "model", "was", "is now"]
        shown_scores = found.scores[: most_named(MOST_ARRAYS)]
        more = and_more(len(found.scores) - len(shown_scores), "scores").strip()
        print_table(
            Table("Scores over all", names, list(map(list, shown_scores)), [more] * bool(more))
        )
    if not found.numbers:
        return
    header = ["array", "unlike", "of", "only in one", "largest", "units", "relative"]
    shown = found.numbers[:MOST_ARRAYS]
    rows = [
        [
            one.array,
            f"{one.unlike:,}",
            f"{one.count:,}",
            f"{one.missing:,}",
            f"{one.largest:.3g}",
            one.units or "-",
            f"{one.relative:.3g}",
        ]
        for one in shown
    ]
    left = len(found.numbers) - len(shown)
    notes = [f"and {left} more arrays: the same command with --json has all"] if left else []
    print_table(Table("Largest differences", header, rows, notes))
