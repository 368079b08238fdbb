"""Stores that earlier versions made are read, and give the numbers that they gave."""

import json
import math
import re

import frozen
import pytest
from commandline import refused, soilsweep, tree

KNOWN = json.loads(frozen.NUMBERS.read_text())
EXACT = 1e-12
"""Relative, for sums of what is read back; it is as it was written."""
COMPUTED = 1e-9
"""Relative, for what an analysis computes anew; another order of sums takes some digits."""


@pytest.fixture(params=sorted(KNOWN))
def frozen_store(request, tmp_path):
    """The name of a frozen store, and a copy of it to work on."""
    return request.param, frozen.unpack(request.param, tmp_path)


def test_every_kind_is_frozen():
    assert KNOWN.keys() == frozen.SCENARIOS.keys()
    assert {f.name for f in frozen.FOLDER.iterdir()} == {
        "numbers.json",
        *(f"{name}.tar.xz" for name in KNOWN),
    }


def test_open_run_gives_every_array_as_it_was(frozen_store):
    name, store = frozen_store
    found = frozen.numbers_of(store)
    assert found.keys() >= KNOWN[name]["arrays"].keys()
    for path, known in KNOWN[name]["arrays"].items():
        same(found[path], known, EXACT, path)


def test_status_says_what_it_said(frozen_store):
    name, store = frozen_store
    said = json.loads(soilsweep("status", store, "--json").out)
    for word, known in KNOWN[name]["status"].items():
        assert said[word] == known, word


def test_verify_finds_every_checksum(frozen_store):
    name, store = frozen_store
    said = json.loads(soilsweep("verify", store, "--json").out)
    for word, known in KNOWN[name]["verify"].items():
        assert said[word] == known, word


def test_analyze_computes_the_same(frozen_store):
    name, store = frozen_store
    known = KNOWN[name]["analyze"]
    said = soilsweep("analyze", store, "--json")
    assert said.code == known["code"], said.err
    if said.code:
        refused(said, str(store), lines=None)
        return
    found = frozen.analysis_of(store)
    # Shares of responses were kept twice: beside the indices, too.
    twice = re.compile(r"sensitivity/(.*_variance_share|.*_levels|term|axis|location)")
    arrays = {path: about for path, about in known["arrays"].items() if not twice.fullmatch(path)}
    assert len(arrays) >= len(known["arrays"]) / 2
    assert found.keys() >= arrays.keys()
    for path, about in arrays.items():
        same(found[path], about, COMPUTED, path)


@pytest.mark.parametrize(
    "frozen_store",
    [
        name if name == "morris" else pytest.param(name, marks=pytest.mark.slow)
        for name in sorted(KNOWN)
    ],
    indirect=True,
)
def test_a_page_is_written(frozen_store, tmp_path):
    name, store = frozen_store
    said = soilsweep("report", store, "-o", tmp_path / "page.html")
    assert said.code == 0, said.err
    page = (tmp_path / "page.html").read_text()
    title = next(
        line.removeprefix("title: ")
        for line in frozen.SCENARIOS[name].splitlines()
        if line.startswith("title: ")
    )
    assert f"<title>{title}" in page
    assert KNOWN[name]["status"]["digest"][:12] in page


@pytest.mark.parametrize("name", ["killed", "two-box"])
def test_to_go_on_is_to_finish_it_or_to_say_why_not(name, tmp_path, monkeypatch):
    store = frozen.unpack(name, tmp_path)
    monkeypatch.chdir(tmp_path)
    before = tree(store)
    said = soilsweep("run", "frozen.yaml", "--json")
    if said.code == 0:
        assert json.loads(soilsweep("status", store, "--json").out)["complete"]
        assert not json.loads(soilsweep("verify", store, "--json").out)["damage"]
        return
    refused(said, "was begun by another run", lines=None)
    assert tree(store) == before


def same(found, known, tolerance, where):
    """Compare what `frozen.numbers_of` tells of an array."""
    assert found.keys() == known.keys(), where
    size = max(abs(known.get(word, 0)) for word in ("min", "max"))
    for word, value in known.items():
        if isinstance(value, float):
            # A sum of values of both signs is as exact as the values are.
            near = tolerance * max(size, 1e-300) * max(1, known["known"])
            assert math.isclose(found[word], value, rel_tol=tolerance, abs_tol=near), where
        else:
            assert found[word] == value, where
