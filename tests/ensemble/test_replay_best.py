"""The best members of a run, once more and whole, as a run of their own."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr
from commandline import refused, soilsweep
from respired import on_land

from ensemble.store.finished import MARK


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A run that keeps no output."""
    return on_land(tmp_path_factory.mktemp("best"), outputs="")


def test_they_are_the_members_that_they_were(store, tmp_path):
    words = ("--best", 2, "--by", "rate_global", "--better", "larger")
    said = soilsweep("replay", store, *words, "--into", tmp_path / "b.zarr", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert [one["sample"] for one in told["best"]] == [2, 1]
    before, now = xr.open_zarr(store), xr.open_zarr(tmp_path / "b.zarr")
    assert "rh" not in before
    np.testing.assert_array_equal(now["rate"], before["rate"][..., [2, 1]])
    np.testing.assert_array_equal(now["rh"].astype("f4"), before["rate"][..., [2, 1]].astype("f4"))
    assert now["factor"].values.tolist() == [1.5, 1.0]
    assert soilsweep("verify", tmp_path / "b.zarr", "--rerun", 3).code == 0
    again = soilsweep("replay", store, *words, "--into", tmp_path / "b.zarr", "--json")
    assert json.loads(again.out) == told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--best", 2), "needed a MEMBER, or --best N --by NAME"),
        (("0/0/0", "--best", 2, "--by", "rate"), "needed a MEMBER, or --best N --by NAME"),
        (("--best", 2, "--by", "fit"), "no number of each member is called 'fit'; it has "),
        (("--best", 2, "--by", "rate"), "has a value of each of 12 locations"),
        (("--best", 4, "--by", "rate_global"), "3 samples have a value, not 4"),
        (("--best", 2, "--by", "rate_global", "--better", "best"), "needed one of smaller, larger"),
    ],
)
def test_what_cannot_be_is_said(words, said, store, tmp_path):
    into = ("--into", tmp_path / "b.zarr") if "--best" in words else ()
    refused(soilsweep("replay", store, *words, *into), said, lines=None)
    assert not [*tmp_path.iterdir()]


def test_of_a_run_that_is_not_complete_no_best_is_known(store, tmp_path):
    copy = tmp_path / "begun.zarr"
    shutil.copytree(store, copy)
    (copy / MARK).unlink()
    text = "not complete yet"
    refused(soilsweep("replay", copy, "--best", 2, "--by", "rate_global"), text)
    refused(soilsweep("export", copy, "--to", "csv"), text)
