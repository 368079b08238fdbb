"""CONTRIBUTING.md as its reader follows it: the files of its blocks in a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from tracked import ROOT, tracked

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
FILES = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
LITTER = "model,year,litter\nm,2000,60\nm,2001,61\n"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of what is tracked, with the page's files where it says."""
    folder = tmp_path_factory.mktemp("clone")
    for path in tracked():
        to = folder / path.relative_to(ROOT)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
    for name, text in {**FILES, "litter.csv": LITTER}.items():
        (folder / name).write_text(text)
    return folder


def python(clone, *words):
    """Run a module of the copy, to its end."""
    environment = {**os.environ, "PYTHONPATH": str(clone)}
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_kernel_and_the_statistic_of_the_page_run(clone):
    python(clone, "ensemble", "run", "one_pool.yaml", "--quiet")
    found = xr.open_datatree(clone / "runs" / "one-pool.zarr", engine="zarr")
    tau, pool = found["tau"].values.ravel(), 0.0
    for litter in (60, 61):
        pool = (pool + litter) / (1 + 1 / tau)
    # Outputs are stored as float32.
    np.testing.assert_allclose(found["pool"].values.ravel(), pool, rtol=1e-6)
    reach = found["statistics/held_reach"].values.ravel()
    np.testing.assert_allclose(reach, np.ptp(pool), rtol=1e-12)


@pytest.mark.slow
def test_the_laws_of_statistics_find_the_one_of_the_page(clone):
    laws = ("tests/ensemble/statistics/test_statistics_contract.py", "-q", "-k", "reach or merging")
    said = python(clone, "pytest", "-p", "no:cacheprovider", *laws)
    assert "2 passed" in said


def test_every_file_that_the_page_names_is_there():
    rows = re.findall(r"`((?:tests|ensemble|kernels|scenarios)/[\w/.]+)`", PAGE)
    assert len(rows) > 8
    missing = [name for name in rows if not (ROOT / name).exists() and name not in FILES]
    assert [name for name in missing if "NAME" not in name] == []
