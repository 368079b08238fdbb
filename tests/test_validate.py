"""`validate` says what `run` says, but for what data alone can tell."""

import pytest
from commandline import refused, soilsweep
from malformed_scenarios import EDITS, GOOD, edited

OF_DATA = {
    "kernel of a chain that is not installed",
    "kernel of a list that is not installed",
    "kernel not installed",
    "module without a kernel",
    "year before the run",
    "year after the run",
    "output at a missing year",
}
"""Cases that need a module that is not ours, or the years of the forcing."""


@pytest.mark.parametrize("name", EDITS)
def test_what_needs_no_data_is_told_without_them(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    pairs, said = EDITS[name]
    (tmp_path / "s.yaml").write_text(edited(*pairs))
    found = soilsweep("validate", "s.yaml")
    if name in OF_DATA:
        assert found.code == 0, "it is told without data: take it off the list"
    else:
        refused(found, said)


ELSEWHERE = """
version: 1
name: elsewhere
kernel: no_such.model
forcing: {reader: synthetic_models, n: 2}
design:
  method: morris
  trajectories: 4
  parameters:
    tau: {normal: [38.3, -11], lower: 2, upper: 90}
    share: {uniform: [0.9, 0.1], units: kg}
    slope: {normal: [0, 1]}
outputs: {c_soil: all}
""".lstrip()


def test_numbers_of_a_kernel_that_is_not_imported_are_judged_as_well(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(ELSEWHERE)
    said = soilsweep("validate", "s.yaml")
    assert (said.code, said.err.splitlines()) == (
        2,
        [
            "s.yaml: 3 problems",
            "s.yaml:9: design.parameters.tau.normal.sd: sd is -11.0; needed a standard deviation "
            "above 0",
            "s.yaml:10: design.parameters.share.uniform.lower: lower is 0.9 kg; needed lower < "
            "upper",
            "s.yaml:11: design.parameters.slope: the outer levels are the probabilities 0 and 1, "
            "infinite values of this distribution; add lower: and upper:",
        ],
    )


def test_a_column_is_left_to_the_data_and_its_neighbours_are_judged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    column = "tau_veg_obs: {normal: {column: tau, sd: -1}}"
    assert GOOD.count("tau_soil_obs: {") == 1
    text = edited(
        ("tau_veg_obs: {normal: [10.3, 1.4], lower: 2}", column),
        ("[38.3, 11]", "[38.3, -11]"),
    )
    (tmp_path / "s.yaml").write_text(text)
    refused(
        soilsweep("validate", "s.yaml"), "s.yaml:9: design.cross[1].parameters.tau_soil_obs.nor"
    )


def test_a_depth_outside_the_layers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for depth in ("-5", "1000"):
        said = soilsweep(
            "validate", "wang2021-fig8", "--set", f"responses.odd={{output: soc, layer: {depth}}}"
        )
        assert said.code == 2
        assert (
            f"responses.odd.layer: found {depth} cm; needed a depth in the layers, 0 to" in said.err
        )


def test_what_a_profile_asks_is_told_with_its_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clusters.yaml").write_text("here: {memory: 16 gigs, time: 4h, cores: 2}\n")
    section = "{backend: slurm, profile: here, profiles: clusters.yaml, time: '10'}"
    (tmp_path / "s.yaml").write_text(f"{GOOD}execution: {section}\n")
    said = soilsweep("plan", "s.yaml")
    refused(said, "clusters.yaml: here.memory: memory '16 gigs' is not an amount; write 500M, 4G")


LOST = """
version: 1
name: lost
kernel: {name: corpse, namelist: corpse.nml}
forcing: {reader: testbed_means, path: means.nc, grid: grid.csv, soil: grid.csv}
design: {method: table, path: rows.csv}
statistics: {rh: [mean]}
""".lstrip()


def test_files_that_are_not_here_are_named_and_are_no_problem_of_the_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lost.yaml").write_text(LOST)
    said = soilsweep("validate", "lost.yaml")
    assert said.code == 0
    assert said.out.splitlines() == [
        "lost.yaml: its words have no problems",
        "not here, and a plan or a run would be refused:",
        "  - rows.csv: design: is not there",
        "  - means.nc: forcing: is not there",
        "  - grid.csv: forcing: is not there",
        "  - lost.yaml: kernel.namelist: 'corpse.nml' is no such file; needed a namelist of CORPSE",
    ]
    for name in ("rows.csv", "means.nc", "grid.csv", "corpse.nml"):
        (tmp_path / name).touch()
    (left,) = soilsweep("validate", "lost.yaml").out.splitlines()[2:]
    assert left.startswith("  - corpse.nml: ")
