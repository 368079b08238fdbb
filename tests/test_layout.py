"""The rooms: imports go one way, and the packages of these names are ours."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import tracked as checkout
from tracked import ROOT, tracked

DISTRIBUTION = "soilsweep"
MAY_IMPORT = {
    "kernels": set(),
    "scenarios": {"kernels"},
    "slurm": set(),
    "ensemble": {"kernels", "scenarios", "slurm"},
}


def imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_in_one_direction(package):
    for path in tracked(".py", under=package):
        forbidden = imported(path) & (MAY_IMPORT.keys() - MAY_IMPORT[package] - {package})
        assert not forbidden, f"{path.relative_to(ROOT)} imports {sorted(forbidden)}"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_package_name_is_ours_alone(package):
    foreign = set(packages_distributions().get(package, ())) - {DISTRIBUTION}
    assert not foreign, f"{sorted(foreign)} also installs a package named {package!r}"


OPTIONAL = {"forest", "mpi"}
"""Extras that a package of ours imports."""

NOT_IMPORTED = {
    "pyarrow": "pandas reads Parquet with it",
}
"""What is installed for a library that needs it, or will be imported soon."""


def names_of(requirements):
    """Return distributions' names as pip compares them."""
    found = (re.match(r"[\w.-]+", requirement)[0] for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = names_of(project["dependencies"])
    extras = {n for e in OPTIONAL for n in names_of(project["optional-dependencies"][e])}
    modules = set()
    for package in MAY_IMPORT:
        for path in tracked(".py", under=package):
            modules |= imported(path)
    foreign = modules - sys.stdlib_module_names - MAY_IMPORT.keys()
    installed = packages_distributions()
    # A namespace such as ruamel belongs to several.
    found = {module: names_of(installed.get(module, [module])) for module in foreign}
    assert not {m for m, names in found.items() if not names & (needed | extras)}
    imports = set().union(*found.values())
    assert needed - imports == NOT_IMPORTED.keys()
    assert extras <= imports


def test_what_is_no_code_is_installed_with_the_code():
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    installed = set()
    for package, patterns in setuptools["package-data"].items():
        folders = [*MAY_IMPORT] if package == "*" else [package.replace(".", "/")]
        installed |= {p for f in folders for pattern in patterns for p in (ROOT / f).glob(pattern)}
    notes = {".py", ".md"}
    needed = {p for f in MAY_IMPORT for p in tracked(under=f) if p.suffix not in notes}
    assert {path.suffix for path in needed} >= {".yaml", ".html", ".css", ".typed"}
    assert needed <= installed


STARTS_PROGRAMS = {
    "slurm/commands.py",
    "kernels/contract/compiling.py",
    "kernels/programs/parts/process.py",
    "ensemble/farming/children.py",
}


def test_few_files_call_subprocess():
    for package in MAY_IMPORT:
        for path in tracked(".py", under=package):
            if str(path.relative_to(ROOT)) not in STARTS_PROGRAMS:
                assert "subprocess" not in imported(path), path


def test_no_path_of_a_machine_and_no_registry_host_is_committed():
    private = re.compile(r"/(?:home|root|work|Users)/\w+/|pypi\.org|files\.pythonhosted")
    files = tracked(".py", ".md", ".toml", ".yaml", ".cff")
    assert len(files) > 300
    for path in files:
        if path != Path(__file__):
            assert not private.search(path.read_text()), path


def test_a_copy_without_its_history_has_the_same_files(monkeypatch):
    by_git = set(tracked(".py", ".md", ".toml", ".yaml", ".cff"))
    monkeypatch.setattr(checkout, "_by_git", lambda: None)
    assert by_git <= set(tracked())


def test_an_environment_inside_the_checkout_is_not_read(monkeypatch, tmp_path):
    (tmp_path / "ours").mkdir()
    for name in ("venv/lib/foreign.py", "ours/kernel.py", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    monkeypatch.setattr(checkout, "OURS", ("ours",))
    found = {str(path.relative_to(tmp_path)) for path in tracked()}
    assert found == {"README.md", "ours/kernel.py"}
