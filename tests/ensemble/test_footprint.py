"""What a plan says of files is what a run leaves."""

import json
import os

import pytest
from commandline import refused, soilsweep
from support import SMALL, load, plan, run

from ensemble.planning import feasibility
from ensemble.planning.footprint import FILE_NBYTES, MANY_FILES, footprint

FREE = 80
"""Files of coordinates, observations, journals and groups, which no plan counts."""


@pytest.mark.parametrize("setting", ["block.sample=40", "block.location=1"])
def test_files_are_those_of_the_store(tmp_path, setting):
    planned, outcome = run(tmp_path, setting)
    found = sum(len(files) for _, _, files in os.walk(outcome.path))
    told = footprint(planned.layout).files
    # Sums of blocks may go when the run is complete.
    assert told - planned.blocks <= found <= told + FREE


def test_every_file_takes_whole_units(tmp_path):
    one, many = (footprint(plan(tmp_path, f"block.sample={n}").layout) for n in (200, 1))
    assert many.files > 10 * one.files
    assert many.nbytes >= FILE_NBYTES * (many.files - 1)


def test_a_plan_warns_of_more_files_than_file_systems_like(tmp_path):
    # 4 forcings x 200 samples, each a block of status, two outputs, two responses and its sums.
    few, many = plan(tmp_path), plan(tmp_path, "block.sample=1", "design.cross.1.n=2500")
    assert not any(notice.kind == "files" for notice in few.warnings)
    (notice,) = (notice for notice in many.warnings if notice.kind == "files")
    assert notice.value == footprint(many.layout).files > MANY_FILES
    assert "80,000 blocks" in str(notice)


def test_a_file_system_without_so_many_inodes_is_refused(tmp_path, monkeypatch):
    load(tmp_path, SMALL)
    monkeypatch.chdir(tmp_path)
    real = os.statvfs

    def with_few(path):
        values = list(real(path))
        values[5:8] = 1000, 10, 10  # f_files, f_ffree, f_favail
        return os.statvfs_result(values)

    monkeypatch.setattr(os, "statvfs", with_few)
    refused(
        soilsweep("plan", "small.yaml", "--store", tmp_path / "x.zarr", "--json"),
        "has room for 10",
        "block:",
    )


def test_committing_counts_in_the_time_of_a_plan(tmp_path):
    load(tmp_path, SMALL)
    said = soilsweep(
        "plan", tmp_path / "small.yaml", "--set", "block.sample=1", "--workers", "2", "--json"
    )
    summary = json.loads(said.out)
    assert summary["files"] > 800
    # 800 blocks of 1 to 3 ms, on two workers.
    assert summary["commit_seconds"].startswith("0.8 to 2.4")
    assert summary["wall_seconds"] == pytest.approx(0.8, rel=0.1)


def test_the_memory_of_a_plan_is_what_the_rule_counts(tmp_path):
    planned = plan(tmp_path)
    lengths = [axis.length for axis in planned.layout.grid.axes[1:]]
    assert planned.block_nbytes == pytest.approx(planned.layout.needs.holds(*lengths), abs=1)
    assert feasibility.summary(planned, 2)["memory"].endswith("for 2 workers")
