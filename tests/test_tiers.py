"""The tiers: what a plain pytest leaves out, and the table of what is run by hand."""

import re
import subprocess
import sys
from datetime import date

import pytest
from tracked import ROOT

TESTS = """
import pytest

@pytest.mark.parametrize("n", [1, 2, 3])
def test_counted(n):
    assert n < 3

@pytest.mark.skip(reason="not here")
def test_skipped():
    pass

def test_other():
    pass
"""


def pytest_of(folder, *words):
    program = [sys.executable, "-m", "pytest", "-p", "acceptance", "-p", "no:cacheprovider"]
    options = ["-c", "/dev/null", "--rootdir", folder, "--acceptance-table", "TABLE.md"]
    done = subprocess.run(
        [*program, *options, *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
    )
    text = (folder / "TABLE.md").read_text()
    return done.returncode, dict(re.findall(r"^\| `test_it.py::(\w+)` \| (.*) \|$", text, re.M))


@pytest.mark.slow
def test_the_table_is_dated_and_filled_in_several_goes(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)
    code, rows = pytest_of(tmp_path, "-k", "counted or skipped")
    assert code == 1
    assert rows.keys() == {"test_counted", "test_skipped"}
    outcome, _, day, commit, _ = rows["test_counted"].split(" | ")
    assert (outcome, day, commit) == ("1 failed, 2 passed", str(date.today()), "unknown")
    assert rows["test_skipped"].startswith("1 skipped | ")
    _, more = pytest_of(tmp_path, "-k", "other")
    assert more.keys() == {"test_counted", "test_skipped", "test_other"}
    assert more["test_counted"] == rows["test_counted"]
    (tmp_path / "test_it.py").rename(tmp_path / "test_new.py")
    _, none = pytest_of(tmp_path, "-k", "other")
    assert none == {}


SCHEDULES = """
import pytest

@pytest.mark.parametrize("n", [1, 2, 3])
def test_schedule(n, record_property):
    record_property("schedule of", "local")
    record_property("measured", "{rmse: j}, odd half: cost 3, best: 2")
    for _ in range(n):
        record_property("event", "freeze")
    assert n < 3
"""


@pytest.mark.slow
def test_what_happened_in_schedules_is_counted(tmp_path):
    """Of those that failed, too, and in the table as well as at the end of the session."""
    (tmp_path / "test_it.py").write_text(SCHEDULES)
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", tmp_path),
            *("--acceptance-table", "TABLE.md"),
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
    )
    assert re.search(r"^ +6  event freeze$", done.stdout, re.M), done.stdout
    assert re.search(r"^ +3  schedule of local$", done.stdout, re.M), done.stdout
    text = (tmp_path / "TABLE.md").read_text()
    assert "| `test_it.py::test_schedule, event freeze` | 6 times | " in text
    assert "| `test_it.py::test_schedule, schedule of local` | 3 times | " in text
    assert "| `test_it.py::test_schedule, {rmse: j}, odd half` | cost 3, best: 2 | " in text


def test_a_test_is_in_one_tier(tmp_path):
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    both = "import pytest\n@pytest.mark.slow\n@pytest.mark.acceptance\ndef test_it():\n    pass\n"
    (tmp_path / "test_it.py").write_text(both)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", tmp_path],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4
    assert "both slow and an acceptance: test_it.py::test_it" in done.stderr
