"""A scenario that is drafted for a kernel validates, and runs once its table is filled in."""

import json
from types import SimpleNamespace

import pytest
from commandline import refused, soilsweep
from forcing_law.examples.testbed_means import EXAMPLE

import ensemble
import kernels
from ensemble.commands.describe import _kinds, _names
from ensemble.describing.drafting import SIZES, Draft
from ensemble.describing.kinds import kind_of
from scenarios import load, read_options
from scenarios.forcing import READERS
from scenarios.problems import ScenarioError

WITH_TABLES = [
    name for name in kernels.names() if "Drivers" in kind_of("kernel").describe(name).tables
]


def drafted(folder, **words):
    draft = Draft("mine", **words)
    for name, text in draft.files().items():
        (folder / name).write_text(text)
    return load(folder / "mine.yaml")


def made_of(scenario):
    """Return the kernel of a scenario with the options that stand there."""
    kernel = kernels.get(scenario.kernel.name)
    return kernel.made(read_options(scenario.kernel.options, kernel), None)


BY_DAY = "casa_vegetation"
"""The kernel whose drivers are by the day, whatever its options."""


@pytest.mark.parametrize("kernel", [name for name in WITH_TABLES if name != BY_DAY])
def test_one_of_every_kernel_validates_with_all_that_it_has_a_range_of(kernel, tmp_path):
    scenario = drafted(tmp_path, kernel=kernel)
    made = made_of(scenario)
    likely = {p.name: p for p in made.parameters if p.likely()[0] < p.likely()[1]}
    assert list(scenario.design.parameters) == list(likely)
    header = (tmp_path / "mine.csv").read_text().strip().split(",")
    assert header[3:] == [f"{driver.name} [{driver.units}]" for driver in made.drivers]


@pytest.mark.parametrize("reader", kind_of("reader").listed()[0])
def test_every_reader_validates_with_what_it_gives_drivers_to(reader, tmp_path):
    """Readers of files are held against what they say of time; what opens none is read."""
    along, found = READERS.get(reader).Spec.along, []
    for kernel in WITH_TABLES:
        try:
            scenario = drafted(tmp_path, kernel=kernel, reader=reader)
        except ScenarioError:
            with pytest.raises(ScenarioError, match=f"--kernel {kernel} --reader {reader}"):
                drafted(tmp_path, kernel=kernel, reader=reader)
            continue
        assert all({*driver.dims} <= {*along} for driver in made_of(scenario).drivers)
        assert not any(getattr(one, "perturb", None) for one in scenario.forcing), "nobody asked"
        found.append(kernel)
        if hasattr(kernels.get(kernel).options, "training"):
            scenario = load(tmp_path / "mine.yaml", settings=["kernel.training=invented"])
        if not READERS.get(reader).Spec.reads:
            ensemble.plan(scenario, store=tmp_path / "x.zarr")
    assert found


def test_what_does_not_fit_is_told(tmp_path):
    assert drafted(tmp_path, kernel="casa_cnp", reader="testbed").kernel.options == {}
    with pytest.raises(ScenarioError, match="driver 'gpp' is along date, and site_table gives one"):
        drafted(tmp_path, kernel="casa_vegetation", reader="site_table")


@pytest.mark.parametrize("kernel", ["casa_cnp", "casa_debris", "corpse", "mimics_testbed"])
def test_a_reader_of_means_gives_all_that_is_drafted(kernel, tmp_path):
    EXAMPLE.write(tmp_path)
    scenario = drafted(tmp_path, kernel=kernel, reader="testbed_means")
    words = {"reader": "testbed_means", **EXAMPLE.words}
    found = READERS.get("testbed_means").Spec(**words).read(made_of(scenario).drivers, tmp_path)
    assert found[0].drivers.keys() == {driver.name for driver in made_of(scenario).drivers}


@pytest.mark.parametrize("design", [*SIZES, "grid", "one_at_a_time", "table"])
def test_one_of_every_design_validates(design, tmp_path):
    assert drafted(tmp_path, kernel="mimics", design=design).design.method == design


def test_what_parameters_must_hold_together_is_said_above_them():
    text = Draft("mine", kernel="mimics").files()["mine.yaml"].replace("\n    # ", " ")
    assert "Members fail where q1 (q2 - q3 lignin_n), the metabolic part of litter" in text
    assert "narrow q1, q2, q3" in text
    assert "Members fail" not in Draft("mine", kernel="two_box").files()["mine.yaml"]


def test_it_runs_with_a_row_in_its_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    problem = {"num_vars": 2, "names": ["e1", "Kint"], "bounds": [[0.4, 0.7], [2.9, 3.4]]}
    (tmp_path / "problem.json").write_text(json.dumps(problem))
    words = ("--kernel", "mimics", "--design", "sobol", "--from-problem", "problem.json")
    said = soilsweep("init", "mine", *words)
    assert said.code == 0, said.err
    assert "mine.yaml and mine.csv" in said.out
    refused(soilsweep("plan", "mine.yaml"), "mine.csv: has a header and no rows")
    with (tmp_path / "mine.csv").open("a") as table:
        table.write("A,45,7,300,400,10,20,0.2,30\n")
    said = soilsweep("run", "mine.yaml", "--set", "design.n=8", "--quiet")
    assert said.code == 0, said.err
    assert soilsweep("init", "mine", *words).code == 2, "neither file is written over"


@pytest.mark.parametrize(
    ("table", "needed"),
    [
        ("parameter,minimum,maximum\ne1,0.4,0.7\n", ""),
        ("parameter, minimum, maximum\ne1, 0.4, 0.7\n", ""),
        ("parameter,min,max\ne1,0.4,0.7\n", "has no column minimum, maximum"),
        ("parameter,minimum,maximum\ne1,0.7,0.4\n", "e1: found 0.7 to 0.4"),
        ("parameter,minimum,maximum\ne1,low,0.4\n", "e1: found 'low' to 0.4"),
        ("parameter,minimum,maximum\ne1,0,1\ne1,0,1\n", "e1 stands twice"),
        ("parameter,minimum,maximum\n", "has no parameter"),
        ("parameter,minimum,maximum\neps,0,1\n", "the kernel has no parameter 'eps'"),
    ],
)
def test_a_key_table_gives_the_ranges(table, needed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key.csv").write_text(table)
    said = soilsweep("init", "mine", "--kernel", "mimics", "--from-problem", "key.csv")
    if needed:
        refused(said, needed)
        assert [file.name for file in tmp_path.iterdir()] == ["key.csv"]
        return
    assert said.code == 0, said.err
    assert load("mine.yaml").design.parameters.keys() == {"e1"}


@pytest.mark.parametrize(
    ("problem", "needed"),
    [
        ('{"names": ["e1"]}', "is no SALib problem"),
        ("[1, 2]", "is no SALib problem"),
        ("{", "key.json"),
        ('{"names": ["e1"], "bounds": [[0, 1], [0, 1]]}', "1 names and 2 bounds"),
        ('{"names": ["e1"], "bounds": [[0, 1]], "dists": ["norm"]}', "distributions ['norm']"),
    ],
)
def test_a_salib_problem_is_taken_whole_or_refused(problem, needed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key.json").write_text(problem)
    refused(soilsweep("init", "mine", "--kernel", "mimics", "--from-problem", "key.json"), needed)


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (("--kernel", "chain"), "soilsweep describe kernel chain"),
        (("--kernel", "mimic"), "no kernel 'mimic'"),
        (("--kernel", "mimics", "--reader", "csv"), "unknown reader 'csv'"),
        (("--kernel", "mimics", "--design", "cross"), "no design 'cross' to begin with"),
        (("--kernel", "mimics", "--from", "tau-constraint"), "say either --from or --kernel"),
        (("--design", "sobol"), "say a kernel, too"),
    ],
)
def test_what_cannot_be_drafted_is_told(words, needed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(soilsweep("init", "mine", *words), needed, lines=None)
    assert not list(tmp_path.iterdir())


def test_a_shell_completes_kinds_and_names():
    assert _kinds("ker") == ["kernel"]
    assert _names(SimpleNamespace(params={"kind": "kernel"}), "mimics_p") == ["mimics_profile"]
    assert _names(SimpleNamespace(params={"kind": "colonel"}), "") == []
