"""Scripts are compared with recorded ones; bash says whether they are scripts.

To accept a change: ``python -m pytest tests/slurm/test_script.py`` with ``ACCEPT=1`` set.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from slurm.resources import Resources
from slurm.script import THREADS, batch_script

GOLDEN = Path(__file__).parent / "golden"

SCRIPTS = {
    "array": lambda: batch_script(
        Resources(
            cores=4,
            memory="8GiB",
            time="04:00:00",
            partition="long",
            account="soil",
            cache="/scratch/a b/compiled",
        ),
        ["soilsweep", "worker", "run.zarr"],
        name="soilsweep-run",
        log="run.zarr/logs",
        array=20,
    ),
    "odd": lambda: batch_script(
        Resources(
            time="1",
            modules=("gcc/12.2", "a b"),
            setup=("source my\\ env/bin/activate", "export OMP_NUM_THREADS=2"),
            extra=("--exclusive",),
        ),
        ["echo", "it's $HOME", "#SBATCH", ""],
        name="it's odd # name",
        log=Path("a b/logs"),
        requeue=False,
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_as_recorded(name):
    file = GOLDEN / f"{name}.sh"
    if os.environ.get("ACCEPT"):
        file.write_text(SCRIPTS[name]())
    assert SCRIPTS[name]() == file.read_text()


@pytest.mark.parametrize("name", SCRIPTS)
def test_is_bash(name):
    subprocess.run(["bash", "-n"], input=SCRIPTS[name](), text=True, check=True)


def test_command_arrives_unchanged_and_libraries_are_told(tmp_path):
    command = ["printf", "%s\\n", "it's $HOME", "", "a  b", "`date`"]
    text = batch_script(Resources(), command, name="x", log=tmp_path)
    done = subprocess.run(["bash"], input=text, text=True, capture_output=True, check=True)
    assert done.stdout.splitlines() == command[2:]
    text = batch_script(Resources(), ["env"], name="x", log=tmp_path)
    done = subprocess.run(["bash"], input=text, text=True, capture_output=True, check=True)
    assert {f"{name}=1" for name in THREADS} <= set(done.stdout.splitlines())


def test_ends_at_the_first_line_of_setup_that_fails(tmp_path):
    text = batch_script(Resources(setup=("false",)), ["echo", "on"], name="x", log=tmp_path)
    done = subprocess.run(["bash"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("time", "seconds", "expected"),
    [("60", 60, "60"), ("1", 60, "30"), ("2", 90, "60"), ("60", 0, None), ("60", -1, None)],
)
def test_signal_leaves_half_of_the_walltime(time, seconds, expected):
    text = batch_script(Resources(time=time), ["x"], name="x", log="logs", signal_seconds=seconds)
    found = re.search("--signal=B:TERM@([0-9]+)", text)
    assert (found and found[1]) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a\n#SBATCH --uid=0"},
        {"name": ""},
        {"log": "logs\nrm"},
        {"log": "run%A"},
        {"log": "a\\b"},
        {"command": []},
        {"command": ["echo", "a\nb"]},
        {"array": 0},
    ],
)
def test_refused(wrong):
    arguments = {"command": ["x"], "name": "x", "log": "logs", **wrong}
    command = arguments.pop("command")
    with pytest.raises(ValueError, match=r"control|no name|no command|at least 1|another folder"):
        batch_script(Resources(), command, **arguments)


def test_no_line_is_unquoted():
    for line in SCRIPTS["odd"]().splitlines():
        if line.startswith("#SBATCH "):
            assert len(shlex.split(line.removeprefix("#SBATCH "))) == 1
