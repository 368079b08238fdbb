"""Every page of docs/ is followed: its files are written, its commands and its Python are run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_readme import run as run_program
from tracked import ROOT

DOCS = ROOT / "docs"
PAGES = {str(page.relative_to(DOCS)): page.read_text() for page in sorted(DOCS.rglob("*.md"))}
BLOCK = re.compile(r'^( *)```(\w+)(?: title="([^"]+)")?\n(.*?)^\1```', re.M | re.S)
LANGUAGES = {
    "sh": "run",
    "python": "run, or written where it has a title",
    "yaml": "written",
    "csv": "written",
    "text": "written, or shown",
    "shell": "what .ci/run does",
    "bash": "run with a SLURM",
}
"""What is done with a block; a page has no other."""

ON_SLURM = "howto/slurm.md"
SLURM = {"sbatch", "scontrol", "sinfo", "squeue", "sacct", "scancel", "srun"}


def blocks(text):
    """Return (language, file, text) of each block, without the indentation of a tab."""
    found = []
    for indent, language, title, body in BLOCK.findall(text):
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        found.append((language, title, "\n".join(lines) + "\n"))
    return found


def without_slurm(folder):
    """Return a PATH that has this machine's programs but for SLURM's, which may lack a cluster."""
    folder.mkdir()
    for beside in (Path(sys.executable).parent, *map(Path, os.environ["PATH"].split(os.pathsep))):
        for program in beside.glob("*"):
            if program.name not in SLURM and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return str(folder)


def follow(text, folder, path, shells=("sh",)):
    """Do what a page says, in a folder."""
    env = {**os.environ, "PATH": path, "TERM": "dumb"}
    for language, title, body in blocks(text):
        if title:
            (folder / title).parent.mkdir(exist_ok=True)
            (folder / title).write_text(body)
        elif language == "python":
            done = run_program([sys.executable, "-W", "error", "-c", body], folder)
            assert done.returncode == 0, f"{body}\n{done.stderr}"
        elif language in shells:
            program = ["bash", "-euo", "pipefail", "-c", body]
            done = subprocess.run(program, cwd=folder, env=env, capture_output=True, text=True)
            assert done.returncode == 0, f"{body}\n{done.stdout[-2000:]}\n{done.stderr}"
            assert "Traceback" not in done.stderr, body


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_one_that_is_run_or_written(page):
    ci = (ROOT / ".ci" / "run").read_text()
    for language, title, body in blocks(PAGES[page]):
        assert language in LANGUAGES, body
        assert title or language not in ("yaml", "csv"), f"nobody writes {body}"
        if language == "shell":
            assert all(line.split("  #")[0].strip() in ci for line in body.splitlines()), body
    assert PAGES[page].count("```") == 2 * len(blocks(PAGES[page]))


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if "```sh\n" in PAGES[p] and p != ON_SLURM])
def test_a_page_does_what_it_says(page, tmp_path):
    (folder := tmp_path / "empty").mkdir()
    follow(PAGES[page], folder, without_slurm(tmp_path / "bin"))


@pytest.mark.slurm
@pytest.mark.slow
def test_the_page_of_slurm_does_what_it_says(on_cluster, tmp_path):
    assert on_cluster
    beside = Path(sys.executable).parent
    path = f"{beside}{os.pathsep}{os.environ['PATH']}"
    follow(PAGES[ON_SLURM], tmp_path, path, ("sh", "bash"))


def test_a_message_of_the_page_of_messages_is_in_the_code():
    quoted = re.findall(r"^## `(.+)`$", PAGES["howto/messages.md"], re.M)
    assert len(quoted) >= 12
    code = "".join(
        re.sub(r'"\s*\n\s*f?"', "", file.read_text())
        for package in ("ensemble", "kernels", "scenarios", "slurm")
        for file in (ROOT / package).rglob("*.py")
    )
    for message in quoted:
        # Capitals stand for what a message fills in.
        for part in re.split(r"\b[A-Z]{2,}\b", message):
            assert part.strip() in code, f"{message}: nobody says {part.strip()!r}"
