"""Names that shipped scenarios had: commands take them and say the new one; no list has them."""

import re
from pathlib import Path

import pytest
from commandline import soilsweep

import scenarios
from scenarios.reading.shipped import RENAMED

ROOT = Path(__file__).parents[1]

FEW = {
    "mimics-morris": ("design.trajectories=2",),
    "mimics-response": (),
    "testbed-forcing": (
        "responses={}",
        "statistics={}",
        "outputs={rh: all}",
        "kernel.cycle=2",
        "forcing={reader: synthetic_testbed, cells: 2, years: [1901, 1904]}",
    ),
    "testbed-parameters": ("forcing.cells=3", "design.n=40"),
}
"""Settings that make little work of each."""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_name_is_old_or_new():
    shipped = set(scenarios.library())
    assert set(RENAMED.values()) <= shipped
    assert not RENAMED.keys() & shipped
    assert RENAMED.keys() == FEW.keys()


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
@pytest.mark.parametrize("command", ["validate", "plan", "init --from"])
def test_commands_take_the_old_name_and_say_the_new_one(old, new, command, here):
    words = [*command.split(), old, *(["mine"] if "init" in command else [])]
    said = soilsweep(*words)
    assert said.code == 0, said.err
    assert said.err == f"warning: the shipped scenario {old!r} is called {new!r} now; taking that\n"
    if "init" in command:
        mine = scenarios.load("mine.yaml")
        assert (mine.name, mine.store) == ("mine", "runs/mine.zarr")
        assert old not in mine.text
    else:
        assert f"{new}.yaml" in said.out
        assert not any(here.iterdir())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (old, new) if old == "mimics-morris" else pytest.param(old, new, marks=pytest.mark.slow)
        for old, new in RENAMED.items()
    ],
)
def test_an_old_name_runs_into_the_store_of_the_new_one(old, new, here):
    settings = [word for setting in FEW[old] for word in ("--set", setting)]
    said = soilsweep("run", old, *settings)
    assert said.code == 0, said.err
    assert f"{old!r} is called {new!r} now" in said.err
    assert [path.name for path in (here / "runs").iterdir()] == [f"{new}.zarr"]
    again = soilsweep("run", new, *settings)
    assert again.code == 0, again.err


def test_a_file_of_the_user_is_no_shipped_scenario(here):
    text = scenarios.load("tau-constraint").text.replace("name: tau-constraint", "name: own")
    (here / "mimics-morris").write_text(text)
    assert scenarios.load("mimics-morris").name == "own"
    said = soilsweep("validate", "mimics-morris")
    assert (said.code, said.err) == (0, "")


def test_a_slip_of_an_old_name_is_told_the_new_one():
    for words in (("run", "mimics-moris"), ("init", "mine", "--from", "mimics-moris")):
        said = soilsweep(*words)
        assert said.code == 2
        assert "did you mean 'wang2021-morris'?" in said.err


def test_nothing_that_is_shipped_or_read_lists_an_old_name():
    listed = soilsweep("init", "--list").out
    texts = {"init --list": listed, "help": soilsweep("--help").out}
    places = [ROOT / "README.md", ROOT / ".ci" / "run", *ROOT.glob("*/DESIGN.md")]
    places += ROOT.glob("scenarios/library/*.yaml")
    places += [p for room in ("ensemble", "kernels", "slurm") for p in ROOT.glob(f"{room}/**/*.py")]
    texts |= {str(place): place.read_text() for place in places}
    assert len(texts) > 100
    for old in RENAMED:
        name = re.compile(rf"(?<![\w-]){old}(?![\w-])")
        assert [where for where, text in texts.items() if name.search(text)] == []
