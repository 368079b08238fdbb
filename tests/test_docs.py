"""Every page of docs/ is followed: its files are written, its commands and its Python are run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import DATA, needs_data
from test_readme import run as run_program
from tracked import ROOT

import ensemble
import scenarios
from ensemble.store.arrays import FORMAT, READS

DOCS = ROOT / "docs"
INSTALLED = os.environ.get("SOILSWEEP_ENVIRONMENT", "")
"""An environment that the wheel is installed in, whose programs blocks are run with; CI has one."""
PYTHON = Path(INSTALLED or sys.prefix) / "bin" / "python"
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
    for beside in (PYTHON.parent, *map(Path, os.environ["PATH"].split(os.pathsep))):
        for program in beside.glob("*"):
            if program.name not in SLURM and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return str(folder)


def follow(text, folder, path, shells=("sh",)):
    """Do what a page says, in a folder."""
    env = {**os.environ, "PATH": path, "TERM": "dumb"}
    env.pop("PYTHONPATH", None)
    for language, title, body in blocks(text):
        if title:
            (folder / title).parent.mkdir(exist_ok=True)
            (folder / title).write_text(body)
        elif language == "python":
            done = run_program([str(PYTHON), "-W", "error", "-c", body], folder)
            assert done.returncode == 0, f"{body}\n{done.stderr}"
        elif language in shells:
            program = ["bash", "-euo", "pipefail", "-c", body]
            done = subprocess.run(program, cwd=folder, env=env, capture_output=True, text=True)
            assert done.returncode == 0, f"{body}\n{done.stdout[-2000:]}\n{done.stderr}"
            assert "Traceback" not in done.stderr, body


@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="no environment with the wheel; CI's stage docs has one")
def test_blocks_are_run_with_the_wheel_and_not_with_the_clone(tmp_path):
    said = run_program([str(PYTHON), "-c", "import ensemble; print(ensemble.__file__)"], tmp_path)
    assert Path(INSTALLED) in Path(said.stdout.strip()).parents, said


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
    path = f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"
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


def section(page, title):
    """Return a section of a scenario that a page shows without the rest."""
    (body,) = [body for _, file, body in blocks(PAGES[page]) if file == title]
    return body


def planned(folder, text, data=""):
    """Return the plan of a scenario with paths of a section below the folder of real data."""
    (folder / "s.yaml").write_text(text.replace(data, f"{DATA}/{data}") if data else text)
    return ensemble.plan(scenarios.load(folder / "s.yaml"), store=str(folder / "r.zarr"))


def with_forcing(name, forcing):
    """Return a shipped scenario with another section of forcing."""
    return re.sub(r"^forcing: .*\n", lambda _: forcing, scenarios.load(name).text, flags=re.M)


@needs_data
def test_the_section_of_global_means_reads_the_real_files(tmp_path):
    text = with_forcing("tau-constraint", section("howto/data.md", "trendy-section.yaml"))
    found = planned(tmp_path, text, "trendy_v9_s2/")
    assert set(found.experiment.forcings) == {"JULES-ES-1p0", "VISIT"}


@needs_data
def test_the_section_of_any_netcdf_reads_the_real_file(tmp_path):
    head = "version: 1\nname: cells\nkernel: mimics\n"
    rest = "design: {method: monte_carlo, n: 2, parameters: {aV: {uniform: [7.0e-6, 9.0e-6]}}}\n"
    text = f"{head}{section('howto/data.md', 'netcdf-section.yaml')}{rest}seed: 1\n"
    found = planned(tmp_path, f"{text}outputs: {{soc_stock: all}}\n", "testbed/clm45")
    assert len(found.experiment.locations.names) == 2697
    assert not found.experiment.synthetic


MEANS = ("tutorials/testbed.md", "means-section.yaml")


@needs_data
@pytest.mark.slow
def test_the_section_of_the_testbeds_means_reads_the_real_files(tmp_path):
    found = planned(tmp_path, with_forcing("jian2021-parameters", section(*MEANS)), "testbed/clm45")
    assert found.experiment.forcings == ("clm45_cruncep", "perturbed")
    assert len(found.experiment.locations.names) == 2843
    assert found.experiment.synthetic.startswith("perturbed: less litter and cooler")


@needs_data
def test_a_chain_with_vegetation_and_means_says_what_to_do(tmp_path):
    """Vegetation wants days: one message, and what it says works (the test above)."""
    with pytest.raises(scenarios.ScenarioError) as refused:
        planned(tmp_path, with_forcing("jian2021-forcing", section(*MEANS)), "testbed/clm45")
    said = {problem.text for problem in refused.value.problems}
    assert len(said) == 1
    assert "say drivers: mean below kernel:, and leave out casa_vegetation" in said.pop()


def test_the_section_of_the_chain_is_the_shipped_one():
    text = section("tutorials/testbed.md", "chain-section.yaml")
    words = [line.split("#")[0].rstrip() for line in text.splitlines()]
    assert "\n".join(words[:-1]) in scenarios.load("jian2021-forcing").text


def test_the_page_of_the_store_says_the_formats_that_are_written_and_read():
    page = PAGES["store.md"]
    reads = " and ".join(f"**{one}**" for one in READS)
    assert f"writes **{FORMAT}** and reads {reads}." in page
    assert re.findall(r"^\| (\d+) \|", page, re.M) == [str(one) for one in reversed(READS)]
