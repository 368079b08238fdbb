"""What `soilsweep cite` prints of a run: a part for all that it stands on, and BibTeX of each."""

import json
import re

import frozen
import pytest
from commandline import refused, soilsweep
from support import DATA, needs_data

FEW = ("--set", "design.cross.0.n=2", "--set", "design.cross.1.n=2")


def cited(store):
    said = soilsweep("cite", store, "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    return {(p["kind"], p["name"].split(":")[0]): p for p in found["parts"]}, found["bibtex"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        said = soilsweep("run", *words, "--store", "r.zarr", "-q")
        assert said.code == 0, said.err
        return "r.zarr"

    return run


def test_a_run_names_kernel_reader_design_and_software(run):
    parts, text = cited(run("tau-constraint", *FEW))
    assert [*parts["kernel", "two_box"]["entries"]] == ["he2022"]
    assert [*parts["reader", "synthetic_models"]["entries"]] == ["he2022"]
    assert ("design", "cross") in parts
    assert ("design", "monte_carlo") in parts
    assert parts["data", "made up"]["source"].startswith("synthetic")
    assert parts["software", "xarray"]["licence"] == "Apache-2.0"
    assert text.count("@article{he2022,") == 1
    assert text == soilsweep("cite", "r.zarr").out.rstrip("\n")
    # Comments and entries are all there is.
    rest = re.sub(r"^@\w+\{[\w-]+,\n(  \w+ = \{.*\},\n)+\}$", "", text, flags=re.M)
    assert all(line.startswith("%") for line in rest.split("\n") if line)


@needs_data
def test_data_is_cited_as_the_catalogue_says(run):
    parts, text = cited(run("tau-constraint", *FEW, "--data", DATA))
    trendy = parts["data", "trendy_v9_s2"]
    assert trendy["licence"] == "TRENDY is on request"
    assert "note = {licence: TRENDY is on request; DOI not stated}" in text
    assert ("data", "made up") not in parts


@pytest.mark.parametrize(
    ("name", "kind", "part", "key"),
    [
        ("calibration", "search", "sceua", "duan1992"),
        ("sobol", "design", "sobol", "saltelli2010"),
        ("morris", "design", "morris", "morris1991"),
    ],
)
def test_stores_of_before_are_cited_too(name, kind, part, key, tmp_path):
    parts, _ = cited(frozen.unpack(name, tmp_path))
    assert key in parts[kind, part]["entries"]


def test_files_of_ones_own_and_kernels_of_others_are_named(tmp_path):
    parts, text = cited(frozen.unpack("failed", tmp_path))
    assert "in no catalogue" in parts["file", "drivers.csv"]["source"]
    assert "kernel misbehaving.model" in text


def test_an_evaluation_names_benchmarks_and_observations(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert soilsweep("evaluate", "guenet2024", "--store", "e.zarr").code == 0
    parts, _ = cited("e.zarr")
    assert "guenet2024" in parts["benchmark", "map"]["entries"]
    assert parts["observation", "synthetic_map"]["source"] == "invented."
    assert not any(kind == "kernel" for kind, _ in parts)


def test_no_store_is_told(tmp_path):
    refused(soilsweep("cite", tmp_path / "x.zarr"), "not a store", lines=None)
