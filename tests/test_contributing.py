"""CONTRIBUTING.md as its reader follows it: in a copy of the checkout, and as a distribution."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from distributions import install
from tracked import ROOT, tracked

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
FILES = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
GROUPS = {
    "kernels": "kernels/one_pool.py",
    "readers": "scenarios/forcing/steady.py",
    "designs": "scenarios/designs/ladder.py",
    "statistics": "ensemble/members/statistics/reach.py",
    "backends": "ensemble/farming/backends/one_by_one.py",
    "figures": "ensemble/report/figures/bars.py",
}
"""Entry points and the files of the page that are what they name."""

LAWS = {
    "kernel": ("tests/kernels/test_contract.py", "one_pool"),
    "reader": ("tests/scenarios/forcing/test_law.py", "steady"),
    "design": ("tests/scenarios/test_designs_contract.py", "ladder or schema"),
    "statistic": ("tests/ensemble/statistics/test_statistics_contract.py", "reach or merging"),
    "backend": ("tests/ensemble/test_any_work.py", "one_by_one"),
    "figure": ("tests/ensemble/test_report_figures.py", "bars or one_place or every_file"),
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of what is tracked, with the page's files where it says."""
    folder = tmp_path_factory.mktemp("clone")
    for path in tracked():
        to = folder / path.relative_to(ROOT)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with a distribution that has the page's plug-ins as modules of its own."""
    folder = tmp_path_factory.mktemp("site")
    names = {group: Path(file).stem for group, file in GROUPS.items()}
    modules = {f"lab_{names[group]}": FILES[file] for group, file in GROUPS.items()}
    points = {(f"soilsweep.{group}", name): f"lab_{name}" for group, name in names.items()}
    install(folder, "lab", modules, points)
    (folder / "one_pool.yaml").write_text(FILES["one_pool.yaml"])
    return folder


def python(folder, *words, path):
    """Run a module in a folder, to its end."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_all(folder, path):
    """Run the page's scenario, check its numbers, and return its page of a report."""
    python(folder, "ensemble", "run", "one_pool.yaml", "--quiet", path=path)
    store = xr.open_datatree(folder / "runs" / "one-pool.zarr", engine="zarr")
    tau, pool = store["tau"].values.ravel(), 0.0
    np.testing.assert_allclose(tau, np.linspace(5, 50, 100), rtol=1e-15)
    for _ in range(2):
        pool = (pool + 60.0) / (1 + 1 / tau)
    # Outputs are stored as float32.
    np.testing.assert_allclose(store["pool"].values.ravel(), pool, rtol=1e-6)
    reach = store["statistics/held_reach"].values.ravel()
    np.testing.assert_allclose(reach, np.ptp(pool), rtol=1e-12)
    python(folder, "ensemble", "report", "runs/one-pool.zarr", path=path)
    return (folder / "runs" / "one-pool.html").read_text(encoding="utf-8")


CAPTION = "held: mean and standard deviation of each place."


@pytest.mark.slow
def test_one_of_each_runs_in_a_copy_of_the_checkout(clone):
    assert CAPTION in run_all(clone, [clone])


@pytest.mark.slow
def test_one_of_each_runs_as_a_distribution_of_somebody_else(site):
    path = [site, ROOT]
    assert CAPTION in run_all(site, path)
    listed = python(site, "ensemble", "init", "--list", path=path)
    for file in GROUPS.values():
        if "figures" not in file:
            assert f"\n  {Path(file).stem} " in listed
    python(site, "ensemble", "validate", "one_pool.yaml", path=path)
    schema = python(site, "ensemble", "validate", "--schema", path=path)
    for name in ("steady", "ladder", "one_by_one"):
        assert f'"const": "{name}"' in schema


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAWS)
def test_the_laws_find_the_new_one_and_it_obeys(clone, kind):
    file, words = LAWS[kind]
    options = ("-q", "-p", "no:cacheprovider", "-k", words)
    said = python(clone, "pytest", file, *options, path=[clone])
    passed = int(re.search(r"(\d+) passed", said)[1])
    assert passed >= 1
    # And there are as many fewer of them in the checkout as it is.
    assert passed > len(selected(file, words))


def selected(file, words):
    """Return the tests of the checkout itself that these words select."""
    command = [sys.executable, "-m", "pytest", file, "-q", "--collect-only", "-k", words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_the_page_has_one_of_each_kind():
    assert set(GROUPS.values()) <= FILES.keys()


def test_every_file_that_the_page_names_is_there():
    rows = re.findall(r"`((?:tests|ensemble|kernels|scenarios)/[\w/.]+)`", PAGE)
    assert len(rows) > 8
    missing = [name for name in rows if not (ROOT / name).exists() and name not in FILES]
    assert [name for name in missing if "NAME" not in name] == []
