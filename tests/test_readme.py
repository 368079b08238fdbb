"""Every command and every block of Python and YAML in the README is run, in order."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import calibrated
import programs
import pytest
from commandline import PROGRAM, soilsweep
from support import DATA, needs_data

import scenarios

README = (Path(__file__).parents[1] / "README.md").read_text()


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


def test_the_calibration_of_ones_own_sites_runs(tmp_path):
    (block,) = (b for b in blocks("yaml") if "calibration:" in b)
    calibrated.write(tmp_path, sites=12)
    seen = (tmp_path / "observed.csv").read_text().replace("site,seen", "site,soc").splitlines()
    rows = zip((tmp_path / "sites.csv").read_text().splitlines(), seen, strict=True)
    lines = [f"{row},{one.split(',')[1]}" for row, one in rows]
    lines = [f"{row},{'depth [cm]' if k == 0 else 30}" for k, row in enumerate(lines)]
    (tmp_path / "sites.csv").write_text("\n".join(lines))
    (tmp_path / "my-sites.yaml").write_text(block)
    said = soilsweep("run", tmp_path / "my-sites.yaml", "--store", tmp_path / "x.zarr", "-q")
    assert said.code == 0, said.err


@needs_data
def test_every_forcing_block_reads_the_real_files(tmp_path):
    shipped = scenarios.load("tau-constraint").text
    readers = [block for block in blocks("yaml") if block.startswith("forcing:")]
    assert len(readers) == 3
    for k, block in enumerate(readers[:1]):
        text = block.replace("trendy_v9_s2/", f"{DATA}/trendy_v9_s2/")
        file = tmp_path / f"{k}.yaml"
        file.write_text(re.sub(r"^forcing: .*\n", lambda _, t=text: t, shipped, flags=re.M))
        import ensemble

        planned = ensemble.plan(scenarios.load(file))
        assert set(planned.experiment.forcings) == {"JULES-ES-1p0", "VISIT"}


@needs_data
def test_the_block_of_any_files_reads_the_real_ones(tmp_path):
    (block,) = (b for b in blocks("yaml") if "reader: netcdf" in b)
    text = block.replace("[testbed/", f"[{DATA}/testbed/")
    rest = "design: {method: monte_carlo, n: 2, parameters: {aV: {uniform: [7.0e-6, 9.0e-6]}}}\n"
    file = tmp_path / "cells.yaml"
    head = "version: 1\nname: cells\ntitle: Cells\nkernel: mimics\n"
    file.write_text(f"{head}{text}{rest}seed: 1\noutputs: {{soc_stock: all}}\n")
    import ensemble

    planned = ensemble.plan(scenarios.load(file), store=str(tmp_path / "r.zarr"))
    assert len(planned.experiment.locations.names) == 2697
    assert not planned.experiment.synthetic


@needs_data
@pytest.mark.slow
def test_the_block_of_the_testbed_reads_the_real_files(tmp_path):
    (block,) = (b for b in blocks("yaml") if "testbed_means" in b)
    text = block.replace(" testbed/", f" {DATA}/testbed/")
    shipped = scenarios.load("jian2021-parameters").text
    file = tmp_path / "means.yaml"
    file.write_text(re.sub(r"^forcing: .*\n", lambda _: text, shipped, flags=re.M))
    import ensemble

    planned = ensemble.plan(scenarios.load(file))
    assert planned.experiment.forcings == ("clm45_cruncep", "perturbed")
    assert len(planned.experiment.locations.names) == 2843
    assert planned.experiment.synthetic.startswith("perturbed: less litter and cooler")


@needs_data
def test_the_chain_of_the_readme_with_its_means_says_what_to_do(tmp_path):
    """Vegetation wants days: one message, and what it says works (the test above)."""
    (means,) = (b for b in blocks("yaml") if "testbed_means" in b)
    chain, _ = (block for block in blocks("yaml") if block.startswith("kernel:"))
    text = means.replace(" testbed/", f" {DATA}/testbed/")
    shipped = scenarios.load("jian2021-forcing").text
    shipped = re.sub(r"^forcing: .*\n", lambda _: text, shipped, flags=re.M)
    file = tmp_path / "chain.yaml"
    file.write_text(shipped)
    import ensemble

    with pytest.raises(scenarios.ScenarioError) as refused:
        ensemble.plan(scenarios.load(file))
    assert chain.splitlines()[2].strip() in shipped
    said = {problem.text for problem in refused.value.problems}
    assert len(said) == 1
    assert "say drivers: mean below kernel:, and leave out casa_vegetation" in said.pop()


def test_the_kernel_block_is_the_one_that_runs():
    """`test_executable.py` runs it with a program."""
    _, block = (block for block in blocks("yaml") if block.startswith("kernel:"))
    assert block == programs.EXAMPLE


def test_the_block_of_the_chain_is_the_shipped_one():
    block, _ = (block for block in blocks("yaml") if block.startswith("kernel:"))
    shipped = scenarios.load("jian2021-forcing").text
    words = [line.split("#")[0].rstrip() for line in block.splitlines()]
    assert "\n".join(words[:-1]) in shipped


def test_the_execution_block_is_sound(tmp_path):
    (block,) = (block for block in blocks("yaml") if block.startswith("execution:"))
    shipped = scenarios.load("tau-constraint").text
    file = tmp_path / "s.yaml"
    file.write_text(re.sub(r"^execution: .*\n", lambda _: block, shipped, flags=re.M))
    assert scenarios.load(file).execution.cores == 8


@pytest.mark.slurm
def test_every_command_for_a_cluster_runs(on_cluster, tmp_path):
    assert run([*PROGRAM, "init", "my-study"], tmp_path).returncode == 0
    (text,) = blocks("bash")
    said = []
    for line in text.splitlines():
        words = shlex.split(line.split("#")[0])
        assert words[0] == "soilsweep"
        done = run([*PROGRAM, *words[1:]], tmp_path)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        said.append(done.stdout)
    assert "submitted job" in said[0]
    assert "blocks" in said[1]


def test_the_two_commands_are_what_ci_runs():
    ci = (Path(__file__).parents[1] / ".ci" / "run").read_text()
    for command in ("pip install -e . && soilsweep run tau-constraint", 'pip install -e ".[test]"'):
        assert command in README
        assert command in ci
