"""Stores of a folder are listed, and two are compared: what was asked, code, data, numbers."""

import json
import os
import shutil

import numpy as np
import pytest
from commandline import refused, soilsweep

from ensemble.runs.compare import compare
from ensemble.runs.listing import stores
from scenarios.reading.shipped import EVALUATIONS, find

SMALL = ("--set", "design.cross.0.n=5", "--set", "design.cross.1.n=4", "--quiet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("several")
    for name, more in (
        ("one", ()),
        ("again", ()),
        ("below/seed", ("--set", "seed=9")),
        ("longer", ("--set", "design.cross.0.n=6")),
    ):
        said = soilsweep("run", "tau-constraint", "--store", place / f"{name}.zarr", *SMALL, *more)
        assert said.code == 0, said.err
    (place / "torn.zarr").mkdir()
    (place / "torn.zarr" / "zarr.json").write_text("{")
    (place / ".hidden").mkdir()
    shutil.copytree(place / "one.zarr", place / ".hidden" / "one.zarr")
    (place / "linked.zarr").symlink_to(place / "one.zarr")
    return place


def test_every_store_is_listed_with_its_state(folder):
    found = {one.store.name: one for one in stores(folder)}
    assert list(found) == ["again.zarr", "seed.zarr", "longer.zarr", "one.zarr", "torn.zarr"]
    one = found["one.zarr"]
    assert (one.scenario, one.state, one.members, one.failed) == ("tau-constraint", "done", 320, 0)
    assert one.nbytes == sum(f.stat().st_size for f in one.store.rglob("*") if f.is_file())
    assert found["torn.zarr"].state == "unreadable"
    said = soilsweep("runs", folder)
    assert said.code == 0
    assert "5 in" in said.out
    assert "torn.zarr: its zarr.json is damaged" in said.out
    told = json.loads(soilsweep("runs", folder, "--json").out)
    assert {t["data"] for t in told if "why" not in t} == {"synthetic"}


def test_one_that_is_half_done_says_how_far(folder, tmp_path):
    half = tmp_path / "half.zarr"
    shutil.copytree(folder / "one.zarr", half)
    for journal in (half / "journal").iterdir():
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[:3]))
    (listed,) = stores(half)
    assert listed.state == "2 of 16 blocks"
    assert listed.members == 2 * 20


def test_a_folder_without_a_store_says_what_writes_one(tmp_path):
    assert "no store; `soilsweep run` writes one" in soilsweep("runs", tmp_path).out
    refused(soilsweep("runs", tmp_path / "nowhere"), "nowhere: no such folder")


def test_equal_runs_do_not_differ(folder):
    found = compare(folder / "one.zarr", folder / "again.zarr")
    assert found.same
    assert (found.asked, found.code, found.shapes, found.numbers) == ((), (), (), ())
    assert found.equal > 20
    said = soilsweep("compare", folder / "one.zarr", folder / "again.zarr")
    assert "the same bytes in all blocks" in said.out
    assert "scenario: no difference" in said.out


def test_other_seeds_give_other_numbers_and_say_how_far_apart(folder):
    found = compare(folder / "one.zarr", folder / "below" / "seed.zarr")
    assert not found.same
    assert found.asked == ("seed was 2022 and is now 9",)
    assert (found.code, found.shapes) == ((), ())
    by_name = {one.array: one for one in found.numbers}
    ours, theirs = (
        np.fromfile(folder / name / "tau_veg_obs" / "c.0", np.float64)
        for name in ("one.zarr", "below/seed.zarr")
    )
    about = by_name["tau_veg_obs"]
    off = np.abs(ours - theirs)
    assert about.largest == off.max()
    assert about.relative == (off / np.maximum(np.abs(ours), np.abs(theirs))).max()
    assert (about.unlike, about.count, about.missing) == ((off > 0).sum(), 20, 0)
    # What quantiles are made of stands behind what people read.
    merged_by = [one.array.endswith(("_edges", "_histogram", "_extremes")) for one in found.numbers]
    assert merged_by == sorted(merged_by)
    read = [one.relative for one in found.numbers[: merged_by.index(True)]]
    assert len(read) > 8
    assert read == sorted(read, reverse=True)
    # A sample of one number is another member, so there is nothing to compare.
    assert {"c_veg", "c_total_change", "status"} <= {*found.unpaired}
    assert not {*found.unpaired} & {*by_name}
    said = soilsweep("compare", folder / "one.zarr", folder / "below" / "seed.zarr")
    assert "samples of one number have other parameters" in said.out


def test_other_lengths_are_told_once_for_all_arrays(folder):
    found = compare(folder / "one.zarr", folder / "longer.zarr")
    assert "design.cross[0].n was 5 and is now 6" in found.asked
    assert any("20 sample" in text and "24 sample" in text for text in found.shapes)
    assert not any(one.array == "tau_veg_obs" for one in found.numbers)


def test_a_number_that_one_lacks_is_counted_apart(folder, tmp_path):
    other = tmp_path / "other.zarr"
    shutil.copytree(folder / "one.zarr", other)
    file = other / "tau_veg_obs" / "c.0"
    values = np.fromfile(file, np.float64)
    values[3] = np.nan
    os.chmod(file, 0o644)
    values.tofile(file)
    (about,) = compare(folder / "one.zarr", other).numbers
    assert (about.unlike, about.missing, about.largest) == (1, 1, 0.0)


def test_what_is_no_store_is_refused(folder, tmp_path):
    refused(soilsweep("compare", folder / "one.zarr", tmp_path), "no zarr.json inside")


def test_two_evaluations_are_compared_by_their_scores(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = find("he2022-maps", EVALUATIONS).read_text()
    (tmp_path / "a.yaml").write_text(text)
    changed = text.replace("quantity: rh", "quantity: rh, times: 1.5", 1)
    assert changed != text
    (tmp_path / "b.yaml").write_text(changed)
    for name in "ab":
        assert soilsweep("evaluate", f"{name}.yaml", "--store", f"{name}.zarr").code == 0
    assert soilsweep("compare", "a.zarr", "a.zarr").out.startswith("the same numbers\n")
    said = soilsweep("compare", "a.zarr", "b.zarr").out
    assert said.startswith("numbers differ\n")
    found = compare(tmp_path / "a.zarr", tmp_path / "b.zarr")
    was, now = next((a, b) for _, score, _, a, b in found.scores if score == "ratio")
    assert float(was) == pytest.approx(1.5 * float(now), rel=1e-5)
    refused(soilsweep("compare", "a.zarr", folder / "one.zarr"), "compare two of a kind")
