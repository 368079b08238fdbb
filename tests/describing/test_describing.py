"""Whatever there is is described completely, by what stands in its own file."""

import json

import pytest
from commandline import refused, soilsweep
from ruamel.yaml import YAML

import kernels
from ensemble.describing import KINDS, kind_of
from ensemble.describing.docstrings import attributes_of, parts_of
from scenarios import ScenarioError, load
from scenarios.designs import DESIGNS
from scenarios.execution import BACKENDS
from scenarios.forcing import READERS
from scenarios.observations import OBSERVATIONS
from scenarios.searches import SEARCHES

READ_INTO = {
    "design": DESIGNS,
    "reader": READERS,
    "observation": OBSERVATIONS,
    "backend": BACKENDS,
    "search": SEARCHES,
}
EVERY = [(kind.word, name) for kind in KINDS for name in kind.listed()[0]]
TABLES_OF_ITS_SCENARIO = ("chain", "executable", "side_by_side")


@pytest.mark.parametrize(("word", "name"), EVERY)
def test_everything_is_described_without_a_gap(word, name):
    about = kind_of(word).describe(name)
    assert (about.kind, about.name) == (word, name)
    assert about.title
    for heading, rows in about.tables.items():
        assert rows, heading
        for row in rows:
            assert row.keys() == rows[0].keys(), heading
            gaps = [column for column, cell in row.items() if not cell]
            assert not gaps, f"{heading}: {row} says nothing of {gaps}"


@pytest.mark.parametrize(("word", "name"), [one for one in EVERY if one[0] in READ_INTO])
def test_the_example_is_read_by_its_own_model(word, name):
    section = YAML(typ="safe").load(kind_of(word).describe(name).example)
    (words,) = section.values()
    for one in words if isinstance(words, list) else [words]:
        READ_INTO[word].get(name).Spec.model_validate(one)


@pytest.mark.parametrize("name", kernels.names())
def test_a_kernel_shows_all_its_tables(name):
    about, declared = kind_of("kernel").describe(name), kernels.get(name)
    assert about.source == declared.source
    if name in TABLES_OF_ITS_SCENARIO:
        assert "Parameters" not in about.tables
        assert "kernel:" in about.example
        return
    made = declared.made(declared.options(), None)
    for heading, table in (
        ("Parameters", made.parameters),
        ("Drivers", made.drivers),
        ("Outputs", made.outputs),
    ):
        assert [row["name"] for row in about.tables[heading]] == [entry.name for entry in table]
    first = about.tables["Parameters"][0]
    assert first["bounds"] == f"{made.parameters[0].lower:g} to {made.parameters[0].upper:g}"


def test_options_of_a_kernel_change_its_tables():
    outputs = {
        mode: {row["name"]: row["dims"] for row in about.tables["Outputs"]}
        for mode in ("steady", "transient")
        for about in [kind_of("kernel").describe("mimics", {"mode": mode})]
    }
    assert outputs["steady"]["soc"] == "-"
    assert outputs["transient"]["soc"] == "time"


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (("colonel", "mimics"), "no kind 'colonel'; available: backend, benchmark, design"),
        (("reader", "sitetable"), "unknown reader 'sitetable'; did you mean 'site_table'?"),
        (("kernel", "mimic"), "no kernel 'mimic'"),
        (("kernel", "mimics", "--set", "mode=x"), "kernel.mode: found 'x'; needed 'steady', "),
        (("kernel", "mimics", "--set", "mod=x"), "no option 'mod'; did you mean 'mode'?"),
        (("kernel", "mimics", "--set", "mode"), "found 'mode'; needed OPTION=VALUE"),
        (("reader", "netcdf", "--set", "path=x"), "--set is for options of kernels"),
        (("kernel", "--set", "mode=x"), "say which kernel"),
    ],
)
def test_what_is_not_there_is_told(words, needed):
    refused(soilsweep("describe", *words), needed, lines=None)


@pytest.mark.parametrize("kind", ["evaluation", "scenario"])
def test_what_evaluate_takes_is_described_by_either_word(kind):
    said = soilsweep("describe", kind, "casa-2000-2010")
    assert said.code == 0, said.err
    assert said.out.startswith("evaluation casa-2000-2010: ")
    assert "soilsweep evaluate casa-2000-2010" in said.out


def test_what_is_printed_is_what_programs_get():
    printed = soilsweep("describe", "kernel", "two_box").out
    told = json.loads(soilsweep("describe", "kernel", "two_box", "--json").out)
    for rows in told["tables"].values():
        for row in rows:
            for cell in row.values():
                assert " ".join(cell.split()) in " ".join(printed.split())
    listed = json.loads(soilsweep("describe", "--json").out)
    assert listed["kernels"].keys() == set(kernels.names())
    assert soilsweep("describe").out == soilsweep("init", "--list").out


def test_a_long_list_of_names_says_where_all_are():
    with pytest.raises(ScenarioError, match=r"and \d+ more, see `soilsweep describe kernel NAME`"):
        load("wang2021-morris", settings=["statistics={xyzzy: [mean]}"])


def test_docstrings_are_taken_apart():
    class Options:
        """Choices.

        Some text.

        Source: Somebody (1999),
        over two lines.

        .. code-block:: yaml

            kernel: x

        Attributes
        ----------
        one, two : int
            Said over
            two lines.
        """

    whole = parts_of(Options)
    assert (whole.title, whole.text, whole.example) == ("Choices.", "Some text.", "kernel: x")
    assert whole.source == "Somebody (1999), over two lines."
    assert attributes_of(Options) == {"one": "Said over two lines.", "two": "Said over two lines."}
