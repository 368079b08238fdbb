"""Systems other than Linux: what is not there is said in one sentence, and nothing breaks for it.

What such a system lacks is taken away from a process of its own, which then runs as it is.
"""

import json
import subprocess
import sys

import numba  # noqa: F401
import pytest
from commandline import refused, soilsweep
from malformed_scenarios import GOOD

import ensemble.runs.run  # noqa: F401
from ensemble.store import platforms

WINDOWS = """
import os, signal, sys
sys.platform = "win32"
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("SIGBUS", "SIGALRM", "setitimer", "SIGKILL"):
    delattr(signal, name)
for name in ("fork", "fdatasync", "sched_getaffinity", "O_DIRECTORY", "O_NOFOLLOW", "getuid"):
    delattr(os, name)
"""

MACOS = """
import ctypes, os, pathlib, sys
import numba, numpy, zarr  # theirs is to run there
sys.platform = "darwin"
for name in ("fdatasync", "sched_getaffinity", "waitid"):
    delattr(os, name)

class System(ctypes.CDLL):
    def __getattr__(self, name):
        if name in ("renameat2", "prctl"):
            raise AttributeError(name)
        return super().__getattr__(name)

ctypes.CDLL = System
exists, read_text = pathlib.Path.exists, pathlib.Path.read_text
pathlib.Path.exists = lambda p, **more: not str(p).startswith("/proc") and exists(p, **more)

def without_proc(path, *given, **more):
    if str(path).startswith("/proc"):
        raise FileNotFoundError(2, "no such file", str(path))
    return read_text(path, *given, **more)

pathlib.Path.read_text = without_proc
"""


def on(system, code, *arguments, cwd=None):
    command = [sys.executable, "-c", f"{system}\n{code}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=600)


COMMAND = "from ensemble.__main__ import main; main()"


@pytest.mark.parametrize("arguments", [(), ("run", "s.yaml"), ("status", "x.zarr")])
def test_windows_is_told_of_wsl_in_one_sentence(arguments):
    done = on(WINDOWS, COMMAND, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{platforms.WINDOWS}\n"


def test_a_program_on_windows_is_told_so_too():
    done = on(WINDOWS, "import ensemble; ensemble.open_run('x.zarr')")
    assert done.stderr.splitlines()[-1] == f"ImportError: {platforms.WINDOWS}"


@pytest.mark.slow
def test_macos_runs_extends_and_reports(tmp_path):
    """Names are not exchanged there, and processes are not looked up in /proc."""
    design = "{method: morris, trajectories: 4, parameters: all}"
    head = GOOD[: GOOD.index("design:")].replace("title: Small", "title: Small")
    text = f"{head}design: {design}\nresponses: {{d: {{output: c_total, change: [1901, 2018]}}}}\n"
    (tmp_path / "s.yaml").write_text(text + "statistics: {d: [mu_star, mu_star_conf]}\n")
    for arguments in (
        ("run", "s.yaml", "--store", "d.zarr"),
        ("extend", "d.zarr", "--until", "1e9"),
        ("extend", "d.zarr", "--until", "1e-9", "--most", "8"),
        ("worker", "d.zarr", "--workers", "2"),
        ("verify", "d.zarr"),
        ("report", "d.zarr"),
    ):
        done = on(MACOS, COMMAND, *arguments, cwd=tmp_path)
        assert done.returncode == (3 if "1e-9" in arguments else 0), (arguments, done.stderr)
        assert "Traceback" not in done.stderr
    said = soilsweep("status", tmp_path / "d.zarr", "--json")
    assert json.loads(said.out)["complete"]


@pytest.mark.parametrize(
    ("backend", "command"), [("slurm", "run"), ("slurm", "submit"), ("mpi", "run")]
)
def test_cluster_backends_are_for_linux(tmp_path, monkeypatch, backend, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "platform", "darwin")
    (tmp_path / "s.yaml").write_text(f"{GOOD}execution: {{backend: {backend}}}\n")
    said = f"execution.backend: {backend} is for Linux and this is darwin"
    refused(soilsweep(command, "s.yaml"), said)
    assert not (tmp_path / "runs").exists()


def test_a_process_is_found_with_and_without_proc():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        code = f"from ensemble.store.platforms import is_alive; print(is_alive({str(child.pid)!r}))"
        assert [on(system, code).stdout.strip() for system in ("", MACOS)] == ["True", "True"]
        child.communicate()
    assert [on(system, code).stdout.strip() for system in ("", MACOS)] == ["False", "False"]
    assert not platforms.is_alive("../self")
    assert not platforms.is_alive("9" * 30)
