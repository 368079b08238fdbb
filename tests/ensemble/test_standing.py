"""The screen of a status: what it says of running and complete works, and what to type next."""

import re

import pytest
from commandline import soilsweep
from farming import create
from models import counting
from support import plan

import ensemble
from ensemble.commands.standing import duration, status_lines
from ensemble.runs.status import summary
from ensemble.store.lock import locked
from ensemble.store.reading import read

SCREEN = 30


def labelled(lines):
    """Return what stands behind each label of a screen."""
    return {line.split("  ")[0]: line.split("  ", 1)[1].strip() for line in lines if "  " in line}


def test_a_run_that_nobody_has_begun_says_how_it_goes_on(tmp_path):
    store = create(tmp_path / "a b.zarr")
    lines = status_lines(summary(store.path))
    said = labelled(lines)
    assert said["state"] == "not complete, 0 of 40 blocks (0%)"
    assert said["running"] == "nobody"
    assert not {"rate", "time left", "within", "members", "logs"} & said.keys()
    assert lines[-1].startswith(f"next: soilsweep worker '{store.path}' ")
    with locked(read(store.path)):
        lines = status_lines(summary(store.path))
    assert labelled(lines)["state"] == "running, 0 of 40 blocks (0%)"
    assert lines[-1].startswith(f"next: soilsweep status '{store.path}' --watch ")


def test_rate_time_left_and_what_is_within_blocks_are_said(tmp_path):
    store = create(tmp_path / "x.zarr")
    found = summary(store.path) | {
        "blocks": {"done": 10, "all": 40},
        "blocks_per_minute": 4.0,
        "seconds_left": 450.0,
        "members": {"ok": 990, "crashed": 10},
        "within": {"blocks": 2, "done": 30, "all": 200, "seconds": 90},
        "running": "process 7 on host",
        "workers": 2,
        "logs": str(store.path / "logs"),
    }
    said = labelled(status_lines(found))
    assert said["rate"] == "4 blocks a minute, 400 members a minute"
    assert said["time left"] == "7.5 min"
    assert said["within"].startswith("30 of 200 members in 2 blocks, the first begun 1.5 min ")
    assert said["members"] == "990 ok, 10 crashed"
    assert said["running"] == "process 7 on host, 2 workers"
    assert said["logs"] == str(store.path / "logs")


def test_a_screen_is_a_screen_and_says_what_has_the_rest(tmp_path):
    outcome = ensemble.run(plan(tmp_path))
    failed = {
        "status": "crashed", "members": 4, "share": 0.1, "advice": "see why", "of": [],
        "first": ["a/b/0"], "why": [f"because {k}" for k in range(40)], "where": [],
    }  # fmt: skip
    many = [f"text {k}" for k in range(40)]
    found = summary(outcome.path) | {"failures": [failed], "notes": many, "quarantine": many}
    lines = status_lines(found)
    assert len(lines) <= SCREEN
    rest = [line for line in lines if " more: " in line]
    assert len(rest) == 3, lines
    assert all(line.endswith(f"soilsweep status {outcome.path} --json") for line in rest)
    assert f"soilsweep replay {outcome.path} a/b/0" in lines[-1]


def test_works_that_are_no_ensembles_have_a_screen(tmp_path):
    store = counting.make(tmp_path / "squares.zarr")
    lines = status_lines(summary(store.path))
    assert labelled(lines)["state"] == "not complete, 0 of 12 blocks (0%)"
    assert not any("apply" in line or "limits" in line for line in lines)


@pytest.mark.slow
def test_calibrations_and_evaluations_have_a_screen(tmp_path):
    calibrated, evaluated = tmp_path / "c.zarr", tmp_path / "e.zarr"
    assert soilsweep("run", "two-box-calibration", "--store", calibrated, "-q").code == 0
    out = soilsweep("status", calibrated).out
    assert re.search(r"^searches +32 ok$", out, re.M)
    assert f"soilsweep apply {calibrated} " in out
    assert soilsweep("evaluate", "casa-2000-2010", "--store", evaluated).code == 0
    for watch in ((), ("--watch",)):
        said = soilsweep("status", evaluated, *watch)
        assert said.code == 0
        assert re.search(r"^models +CASA-CNP$", said.out, re.M)
        assert re.search(r"^against +global_rh, ", said.out, re.M)
        assert said.out.splitlines()[-1].startswith(f"next: soilsweep report {evaluated} ")
    assert '"work": "ensemble.evaluation"' in soilsweep("status", evaluated, "--json").out


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59, "59 s"), (90, "1.5 min"), (3600, "1.0 h"), (36_000, "10 h")],
)
def test_times_are_said_in_their_largest_unit(seconds, said):
    assert duration(seconds) == said
