"""The scenarios that are shipped: their names, the names they had, their files."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from scenarios.problems import Problem, ScenarioError, near, nearest
from scenarios.reading.document import read_text
from scenarios.sections import check_name

CATALOGUE = "data.yaml"
"""Of the files of real data: beside the scenarios, and none itself."""

RENAMED = {
    "mimics-morris": "wang2021-morris",
    "mimics-response": "wang2021-fig8",
    "testbed-forcing": "jian2021-forcing",
    "testbed-parameters": "jian2021-parameters",
}
"""What was shipped under another name: such a name answers with the scenario of its new one."""


SCENARIOS, EVALUATIONS = "scenario", "evaluation"
"""What is shipped: scenarios, and what `soilsweep evaluate` reads, in a folder of theirs."""

FOLDERS = {SCENARIOS: "library", EVALUATIONS: "library/evaluations"}


def library(kind: str = SCENARIOS) -> list[str]:
    """Return the names of the shipped scenarios, or of what else is shipped."""
    folder = resources.files("scenarios") / FOLDERS[kind]
    named = (f.name for f in folder.iterdir() if f.name.endswith(".yaml"))
    return sorted(name.removesuffix(".yaml") for name in named if name != CATALOGUE)


def find(name: str | Path, kind: str = SCENARIOS) -> Path:
    """Return the file of a path, or of a shipped scenario by its name or one that it had.

    Raises
    ------
    ScenarioError
        There is neither a file nor a shipped scenario of that name, or it is a store.
    """
    path = Path(name)
    if (path / "zarr.json").is_file():
        text = "is a store that a run wrote; needed the scenario it was run from"
        raise ScenarioError([Problem(text)], str(name))
    if str(name) and path.exists():
        return path
    shipped = RENAMED.get(str(name), str(name))
    if shipped in library(kind):
        return _file(shipped, kind)
    if path.suffix in (".yaml", ".yml"):
        beside = [f.name for f in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        hint = nearest(path.name, beside)
        meant = hint if hint.startswith("; did") else ""
        text = f"no such file; needed the YAML file of a scenario{meant}"
    else:
        hint = _meant(str(name)) if kind == SCENARIOS else nearest(str(name), library(kind))
        text = f"no such file and no shipped {kind} of that name{hint}"
    raise ScenarioError([Problem(text)], str(name) or "SCENARIO ''")


def renamed(name: str | Path) -> str:
    """Return the name that is meant by one which a shipped scenario had; empty for others.

    A file or folder of the user's that is called so is no shipped scenario.
    """
    return "" if Path(name).exists() else RENAMED.get(str(name), "")


def write_template(name: str, template: str) -> Path:
    """Write a shipped scenario under a new name, to be edited; returns the file.

    Raises
    ------
    ScenarioError
        The file is there already, or no such template.
    """
    file = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    stem = file.stem if name else ""
    shipped = RENAMED.get(template, template)
    if shipped not in library():
        raise ScenarioError(
            [Problem(f"no shipped scenario {template!r}{_meant(template)}")], "--from"
        )
    text = read_text(_file(shipped))
    text = text.replace(f"\nname: {shipped}\n", f"\nname: {stem}\n")
    text = text.replace(f"runs/{shipped}.zarr", f"runs/{stem}.zarr")
    return write_new(file.parent, {file.name: text})[0]


def write_new(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write a scenario, and what it reads beside it, where none of them is; return the files.

    Parameters
    ----------
    folder : Path
    files : mapping of str to str or bytes
        Texts and others by file name, the scenario's first; one may lie in a folder below.

    Raises
    ------
    ScenarioError
        One is there already, the name of the scenario is none, or there is no such folder.
    """
    paths = [folder / name for name in files]
    try:
        check_name(paths[0].stem if paths[0].name not in (".yaml", ".yml") else "")
    except ValueError as error:
        raise ScenarioError([Problem(str(error))], "NAME") from error
    if not folder.is_dir():
        raise ScenarioError([Problem("no such folder; make it first")], str(folder))
    if there := [path for path in paths if path.exists()]:
        raise ScenarioError([Problem("is there already; choose another name")], str(there[0]))
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as new:
            new.write(text if isinstance(text, bytes) else text.encode())
    return paths


def _file(shipped: str, kind: str = SCENARIOS) -> Path:
    return Path(str(resources.files("scenarios") / FOLDERS[kind] / f"{shipped}.yaml"))


def _meant(name: str) -> str:
    """Return which shipped scenario a misspelt name may be, by its name or one that it had."""
    old = near(name, RENAMED)
    return f"; did you mean {RENAMED[old]!r}?" if old else nearest(name, library())
