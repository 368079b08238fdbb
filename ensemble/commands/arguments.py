"""Arguments that several commands take, and how they read scenarios and print JSON."""

import json
import math
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from ensemble.printing import warn

if TYPE_CHECKING:
    from scenarios import Loaded

ScenarioArgument = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A YAML file, or the name of a shipped scenario.")
]
StoreArgument = Annotated[Path, typer.Argument(metavar="STORE", help="The folder a run wrote.")]
SetOption = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="Override, such as seed=7; repeatable."),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="[FOLDER]",
        help="Run on real data, as the scenario's with_data: says; the folder of its files, or "
        "that of $SOILSWEEP_DATA.",
    ),
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="STORE", help="Where the run goes, instead of the scenario's own."
    ),
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, max=1024, metavar="N", help="Threads; default: one per core.")
]
AcceptOption = Annotated[
    str, typer.Option(metavar="REASON", help="Go on although scenario, data or code changed.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


class Command(TyperCommand):
    """A command whose option ``--data`` may stand without its folder, before its scenario, too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments; ``--data`` at the end, or before an option, has an empty folder.

        So it has before the only word, which then is what to run: ``run --data SCENARIO``.
        """
        pairs = zip_longest(args, args[1:], fillvalue="-")
        words = ["--data=" if w == "--data" and then.startswith("-") else w for w, then in pairs]
        if "--data" in words and self._lacks_scenario(ctx, words):
            at = words.index("--data")
            # The word behind is the scenario, unless it is the folder and the scenario is missing.
            if not Path(words[at + 1]).is_dir():
                words[at] = "--data="
        return super().parse_args(ctx, words)

    def _lacks_scenario(self, ctx: Any, words: list[str]) -> bool:
        """Return whether no word is left for the first argument, as an option took it."""
        first = next(p for p in self.params if p.param_type_name == "argument")
        found, _, _ = self.make_parser(ctx).parse_args(list(words))
        return not found.get(first.name)


def load(
    scenario: str, settings: list[str], data: str | None = None, *, both_faces: bool = False
) -> "Loaded":
    """Return a scenario, with every check there is; of a name that it had once, say the new one."""
    import scenarios
    from ensemble.planning.requests import check_resources, check_statistics

    say_new_name(scenario)
    return scenarios.load(
        scenario,
        settings=settings,
        checks=[check_statistics, check_resources],
        data=False if data is None else data,
        both_faces=both_faces,
    )


def say_new_name(name: str) -> None:
    """Say what a shipped scenario is called that is asked for by a name it had once."""
    from scenarios import renamed

    if now := renamed(name):
        warn(f"the shipped scenario {name!r} is called {now!r} now; taking that")


def print_json(value: Any) -> None:
    """Print what every JSON reader takes: NaN and infinities become null."""
    typer.echo(json.dumps(_finite(value), allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(below) for below in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
