"""Where a store is: variables, homes, links, addresses, shared folders, another working folder."""

import os
import re
import stat
from pathlib import Path

import frozen
import fsspec
import pytest
from commandline import refused, soilsweep, tree
from support import load

import ensemble
import scenarios
from ensemble.errors import PlanError
from ensemble.store.arrays import FORMAT
from ensemble.store.reading import read

TEXT = """
version: 1
name: places
kernel: two_box
forcing: {reader: synthetic_models, n: 1}
design: {method: monte_carlo, n: 4, parameters: {tau_soil_obs: {uniform: [30, 50]}}}
responses: {d: {output: c_total, change: [1901, 2018]}}
store: STORE
"""


@pytest.fixture(autouse=True)
def _at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NOWHERE", raising=False)


def write(store, text=TEXT):
    Path("b.yaml").write_text(text.replace("STORE", store))


def run(*more):
    return soilsweep("run", "b.yaml", "-q", *more)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("$SCRATCH/x.zarr", "scratch/x.zarr"),
        ("${SCRATCH}/a/x.zarr", "scratch/a/x.zarr"),
        ("~/x.zarr", "home/x.zarr"),
        ("runs/x.zarr", "runs/x.zarr"),
    ],
)
@pytest.mark.parametrize("said", ["store", "--set", "--store", "python"])
def test_variables_and_homes_are_what_they_stand_for(tmp_path, written, place, said):
    write(written if said == "store" else "other.zarr")
    if said == "python":
        ensemble.run(ensemble.plan(scenarios.load("b.yaml"), store=written))
    else:
        more = {
            "store": (),
            "--set": ("--set", f"store={written}"),
            "--store": ("--store", written),
        }
        answer = run(*more[said])
        assert answer.code == 0, answer.err
    assert read(tmp_path / place).committed()
    assert not [name for name in os.listdir() if name.startswith(("$", "~"))]
    if said in ("store", "--set"):
        # What is stored is what was written, and no folder of this machine.
        document = (tmp_path / place / "zarr.json").read_text()
        assert str(tmp_path) not in document
        assert read(tmp_path / place).attrs["identity"]["scenario"]["store"] == written


@pytest.mark.parametrize(
    ("written", "fragments"),
    [
        ("$NOWHERE/x.zarr", ("b.yaml", "store", "$NOWHERE is not set")),
        ("${NOWHERE}x.zarr", ("$NOWHERE is not set",)),
        ("a$/x.zarr", ("'$' without a name",)),
        ("~nobody-of-that-name/x.zarr", ("no such home",)),
        ("s3://bucket/x.zarr", ("found the address 's3://bucket/x.zarr'; needed a folder",)),
        ("file:///tmp/x.zarr", ("needed a folder",)),
        ("simplecache::s3://x.zarr", ("needed a folder",)),
    ],
)
@pytest.mark.parametrize("said", ["store", "--store"])
def test_what_is_no_place_is_refused_and_nothing_written(tmp_path, written, fragments, said):
    write(written if said == "store" else "x.zarr")
    before = tree(tmp_path)
    for command in ("plan", "run", "submit"):
        more = ("--store", written) if said == "--store" else ()
        answer = soilsweep(command, "b.yaml", *more)
        refused(answer, *(f for f in fragments if said == "store" or f not in ("b.yaml", "store")))
        assert tree(tmp_path) == before
    with pytest.raises(scenarios.ScenarioError):
        ensemble.plan(scenarios.load("b.yaml"), store=Path(written))


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ('forcing: {reader: annual_table, path: "$NOWHERE/a.csv", units: {npp: "1"}}', "forcing"),
        (
            "forcing: {reader: global_means, path: $NOWHERE/a, pattern: '{model}_{variable}.nc', "
            "area: 5.1e14, units: {npp: kg C m-2 s-1}, members: {A: {start: 1901}}}",
            "forcing",
        ),
        ("locations: {table: $NOWHERE/places.csv}", "locations.table"),
        ("design: {method: table, path: $NOWHERE/rows.csv}", "design.path"),
        ("execution: {backend: dask, scheduler_file: $NOWHERE/s.json}", "execution"),
        ("execution: {backend: slurm, profiles: $NOWHERE/p.yaml}", "execution"),
    ],
)
def test_every_path_of_a_scenario_has_its_variables_set(tmp_path, section, where):
    name = section.partition(":")[0]
    lines = [line for line in TEXT.splitlines() if not line.startswith(f"{name}:")]
    write("x.zarr", "\n".join([*lines, section, ""]))
    before = tree(tmp_path)
    answer = run()
    refused(answer, "$NOWHERE is not set", where, lines=None)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("kernel", "parameter"),
    [
        ("{name: corpse, drivers: mean, namelist: $NOWHERE/corpse.nml}", "Tmic: [0.2, 0.3]"),
        ("{name: mimics_testbed, drivers: mean, table: $NOWHERE/mimics.csv}", "e1: [0.4, 0.6]"),
        ("{name: casa_cnp, drivers: mean, table: $NOWHERE/pft.csv}", "q10: [1.5, 2]"),
        ("{chain: [{name: corpse, namelist: $NOWHERE/c.nml}], drivers: mean}", "Tmic: [0.2, 0.3]"),
    ],
)
def test_the_files_of_a_kernel_have_their_variables_set(tmp_path, kernel, parameter):
    text = frozen.SCENARIOS["testbed"]
    head, tail = text.index("kernel:"), text.index("forcing:")
    write("x.zarr", f"{text[:head]}kernel: {kernel}\n{text[tail:]}")
    before = tree(tmp_path)
    name, _, span = parameter.partition(": ")
    said = run("--set", f"design.parameters={{{name}: {{uniform: {span}}}}}")
    refused(said, "$NOWHERE is not set", lines=None)
    assert tree(tmp_path) == before


def test_files_beside_a_variable_are_read(tmp_path):
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "rows.csv").write_text("tau_soil_obs\n30\n40\n")
    (tmp_path / "scratch" / "places.csv").write_text("location,area\nglobal,5.1e14\n")
    lines = [line for line in TEXT.splitlines() if not line.startswith("design:")]
    more = ["design: {method: table, path: $SCRATCH/rows.csv}"]
    more += ["locations: {table: $SCRATCH/places.csv}", ""]
    write("x.zarr", "\n".join([*lines, *more]))
    assert run().code == 0
    # The store has copies: neither the variable nor the files are needed again.
    (tmp_path / "scratch" / "rows.csv").write_text("tau_soil_obs\n31\n41\n")
    assert soilsweep("verify", "x.zarr", "--rerun", 2).code == 0
    os.environ.pop("SCRATCH")
    assert soilsweep("verify", "x.zarr", "--rerun", 2).code == 0


# --- links ---


@pytest.mark.parametrize("relative", [True, False])
def test_a_link_to_an_empty_folder_is_used(tmp_path, relative):
    target = tmp_path / "scratch" / "target"
    target.mkdir(parents=True)
    Path("l.zarr").symlink_to("scratch/target" if relative else target)
    write("l.zarr")
    assert run().code == 0
    assert Path("l.zarr").is_symlink()
    assert read(target).committed()
    assert run().code == 0
    assert soilsweep("run", "b.yaml", "-q", "--set", "title=Another").code == 0
    assert read(Path("l.zarr")).attrs["title"] == "Another"
    more = ("--set", "statistics={d: [mean]}", "--accept-changes", "one more")
    assert run(*more).code == 0
    assert Path("l.zarr").is_symlink()
    assert "statistics/d_mean" in read(target).specs


@pytest.mark.parametrize("kind", ["dangling", "to a file", "in a circle"])
def test_other_links_are_refused_in_words(tmp_path, kind):
    (tmp_path / "file").write_text("precious")
    target = {"dangling": "gone", "to a file": "file", "in a circle": "l.zarr"}[kind]
    Path("l.zarr").symlink_to(target)
    write("l.zarr")
    before = tree(tmp_path)
    refused(run(), "l.zarr: is a symbolic link to")
    assert tree(tmp_path) == before
    assert soilsweep("status", "l.zarr").code == 2


# --- shared folders ---


@pytest.mark.parametrize("umask", [0o002, 0o027])
def test_a_store_has_the_modes_and_the_group_of_its_project(tmp_path, umask):
    project = tmp_path / "project"
    project.mkdir()
    group = 12345 if os.geteuid() == 0 else os.getegid()
    os.chown(project, -1, group)
    project.chmod(0o2775)
    before = os.umask(umask)
    try:
        write("project/x.zarr")
        assert run().code == 0
        assert run("--set", "statistics={d: [mean]}", "--accept-changes", "more").code == 0
        assert soilsweep("analyze", "project/x.zarr").code in (0, 2)
    finally:
        os.umask(before)
    for path in (project / "x.zarr", *(project / "x.zarr").rglob("*")):
        about = path.stat()
        assert about.st_gid == group, path
        if path.is_dir():
            assert stat.S_IMODE(about.st_mode) == 0o2777 & ~umask, path
        else:
            assert stat.S_IMODE(about.st_mode) == 0o666 & ~umask, path


def test_an_empty_folder_that_is_there_keeps_its_mode_and_group(tmp_path):
    store = tmp_path / "x.zarr"
    store.mkdir()
    os.chown(store, -1, 12345 if os.geteuid() == 0 else os.getegid())
    store.chmod(0o2770)
    about = store.stat()
    write("x.zarr")
    assert run().code == 0
    assert (store.stat().st_mode, store.stat().st_gid) == (about.st_mode, about.st_gid)
    assert {f.stat().st_gid for f in store.rglob("*")} == {about.st_gid}


# --- another working folder ---


def test_run_from_another_folder_says_which_store_it_makes(tmp_path, monkeypatch):
    write("runs/x.zarr")
    assert run().err == ""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    said = soilsweep("run", "../b.yaml", "-q")
    assert said.code == 0
    assert f"this makes {elsewhere / 'runs/x.zarr'}" in said.err
    assert "say --store ../runs/x.zarr" in said.err
    # Once it is there, nothing is left to say; nor is there of a store that is named.
    assert soilsweep("run", "../b.yaml", "-q").err == ""
    assert soilsweep("run", "../b.yaml", "-q", "--store", "../runs/x.zarr").err == ""


# --- addresses ---


def test_open_run_reads_addresses(tmp_path):
    planned = ensemble.plan(load(tmp_path, TEXT.replace("STORE", "x.zarr")))
    ensemble.run(planned)
    known = ensemble.open_run("x.zarr")
    memory = fsspec.filesystem("memory")
    memory.put("x.zarr", "/kept/x.zarr", recursive=True)
    for address in (f"file://{tmp_path}/x.zarr", "memory://kept/x.zarr"):
        found = ensemble.open_run(address)
        assert found.identical(known) or found["d"].equals(known["d"])
        assert found.attrs["soilsweep_format"] == FORMAT
    with pytest.raises(PlanError, match="cannot be opened"):
        ensemble.open_run("memory://nothing/x.zarr")
    refused(soilsweep("status", "memory://kept/x.zarr"), "found an address; needed a folder")


def test_no_path_of_a_scenario_is_taken_as_it_stands():
    root = Path(ensemble.__file__).parents[1]
    literal = re.compile(r"\bbase / (?!kept_as\(|self\._kept_as\(|expanded\(|pattern\))")
    files = [f for room in ("kernels", "scenarios") for f in (root / room).rglob("*.py")]
    found = [
        f"{file.name}: {line.strip()}"
        for file in files
        for line in file.read_text().splitlines()
        if literal.search(line)
    ]
    assert not found, "use placed(base, ...), which replaces variables"
