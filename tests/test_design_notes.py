"""Notes are true: every module, file and function of ours that they name exists."""

import ast
import re
from functools import cache
from importlib import import_module

import pytest
from tracked import ROOT, tracked

NOTE = (ROOT / "ensemble" / "DESIGN.md").read_text()
PICTURE = NOTE[NOTE.index("**The walk of a value,**") :].split("```")[1]
NAMES = re.findall(r"\b(?:ensemble|kernels|scenarios)(?:\.\w+)+", PICTURE)


def found(name):
    """Return what a dotted name means: a module, and what is in it."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            module = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            module = getattr(module, part)
        return module
    raise ModuleNotFoundError(name)


def test_the_walk_goes_from_the_text_to_an_equation_and_to_the_page():
    assert len(NAMES) > 20
    assert NAMES[0] == "scenarios.reading.load.load"
    assert "kernels.contract.build.equation" in NAMES
    assert "ensemble.report.page.render" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_the_walk_names_exists(name):
    assert callable(found(name))


def test_a_name_that_does_not_exist_is_missed():
    with pytest.raises(AttributeError):
        found("ensemble.members.work.EnsembleWork.merge")


FILES = tuple(file.relative_to(ROOT).as_posix() for file in tracked())
FOLDERS = {part for file in FILES for part in file.split("/")[:-1]}
PAGES = [f for f in FILES if f.endswith("DESIGN.md") or re.fullmatch("docs/.*[.]md", f)]
NOTES = ["README.md", "CONTRIBUTING.md", *PAGES]
OTHERS = {"execution.cache", "zarr.json"}
"""Keys of a scenario, and a file of a store, that look like a name in a module of ours."""


def is_path(name):
    """Return whether a name is one of a file or folder of a checkout."""
    return bool(re.fullmatch(r"[\w./-]+", name)) and (
        name.endswith((".py", ".md", ".toml")) or ("/" in name and name.split("/")[0] in FOLDERS)
    )


def is_there(name):
    """Return whether a file, a folder or a module ends so; NAME stands for any."""
    pattern = re.escape(name.rstrip("/")).replace("NAME", r"\w+")
    ends = re.compile(rf"(?:.*/)?{pattern}(?:\.py|/.*)?")
    return any(ends.fullmatch(file) for file in FILES)


@cache
def modules():
    """Return what every module of ours holds: names, and those in its classes, dotted."""
    found = {}
    for file in FILES:
        if file.endswith(".py"):
            name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            found[name] = set(held(ast.parse((ROOT / file).read_text()).body))
    return found


def held(body):
    """Yield the names that statements bind, and what stands in classes."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield node.name
            yield from (f"{node.name}.{name}" for name in held(node.body))
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.If):
            yield from held(node.body)
        else:
            targets = [getattr(node, "target", None), *getattr(node, "targets", ())]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def is_known(name):
    """Return whether a dotted name is one of ours; None where it is somebody else's."""
    if any(f".{module}".endswith(f".{name}") for module in modules()):
        return True
    parts, ours = name.split("."), False
    for count in range(len(parts)):
        inside, rest = ".".join(parts[:count]), ".".join(parts[count:])
        for module, names in modules().items():
            # At the beginning, a class; what a module imports has names of its own.
            classes = {name.partition(".")[0] for name in names if "." in name}
            if f".{module}".endswith(f".{inside}") if count else parts[0] in classes:
                ours = True
                if rest in names:
                    return True
    return False if ours else None


def false_names(text):
    """Return what a note names in backticks, outside of examples, that is ours and not there."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    names = {n.partition("(")[0] for n in re.findall(r"`([^`\n]+)`", prose)} - OTHERS
    dotted = {n for n in names if re.fullmatch(r"[A-Za-z]\w*(?:\.\w+)+", n) and not is_path(n)}
    wrong = {n for n in names if is_path(n) and not is_there(n)}
    return sorted(wrong | {n for n in dotted if is_known(n) is False})


@pytest.mark.parametrize("note", NOTES)
def test_what_a_note_names_is_there(note):
    assert false_names((ROOT / note).read_text()) == []


def test_names_that_are_not_there_are_missed():
    text = """
    `kernels/NAME.py`, `contract/status.py`, `Kernel.lanes`, `plugins.Chosen`, `np.save(x)`,
    `reading.read`, `members.tiles`; `kernels/contract/tables.py`, `Kernel.lane`, `plugins.Chose`,
    `ensemble.farming.front`, `kernels.executable`, `gone.py`, `nothing/NAME.md`
    """
    assert false_names(text) == [
        "Kernel.lane",
        "ensemble.farming.front",
        "gone.py",
        "kernels.executable",
        "kernels/contract/tables.py",
        "nothing/NAME.md",
        "plugins.Chose",
    ]
