"""A store whose scenario names plug-ins that are not installed where it is read."""

import json
import sys

import pytest
from commandline import refused, soilsweep, tree
from distributions import install
from frozen import unpack

from ensemble.members.reopening import UNNEEDED, NotHere, scenario_of
from ensemble.members.stored import read_ensemble
from scenarios import plugins
from scenarios.designs import DESIGNS
from scenarios.execution import BACKENDS
from scenarios.forcing import READERS

ABSENT = {
    "reader": ("forcing", [{"reader": "lab_reader", "path": "x.nc"}]),
    "backend": ("execution", {"backend": "lab_cloud", "sync": True, "zone": 3}),
    "design": ("design", {"method": "lab_design", "n": 3}),
    "statistic": ("statistics", {"d_total": ["mean", "lab_word"], "c_soil": ["other_word"]}),
}
SAID = {
    "design": ["design: unknown method 'lab_design'"],
    "statistic": [
        "statistics.d_total: unknown statistic 'lab_word'",
        "statistics.c_soil: unknown statistic 'other_word'",
    ],
}
NEEDED = [kind for kind in ABSENT if kind not in UNNEEDED]
HELD = [kind for kind in ABSENT if kind in UNNEEDED]
"""What a store of two boxes holds; of readers of observations see ``tests/evaluation``."""


@pytest.fixture
def store(tmp_path):
    """Return ``store(kind, ...)``, a store that names an absent plug-in of each kind."""

    def made(*kinds):
        path = unpack("two-box", tmp_path)
        name(path, dict(ABSENT[kind] for kind in kinds))
        return path

    return made


def name(path, sections):
    """Have a store's scenario say these sections."""
    document = json.loads((path / "zarr.json").read_text())
    identity = document["attributes"]["identity"]
    parsed = json.loads(identity) if isinstance(identity, str) else identity
    parsed["scenario"].update(sections)
    document["attributes"]["identity"] = json.dumps(parsed) if isinstance(identity, str) else parsed
    (path / "zarr.json").write_text(json.dumps(document))


@pytest.mark.parametrize("kind", ABSENT)
def test_status_and_report_need_none_of_them(kind, store, tmp_path):
    said = soilsweep("status", store(kind), "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["complete"]
    said = soilsweep("report", store(kind), "--output", tmp_path / "page.html")
    assert said.code == 0, said.err
    assert "<figcaption>" in (tmp_path / "page.html").read_text()


def test_what_a_store_holds_is_used_without_its_reader_and_its_backend(store):
    untouched = soilsweep("analyze", store(), "--json")
    path = store(*HELD)
    for words in (("verify", path), ("verify", path, "--rerun", 2), ("replay", path, "0/0/1")):
        said = soilsweep(*words)
        assert said.code == 0, said.err + said.out
    said = soilsweep("analyze", path, "--json")
    assert (said.code, said.out) == (0, untouched.out), said.err


@pytest.mark.parametrize("kind", NEEDED)
def test_what_computes_members_says_which_is_missing(kind, store):
    path = store(kind)
    for words in (("verify", path, "--rerun", 1), ("replay", path, "0/0/1"), ("analyze", path)):
        said = soilsweep(*words)
        assert said.code == 2
        assert said.err.count("\n") == 1
        assert said.err.startswith(f"{path}: its scenario names plug-ins that cannot be used here")
        for text in SAID[kind]:
            assert text in said.err


def test_a_longer_design_is_run_where_it_was_and_says_all_that_is_missing(tmp_path):
    path = unpack("morris", tmp_path)
    name(path, dict(ABSENT[kind] for kind in HELD))
    before = tree(tmp_path)
    said = soilsweep("extend", path, "--until", 0.01, "--most", 12)
    texts = ("forcing.0: unknown reader 'lab_reader'", "execution: unknown backend 'lab_cloud'")
    refused(said, "its scenario names plug-ins that cannot be used here", *texts)
    assert tree(tmp_path) == before


def test_a_worker_needs_no_backend(store):
    assert soilsweep("worker", store(*HELD), "--workers", 1).code == 0


def test_every_problem_of_a_scenario_is_said(store):
    path = store("design")
    name(path, {"version": 7, "seed": -1})
    said = soilsweep("verify", path)
    assert said.code == 2
    assert "its scenario is not one of this version of soilsweep" in said.err
    for text in ("version: needed", "seed: needed", "design: unknown method 'lab_design'"):
        assert text in said.err


MARK = "open({mark!r}, 'w').close()\nraise ImportError('of no use')\n"


def test_no_reader_backend_or_design_is_imported_to_look_at_a_store(store, tmp_path, monkeypatch):
    """The installed module of each name writes a file when it is imported."""
    mark = tmp_path / "imported"
    points = {
        (READERS.group, "lab_reader"): "lab_some",
        (BACKENDS.group, "lab_cloud"): "lab_some",
        (DESIGNS.group, "lab_design"): "lab_some",
        ("soilsweep.statistics", "lab_word"): "lab_some",
    }
    install(tmp_path / "site", "lab", {"lab_some": MARK.format(mark=str(mark))}, points)
    monkeypatch.syspath_prepend(tmp_path / "site")
    plugins._entries.cache_clear()
    try:
        path = store(*ABSENT)
        for words in (("status", path), ("report", path, "--output", tmp_path / "page.html")):
            said = soilsweep(*words)
            assert said.code == 0, said.err
        assert not mark.exists()
        path = store(*HELD)
        assert soilsweep("analyze", path).code == 0
        assert not mark.exists()
        # A design is needed: it is imported, and why it is of no use is said.
        with pytest.raises(
            NotHere, match=r"'lab_design' \(lab_some of lab 1.0\) cannot be imported"
        ):
            scenario_of(read_ensemble(store("design")))
        assert mark.exists()
    finally:
        plugins._entries.cache_clear()
        sys.modules.pop("lab_some", None)
