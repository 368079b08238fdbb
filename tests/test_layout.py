"""The rooms: imports go one way, and the packages of these names are ours."""

import ast
import re
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


STARTS_PROGRAMS = {"slurm/commands.py", "kernels/_process.py", "ensemble/children.py"}


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
