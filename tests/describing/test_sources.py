"""Every plug-in says where it is from, and of each paper that it names there is an entry."""

import re
from importlib.metadata import PackageNotFoundError, metadata, version

import pytest
from ruamel.yaml import YAML
from tracked import ROOT

import kernels
from ensemble.citing import BIBLIOGRAPHY, dois_in
from ensemble.citing.cited import LIBRARIES, LICENCE, SOFTWARE
from ensemble.describing import KINDS, kind_of

WITH_A_SOURCE = (
    "kernel",
    "design",
    "reader",
    "observation",
    "benchmark",
    "statistic",
    "metric",
    "search",
)
EVERY = [(word, name) for word in WITH_A_SOURCE for name in kind_of(word).listed()[0]]
ENTRY = re.compile(r"^  (\w+) = \{(.*)\},$", re.M)


def fields(entry):
    return dict(ENTRY.findall(entry))


DOIS = {f["doi"].lower(): k for k, e in BIBLIOGRAPHY.items() if "doi" in (f := fields(e))}


@pytest.mark.parametrize(("word", "name"), EVERY)
def test_it_says_its_source_and_papers_have_an_entry(word, name):
    source = kind_of(word).describe(name).source
    advice = "say `Source: Author (YEAR, DOI).` in its docstring, or `Source: our own.`"
    assert source, advice
    lacking = [doi for doi in dois_in(source) if doi.lower() not in DOIS]
    assert not lacking, "add the entry to ensemble/citing/references.bib"


def test_all_kinds_but_those_without_science_say_a_source():
    assert {kind.word for kind in KINDS} - {*WITH_A_SOURCE} == {
        "backend",
        "figure",
        "scenario",
        "evaluation",
    }


def test_no_entry_is_there_that_nobody_names():
    named = [kind_of(word).describe(name).source for word, name in EVERY]
    catalogue = (ROOT / "scenarios" / "library" / "data.yaml").read_text()
    dois = {doi.lower() for text in (*named, catalogue) for doi in dois_in(text)}
    papers = {*BIBLIOGRAPHY} - {*SOFTWARE, *LIBRARIES}
    assert papers == {DOIS[doi] for doi in dois & DOIS.keys()} - {*SOFTWARE, *LIBRARIES}


def test_libraries_are_those_that_kernels_of_ours_name():
    of_kernels = {name for kernel in kernels.names() for name in kernels.get(kernel).libraries}
    assert of_kernels <= {*LIBRARIES}


@pytest.mark.parametrize("key", BIBLIOGRAPHY)
def test_an_entry_is_whole(key):
    entry = BIBLIOGRAPHY[key]
    assert fields(entry).keys() >= {"author", "title", "year"}
    # A journal without DOIs has an address of the paper.
    assert fields(entry).keys() & {"doi", "url"}
    assert entry.count("{") == entry.count("}")
    assert entry.count("\n") == len(fields(entry)) + 1, "a line is no field"


def test_the_file_has_no_entry_that_is_not_read():
    text = (ROOT / "ensemble" / "citing" / "references.bib").read_text()
    assert re.findall(r"^@\w+\{(.*),$", text, re.M) == list(BIBLIOGRAPHY)


@pytest.mark.parametrize("name", [*SOFTWARE, *LIBRARIES])
def test_licences_are_those_that_packages_say(name):
    try:
        about = metadata(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    said = " ".join(
        [about.get("License-Expression") or "", about.get("License") or ""]
        + [one for one in about.get_all("Classifier") or () if one.startswith("License")]
    )
    family = fields(BIBLIOGRAPHY[name])["note"].partition("licence ")[2].split("-")[0]
    assert family.replace("Apache", "Apache") in said


def test_dois_are_found_as_people_write_them():
    text = (
        "Saltelli (2002, https://doi.org/10.1016/S0010-4655(02)00280-1); Duan (1992, "
        "10.1029/91WR02985; 1994, 10.1016/0022-1694(94)90057-4). Not 10.3 +- 1.4 yr"
    )
    assert dois_in(text) == [
        "10.1016/S0010-4655(02)00280-1",
        "10.1029/91WR02985",
        "10.1016/0022-1694(94)90057-4",
    ]


def test_the_citation_file_is_true():
    cff = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text())
    assert cff["version"] == version("soilsweep")
    assert cff["license"] == LICENCE == metadata("soilsweep")["License-Expression"]
    cited = {one["doi"].lower(): one for one in cff["references"]}
    of_kernels = [doi.lower() for n in kernels.names() for doi in dois_in(kernels.get(n).source)]
    assert cited.keys() == {*of_kernels}
    for doi, one in cited.items():
        entry = fields(BIBLIOGRAPHY[DOIS[doi]])
        assert one["title"] == re.sub("[{}]", "", entry["title"])
        assert (one["journal"], str(one["year"])) == (entry["journal"], entry["year"])
        assert one["authors"][0]["family-names"] == entry["author"].split(",")[0]
