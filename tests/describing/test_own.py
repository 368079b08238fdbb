"""A model of one's own begins as the page shows it, runs, and is held against the laws."""

import re

import numpy as np
import pytest
import xarray as xr
from commandline import refused, soilsweep
from tracked import ROOT

from ensemble.describing.own import own_kernel


def test_the_module_is_that_of_the_page():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    shown = re.search(r"^```python\n# kernels/one_pool.py\n(.*?)^```", page, re.M | re.S)[1]
    assert own_kernel("mine")["models/one_pool.py"] == shown


def test_a_program_of_ones_own_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert soilsweep("init", "mine", "--own-program").code == 0
    said = soilsweep("run", "mine.yaml", "--set", "design.n=2")
    assert said.code == 0, said.err
    # By hand, tau = 20: 60, 61.5 and 63 fall in.
    pool = 0.0
    for fallen in (60, 61.5, 63):
        pool = (pool + fallen) / (1 + 1 / 20)
    assert f"{pool:.2f}" in said.out
    assert "invented litterfall" in said.out
    assert "real data" not in said.out
    refused(
        soilsweep("init", "other", "--own-program", "--kernel", "mimics"),
        "stands alone",
        lines=None,
    )


def test_a_model_of_ones_own_on_a_netcdf_file_runs_with_years_of_its_months(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert soilsweep("init", "mine", "--own-kernel", "--reader", "netcdf").code == 0
    (tmp_path / "models").rename(tmp_path / "cell_models")
    monkeypatch.syspath_prepend(tmp_path)
    said = soilsweep("run", "mine.yaml", "--set", "kernel=cell_models.one_pool")
    assert said.code == 0, said.err
    assert "invented litterfall" in said.out
    stored = xr.open_datatree("runs/mine.zarr", engine="zarr")
    pool = stored["control"]["pool"].values[0]
    # By hand, tau = 20, of the cell with 0.6 kg a year on average: months of one year are not
    # alike, and are of 28 to 31 days.
    wave = 1 + 0.5 * np.cos((np.arange(12) - 9) * np.pi / 6)
    held = 0.0
    for february in (28, 28, 28):
        days = np.array([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
        held = (held + np.average(0.6 * wave, weights=days)) / (1 + 1 / 20)
    assert pool.max() == pytest.approx(held, rel=1e-6)
    assert soilsweep("check", "kernel", "cell_models.one_pool").code == 0
    refused(
        soilsweep("init", "other", "--own-kernel", "--reader", "testbed"),
        "needed annual_table or netcdf",
        lines=None,
    )


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return the text of the module of a new kernel, and write another instead of it."""
    monkeypatch.chdir(tmp_path)
    assert soilsweep("init", "mine", "--own-kernel").code == 0
    (tmp_path / "models").rename(tmp_path / "own_models")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "own_models" / "one_pool.py"


def test_the_laws_hold_of_it_and_find_what_is_wrong(own):
    said = soilsweep("check", "kernel", "own_models.one_pool")
    assert said.code == 0, said.out
    assert "broken" not in said.out
    assert "skipped" not in said.out
    text = own.read_text()
    wrong = text.replace("litterfall[k, t] - (held - before)", "held")
    assert wrong != text
    (own.parent / "leaky.py").write_text(wrong)
    said = soilsweep("check", "kernel", "own_models.leaky")
    assert "pool changes otherwise than by litterfall less decay" in said.out
    refused(said, "1 law is broken")
    refused(soilsweep("check", "kernel", "own_models.nothing"), "nothing")


def test_no_false_alarm_about_a_kernel_of_ours():
    # Of its parameters some do not go together, and it declares no balance: said, not broken.
    said = soilsweep("check", "kernel", "mimics")
    assert said.code == 0, said.out
    assert "skipped  Members within the bounds" in said.out
    assert "are out_of_range or not_converged" in said.out
