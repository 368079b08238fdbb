"""Compile on a second core what takes longest, while the first tests run.

The testbed's three models and the layers of MIMICS compile for two minutes, which every first
``pytest`` of a clone would wait for. Where the process comes too late or fails, tests compile
what they need themselves.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from processes import whole_default_run

# In the order in which tests need them.
SCENARIOS = (
    "jian2021-parameters",
    "wang2021-morris",
    str(Path(__file__).parent / "testbed/rf1.yaml"),
)
PROCESS = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    if whole_default_run(session.config) and not hasattr(session.config, "workerinput"):
        command = [sys.executable, "-P", "-m", "ensemble", "warm", *SCENARIOS]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        session.config.stash[PROCESS] = process


def pytest_sessionfinish(session: pytest.Session) -> None:
    if process := session.config.stash.get(PROCESS, None):
        process.kill()
        process.wait()
