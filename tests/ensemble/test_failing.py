"""What failed and why: in words of `status`, of `replay`, and on the page."""

import json

import pytest
import xarray as xr
from commandline import soilsweep
from farming import command, start
from misbehaving.scenario import write
from small_sites import SITES, mostly_kelvin, sites
from support import SMALL, plan
from waiting import wait_for

import ensemble
from ensemble.planning import feasibility
from ensemble.report import write_report
from ensemble.runs import failing
from ensemble.runs import status as progress

WHY = "soil_temperature is 280 degC (sites, B), outside -80 to 80 degC"


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """Return the store of a run of which three sites of four failed."""
    planned = mostly_kelvin(tmp_path_factory.mktemp("failed"), SITES + "failed_limit: 1\n")
    ensemble.run(planned)
    return planned.path


def test_status_says_what_failed_why_and_where(failed):
    (one,) = progress.summary(failed)["failures"]
    assert one["status"] == "out_of_range"
    assert (one["members"], one["share"]) == (60, 0.75)
    assert "Correct the driver's unit" in one["advice"]
    assert one["first"][0] == "sites/B/0"
    assert one["why"] == [f"{WHY}, which is what the kernel accepts: kelvin given as Celsius?"]
    assert one["where"] == ["in 3 of 4 locations, most of all 'B', 'C', 'D'"]
    said = soilsweep("status", failed)
    assert "out_of_range: 60 members, 75%" in said.out
    assert WHY in said.out
    assert "failed members are in 3 of 4 locations" in said.out
    assert json.loads(soilsweep("status", failed, "--json").out)["failures"] == [one]


def test_status_names_the_region_of_a_parameter(tmp_path):
    text = SITES.replace("beta: {uniform: [1.1, 2.0]}", "e1: {uniform: [0.7, 1.5]}")
    planned = sites(tmp_path, text)
    ensemble.run(planned, try_first=False)
    (one,) = progress.summary(planned.path)["failures"]
    assert any("e1 is 1.0" in why and "outside 0 to 1" in why for why in one["why"])
    assert any(w.startswith("e1 of failed members is 1.") for w in one["where"])


def test_a_run_without_failures_has_none(tmp_path):
    planned = plan(tmp_path)
    ensemble.run(planned)
    assert progress.summary(planned.path)["failures"] == []


def test_replay_says_which_driver_is_out_of_range(failed):
    said = soilsweep("replay", failed, "sites/B/3")
    assert "kelvin given as Celsius?" in said.out
    assert WHY in said.out
    assert json.loads(soilsweep("replay", failed, "sites/B/3", "--json").out)["reasons"]
    assert not json.loads(soilsweep("replay", failed, "sites/A/3", "--json").out)["reasons"]


def test_the_page_says_what_the_plan_noticed(failed, tmp_path):
    page = write_report(failed, tmp_path / "page.html").read_text()
    assert "Noticed before the run" in page
    assert "kelvin given as Celsius?" in page


def test_workers_of_a_local_run_are_counted(tmp_path):
    file = write(tmp_path, n=8, block=1, execution="{backend: local, workers: 2}")
    store = tmp_path / "run.zarr"
    process = start(command("run", file, "--store", store, "-q"), MISBEHAVE_SECONDS="0.5")
    try:
        wait_for(lambda: list(store.glob("journal/*.jsonl")) or process.poll(), "it begins")
        found = progress.summary(store)
        assert found["blocks"]["done"] < 8
        assert found["workers"] == 2
    finally:
        process.kill()
        process.communicate()
    # The notes of a process that died are no workers.
    assert list((store / "inflight").glob("*"))
    wait_for(lambda: not progress.summary(store)["running"], "its lock is released")
    assert progress.summary(store)["workers"] == 0


EQUAL = SMALL.replace("{normal: [10.3, 1.4], lower: 2}", "{uniform: [10.3, 10.300000000000002]}")
EQUAL = EQUAL.replace("{normal: [38.3, 11], lower: 2}", "{uniform: [38.3, 38.300000000000004]}")


def test_a_spread_of_rounding_is_no_number(tmp_path):
    planned = plan(tmp_path, text=EQUAL)
    ensemble.run(planned)
    with xr.open_datatree(planned.path, engine="zarr") as tree:
        spread = tree["statistics/d_total_std"].values
        level = abs(tree["statistics/d_total_mean"].values)
    # What is stored is what was computed; only words leave rounding out.
    assert (spread < 1e-11 * level).all()
    assert (spread > 0).any()
    said = soilsweep("run", tmp_path / "small.yaml", "--store", planned.path)
    assert said.code == 0
    assert "e-1" not in said.out
    assert " +- 0\n" in said.out


def test_shares_that_are_none_are_not_listed(tmp_path):
    plan(tmp_path)
    said = soilsweep("plan", tmp_path / "small.yaml").out
    (line,) = (line for line in said.splitlines() if line.startswith("truncated share"))
    assert " 0," not in line
    assert not line.endswith(" 0")
    ends = next(line for line in said.splitlines() if line.startswith("admissible"))
    assert "{" not in ends
    assert "tau_veg_obs lower 1" in ends


def test_a_range_of_failed_members_that_is_one_number_is_said_as_one():
    assert failing._span((4.79612, 4.79631), "yr") == "4.796 yr"
    assert failing._span((0.25, 12345.6), "1") == "0.25 to 12,350"


def test_admissible_bounds_that_are_one_number_are_said_as_one():
    ends = {"lower": {"least": 2.0000001, "most": 2.0000002}, "upper": {"least": 5, "most": 9}}
    said = "lower 2 over locations and upper 5 to 9 over locations"
    assert feasibility._admissible(ends) == said
