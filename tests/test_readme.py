"""Commands and Python of the README are run, in order; its links lead somewhere."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import soilsweep

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.M | re.S)


def commands():
    """Return the soilsweep commands; installing and testing are CI's part."""
    lines = [line.split("#")[0] for block in blocks("sh") for line in block.splitlines()]
    parts = [part.strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part.startswith("soilsweep ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("readme")


def run(program, folder):
    return subprocess.run(
        program, cwd=folder, capture_output=True, text=True, env={**os.environ, "MPLBACKEND": "agg"}
    )


def test_every_option_exists():
    assert len(commands()) >= 9
    for command in commands():
        _, name, *words = shlex.split(command)
        used = {word for word in words if word.startswith("--")}
        assert used <= set(re.findall(r"--[a-z-]+", soilsweep(name, "--help").out)), command


@pytest.mark.slow
def test_every_command_runs(folder):
    for command in commands():
        words = shlex.split(command)[1:]
        program = [sys.executable, "-c", "from ensemble.commands.app import main; main()", *words]
        done = run(program, folder)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_every_python_block_runs(folder):
    """After the commands, whose store they read."""
    assert blocks("python")
    for block in blocks("python"):
        done = run([sys.executable, "-W", "error", "-c", block], folder)
        assert done.returncode == 0, f"{block}\n{done.stderr}"


def test_the_two_commands_are_what_ci_runs():
    ci = (ROOT / ".ci" / "run").read_text()
    for command in ("pip install -e . && soilsweep run tau-constraint", 'pip install -e ".[test]"'):
        assert command in README
        assert command in ci


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)", README)
    assert len(links) > 15
    assert [link for link in links if not (ROOT / link).is_file()] == []
    assert len(README.splitlines()) < 130, "what is long has a page of its own"
