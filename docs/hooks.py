"""Pages that the build makes of the code itself: kernels, sources of data, the reference."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from making import gallery, sources
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.testing import CliRunner

import ensemble
import kernels
import scenarios
from ensemble.commands.app import COMMANDS, app
from ensemble.describing import KINDS, Description, Kind

ROOT = Path(__file__).parents[1]
FACES = (ensemble, scenarios, kernels)
FAMILIES = {"casa": "casa", "corpse": "corpse", "mimics": "mimics", "two_box": "two_box"}
"""Folders of kernels whose equations are shown, and what tests of them have in their names."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put what is made into the navigation."""
    nav = config.nav or []
    science = [{name: f"science/{name}.md"} for name in _titles(_kind("kernel"))]
    reference = [path for path in made() if path.startswith("reference/") and path.endswith(".md")]
    data = [{name: f"sources/{name}.md"} for kind in sources.KINDS for name in kind.with_files()]
    config.nav = [
        *nav,
        {"Gallery": ["gallery/index.md", *({n: f"gallery/{n}.md"} for n in gallery.names())]},
        {"Kernels": ["science/index.md", *science]},
        {"Sources of data": ["sources/index.md", *data]},
        {"Reference": reference},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made to the files of the site."""
    for path, text in made().items():
        files.append(File.generated(config, path, content=text))
    for shown in gallery.every():
        for file, _ in shown.figures:
            path = f"gallery/{shown.name}/{file.name}"
            files.append(File.generated(config, path, abs_src_path=str(file)))
    return files


@cache
def made() -> dict[str, str]:
    """Return every made page by its path."""
    kernel = _kind("kernel")
    pages = {f"science/{name}.md": _science(kernel, name) for name in _titles(kernel)}
    pages["science/index.md"] = _science_index(kernel)
    pages |= _sources() | _gallery()
    for kind in KINDS:
        if kind is not kernel:
            pages[f"reference/{kind.plural}.md"] = "\n".join(_of_kind(kind))
    pages["reference/commands.md"] = "\n".join(_commands())
    pages["reference/scenario.md"], pages["reference/scenario.schema.json"] = _schema()
    pages["reference/python.md"] = "\n".join(_python())
    return pages


def _kind(word: str) -> Kind:
    return next(kind for kind in KINDS if kind.word == word)


def _titles(kind: Kind) -> dict[str, str]:
    return dict(kind.listed()[0])


def _table(rows: Iterable[dict[str, str]] | Any) -> Iterator[str]:
    """Yield a table in Markdown; a column without a word is left out."""
    rows = list(rows)
    columns = [c for c in rows[0] if any(row[c] for row in rows)]
    yield ""
    yield f"| {' | '.join(c.replace('_', ' ') for c in columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cell(row[c]) for c in columns)} |"
    yield ""


def _cell(text: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("*", "&#42;")):
        text = text.replace(sign, entity)
    text = re.sub("``(.+?)``", r"<code>\1</code>", text)
    return text.replace("_", "&#95;").replace("[", "&#91;").replace("`", "&#96;")


def _prose(text: str) -> str:
    """Return a docstring as Markdown, whose code is between two backticks each."""
    parts = re.split(r"(``.+?``|`.+?`)", text, flags=re.DOTALL)
    # What is odd is code, which Markdown leaves alone.
    parts[::2] = [one.replace("<", "&lt;").replace("[", "&#91;") for one in parts[::2]]
    return "".join(parts).replace("``", "`")


def _told(about: Description, level: str) -> Iterator[str]:
    """Yield what is known of one, below its heading."""
    if about.text and about.text != about.title:
        yield from ("", _prose(about.text), "")
    if about.source:
        yield from ("", f"Source: {_prose(about.source)}", "")
    for heading, rows in about.tables.items():
        yield from ("", f"{level} {heading} {{: #{about.kind}-{about.name}-{_id(heading)} }}")
        yield from _table(rows)
    if about.example:
        yield from ("In a scenario:", "", "```yaml", about.example, "```", "")


def _id(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def _of_kind(kind: Kind) -> Iterator[str]:
    """Yield the page of all of a kind."""
    yield f"# {kind.plural.capitalize()}"
    yield f"\nMade from the code: the same as `soilsweep describe {kind.word} NAME`."
    for name in _titles(kind):
        about = kind.describe(name)
        yield from ("", f"## {name} {{: #{name} }}", "", f"**{_prose(about.title)}**")
        yield from _told(about, "###")


def _sources() -> dict[str, str]:
    """Return the page of each reader that opens files, and one that leads to them."""
    pages, index = {}, ["# Sources of data", "", "Made by the build, by reading small files."]
    for readers in sources.KINDS:
        kind = _kind(readers.word)
        titles = {n: t for n, t in _titles(kind).items() if n in readers.with_files()}
        index += [f"\n## {kind.plural.capitalize()}\n", *_linked(titles, "reader", "what it is")]
        for name in titles:
            about = kind.describe(name)
            told = _told(replace(about, tables={}, example=""), "##")
            words = _told(replace(about, text="", source=""), "##")
            lines = [f"# {name}", "", f"**{_prose(about.title)}**", *told, *readers.shown(name)]
            pages[f"sources/{name}.md"] = "\n".join([*lines, *words])
    return {"sources/index.md": "\n".join(index), **pages}


def _gallery() -> dict[str, str]:
    """Return the page of each shipped scenario, with its figures, and one that leads to them."""
    pages, titles = {}, {}
    for shown in gallery.every():
        titles[shown.name] = shown.title
        lines = [f"# {shown.name}", "", f"**{_prose(shown.title)}**", "", _prose(shown.description)]
        lines += ["", "The build has run, and these are figures of its page:", "", "```sh"]
        lines += [f"soilsweep {shown.command}", f"soilsweep report {shown.store}", "```", ""]
        lines += [f"`soilsweep describe {shown.kind} {shown.name}` prints the scenario.", ""]
        if not shown.figures:
            lines.append("Its page has tables alone.")
        for file, caption in shown.figures:
            said, source = escape(caption), f"{shown.name}/{file.name}"
            lines.append(f'<figure class="drawn"><img src="{source}" alt="{said}" loading="lazy">')
            lines += [f"<figcaption>{said}</figcaption></figure>", ""]
        pages[f"gallery/{shown.name}.md"] = "\n".join(lines)
    index = [
        "# Gallery",
        "",
        "What is shipped, run by the build; most with fewer members than as shipped.",
    ]
    index += ["", *_linked(titles, "scenario", "what it shows")]
    return {"gallery/index.md": "\n".join(index), **pages}


def _linked(titles: dict[str, str], name: str, what: str) -> Iterator[str]:
    """Yield a table of pages that lie beside it."""
    rows = ({name: one, what: title} for one, title in titles.items())
    table = "\n".join(_table(rows))
    for one in titles:
        table = table.replace(f"| {_cell(one)} |", f"| [{_cell(one)}]({one}.md) |")
    yield table


def _science_index(kernel: Kind) -> str:
    table = "\n".join(_linked(_titles(kernel), "kernel", "what it is"))
    return (
        "# Kernels\n\nEach model with its equations as they are compiled, its parameters with "
        "their ranges and sources, and the tests that hold it against its source.\n" + table
    )


def _science(kernel: Kind, name: str) -> str:
    about = kernel.describe(name)
    lines = [f"# {name}: {about.title}", *_told(about, "##")]
    file = Path(str(kernels.module_of(name).__file__))
    family = file.relative_to(ROOT / "kernels").parts[0]
    if family in FAMILIES:
        lines += [*_equations(sorted(_reached(file))), *_verified(family, name)]
    return "\n".join(lines)


def _reached(file: Path) -> set[Path]:
    """Return a kernel's file, and those of its family that it imports, directly or not."""
    reached: set[Path] = set()
    new = {file}
    while new:
        reached |= new
        new = {one for known in new for one in _imported(known)} - reached
    return reached


def _imported(file: Path) -> Iterator[Path]:
    """Yield the files that a file of a kernel imports from its own family."""
    family = "kernels/" + file.relative_to(ROOT / "kernels").parts[0]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = node.module.replace(".", "/")
            names = (module, *(f"{module}/{alias.name}" for alias in node.names))
            found = (ROOT / f"{name}.py" for name in names if name.startswith(family))
            yield from (one for one in found if one.exists())


def _equations(files: Iterable[Path]) -> Iterator[str]:
    """Yield the functions that compiled loops are made of."""
    yield from ("", "## Equations", "", "As they are compiled, and in the order of files.", "")
    for file in files:
        text = file.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and _is_equation(node):
                title = (ast.get_docstring(node) or node.name).split("\n")[0].replace('"', "'")
                code = (ast.get_source_segment(text, node) or "").replace("\n", "\n    ")
                where = f"    # {file.relative_to(ROOT)}"
                yield f'??? note "{node.name}: {_prose(title)}"\n'
                yield f"    ``` {{.python .equation}}\n{where}\n    {code}\n    ```\n"


def _is_equation(node: ast.FunctionDef) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "equation" for d in node.decorator_list)


def _verified(family: str, name: str) -> Iterator[str]:
    """Yield what tests of a family say they hold, and rows of the table of what is run by hand."""
    yield from ("", "## What is verified", "", "By tests that run with every change:", "")
    for file in sorted((ROOT / "tests" / "kernels").glob(f"test_*{FAMILIES[family]}*.py")):
        said = (ast.get_docstring(ast.parse(file.read_text())) or "").split("\n")[0]
        yield f"* `{file.relative_to(ROOT)}`: {_prose(said)}"
    table = (ROOT / "tests" / "ACCEPTANCE.md").read_text().split("\n")
    rows = [line for line in table if name in line and line.startswith("| `")]
    if rows:
        yield from ("", "By long tests, run by hand, as they came out last:", "")
        yield from (*(line for line in table if line.startswith(("| test", "| ---"))), *rows)


def _commands() -> Iterator[str]:
    yield "# Commands\n\nWhat `soilsweep COMMAND --help` prints."
    names = [command.__name__ for command, _ in COMMANDS]
    for name in names:
        said = CliRunner().invoke(app, [name, "--help"], terminal_width=88, prog_name="soilsweep")
        if said.exit_code:
            raise ValueError(f"soilsweep {name} --help: {said.output}")
        yield from ("", f"## {name}", "", "```text", said.output.rstrip(), "```")


def _schema() -> tuple[str, str]:
    """Return the page of a scenario's sections, and the JSON Schema beside it."""
    schema, _ = scenarios.json_schema()
    rows = [
        {
            "section": name,
            "needed": "yes" if name in schema.get("required", ()) else "",
            "what it says": one.get("description", ""),
        }
        for name, one in schema["properties"].items()
    ]
    page = (
        "# A scenario\n\nThe sections of a scenario. All their words are in the "
        "[JSON Schema](scenario.schema.json), which editors complete and check YAML by; "
        "`soilsweep validate --schema` prints it, with installed plug-ins.\n"
    )
    return page + "\n".join(_table(rows)), json.dumps(schema, indent=1)


def _python() -> Iterator[str]:
    yield "# In Python\n\nThe public names of the packages; what is below them may change."
    for face in FACES:
        names = [n for n in dir(face) if not n.startswith("_")]
        yield from ("", f"## {face.__name__}", "", (face.__doc__ or "").split(" See ")[0], "")
        for name in names:
            value = getattr(face, name)
            if callable(value) and str(value.__module__).startswith(f"{face.__name__}."):
                yield f"::: {value.__module__}.{value.__name__}"
                yield f"    options: {{heading: {face.__name__}.{name}, toc_label: {name}}}\n"
