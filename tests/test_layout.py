"""The rooms: imports go one way, and the packages of these names are ours."""

import ast
import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
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
    for path in (ROOT / package).rglob("*.py"):
        forbidden = imported(path) & (MAY_IMPORT.keys() - MAY_IMPORT[package] - {package})
        assert not forbidden, f"{path.relative_to(ROOT)} imports {sorted(forbidden)}"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_package_name_is_ours_alone(package):
    foreign = set(packages_distributions().get(package, ())) - {DISTRIBUTION}
    assert not foreign, f"{sorted(foreign)} also installs a package named {package!r}"


STARTS_PROGRAMS = {"slurm/commands.py", "kernels/_process.py", "ensemble/children.py"}


def test_few_files_call_subprocess():
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            if str(path.relative_to(ROOT)) not in STARTS_PROGRAMS:
                assert "subprocess" not in imported(path), path


def test_no_path_of_a_machine_and_no_registry_host_is_committed():
    private = re.compile(r"/(?:home|root|work|Users)/\w+/|pypi\.org|files\.pythonhosted")
    for path in ROOT.rglob("*"):
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".cff"} and ".git" not in path.parts:
            if path != Path(__file__) and not any(
                p.startswith(".") for p in path.parts[len(ROOT.parts) :]
            ):
                assert not private.search(path.read_text()), path
