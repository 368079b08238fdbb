"""The command that says what there is, and what each thing wants."""

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ensemble.commands.arguments import JsonOption, print_json
from ensemble.printing import put

if TYPE_CHECKING:
    from ensemble.describing import Description, Kind

INDENT = "      "
WIDEST = 44
"""Characters of a cell that stands in a column."""

LONG = ("meaning", "source", "plausible_source", "holds")
"""Columns whose cells are sentences: they stand below the others of their row."""


def _kinds(incomplete: str) -> list[str]:
    """Return the kinds that begin so, for a shell's completion."""
    from ensemble.describing import KINDS

    return [kind.word for kind in KINDS if kind.word.startswith(incomplete)]


def _names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the kind that begin so."""
    from ensemble.describing import KINDS

    listed = [kind.listed()[0] for kind in KINDS if kind.word == ctx.params["kind"]]
    return [name for names in listed for name in names if name.startswith(incomplete)]


def describe(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="[KIND]",
            help="kernel, reader, design, statistic, search, ...",
            autocompletion=_kinds,
        ),
    ] = "",
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]", help="Which; without it all are listed.", autocompletion=_names
        ),
    ] = "",
    settings: Annotated[
        list[str],
        typer.Option("--set", metavar="OPTION=VALUE", help="Of a kernel, such as mode=transient."),
    ] = [],  # noqa: B006
    as_json: JsonOption = False,
) -> None:
    """Say what there is, or all that one wants: words, files, parameters, units, ranges, source.

    With an example of the section that a scenario needs for it.
    """
    from ensemble.describing import kind_of

    if not kind:
        print_inventory(as_json=as_json)
        return
    found = kind_of(kind)
    if not name:
        if settings:
            raise typer.BadParameter("say which kernel", param_hint="--set")
        print_json(dict(found.listed()[0])) if as_json else _print_list(found)
        return
    about = found.describe(name, _options(settings))
    print_json(asdict(about)) if as_json else _print(about)


def _options(settings: Sequence[str]) -> dict[str, Any]:
    """Return options of a kernel as a scenario would have them."""
    from scenarios.problems import Problem, ScenarioError
    from scenarios.reading.document import value_of

    options = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not (key and equals):
            needed = f"found {setting!r}; needed OPTION=VALUE, such as mode=transient"
            raise typer.BadParameter(needed, param_hint="--set")
        options[key], wrong = value_of(text)
        if wrong:
            raise ScenarioError([Problem(one, key) for one in wrong], f"--set {setting}")
    return options


def print_inventory(*, as_json: bool = False) -> None:
    """Print plug-ins of every kind and scenarios, with their titles."""
    from ensemble.describing import KINDS

    if as_json:
        print_json({kind.plural: dict(kind.listed()[0]) for kind in KINDS})
        return
    for kind in KINDS:
        _print_list(kind)


def _print_list(kind: "Kind") -> None:
    """Print names with what they are, and what is said of installed ones that are of no use."""
    titles, refused = kind.listed()
    put(f"{kind.plural}:")
    for name, line in titles.items():
        put(f"  {name:<20} {line}")
    for line in refused:
        put(f"  {line}")


def _print(about: "Description") -> None:
    put(f"{about.kind} {about.name}: {about.title}")
    if about.text and about.text != about.title:
        put("", *about.text.split("\n"))
    if about.source:
        put("", f"Source: {about.source}")
    for heading, rows in about.tables.items():
        put("", f"{heading} ({len(rows)}):", *_lines(rows))
    if about.example:
        put("", "In a scenario:", "", *(f"    {line}" for line in about.example.split("\n")))


def _lines(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return short cells in columns, and long ones below them, none of them cut."""
    short = [c for c in rows[0] if c not in LONG and max(len(row[c]) for row in rows) <= WIDEST]
    widths = {c: max(len(c), *(len(row[c]) for row in rows)) for c in short}
    head = "  ".join(column.replace("_", " ").ljust(widths[column]) for column in short)
    lines = [f"  {head.rstrip()}"]
    width = max(60, min(shutil.get_terminal_size().columns, 100))
    for row in rows:
        lines.append(f"  {'  '.join(row[c].ljust(widths[c]) for c in short)}".rstrip())
        long = {c: text for c, text in row.items() if c not in short and text}
        said = [text if c in LONG else f"{c}: {text}" for c, text in long.items()]
        text = "; ".join(dict.fromkeys(said))
        lines += textwrap.wrap(text, width, initial_indent=INDENT, subsequent_indent=INDENT)
    return lines
