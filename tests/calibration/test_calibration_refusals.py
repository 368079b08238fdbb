"""What a calibration is refused for before anything is written: found, needed, where."""

import calibrated
import numpy as np
import pytest
from commandline import soilsweep

import ensemble
from ensemble.errors import FAILED_MEMBERS, PlanError
from scenarios import ScenarioError

C = "calibration"
WORDS = {
    "unknown parameter": (
        ("    D1: {log", "    D2b: {log"), f"{C}.parameters.D2b", "has no parameter 'D2b'"),
    "slip of a parameter": (
        ("    tau_extra: {log", "    tau_exta: {log"), f"{C}.parameters.tau_exta",
        "did you mean 'tau_extra'?"),
    "unknown response": (("minimise: j", "minimise: jj"), f"{C}.minimise", "did you mean 'j'?"),
    "unknown metric": (
        ("minimise: j", "minimise: {rmsd: j}"), f"{C}.minimise", "did you mean 'rmse'?"),
    "a list to minimise": (("minimise: j", "minimise: [j]"), f"{C}.minimise", "{rmse: j_soc}"),
    "unknown search": (
        ("name: sceua", "name: sceau"), f"{C}.algorithm", "unknown name 'sceau'"),
    "unknown option": (
        ("complexes: 2", "complex: 2"), f"{C}.algorithm.complex", "did you mean 'complexes'?"),
    "turned ends": (
        ("[0.3, 3]", "[3, 0.3]"), f"{C}.parameters.tau_extra", "needed [lowest, highest]"),
    "equal ends": (("[0.3, 3]", "[3, 3]"), f"{C}.parameters.tau_extra", "to hold it at 3, leave"),
    "logarithm of 0": (
        ("[0.3, 3]", "[0, 3]"), f"{C}.parameters.tau_extra", "needed both above 0"),
    "beyond the kernel": (
        ("[0.3, 3]", "[0.3, 3000]"), f"{C}.parameters.tau_extra", "within the kernel's, 0 to 100"),
    "two ranges": (
        ("{loguniform: [0.3, 3]}", "{loguniform: [0.3, 3], uniform: [0, 1]}"),
        f"{C}.parameters.tau_extra", "found uniform and loguniform"),
    "ratio of what is not searched": (
        ("  restarts: 2", "  restarts: 2\n  search_ratio: {tau_extra: D3}"),
        C, "search_ratio: 'D3' is not searched"),
    "unknown limit": (
        ("  restarts: 2", "  restarts: 2\n  require: {share: {range: [0, 1]}}"),
        f"{C}.require.share", "no response 'share'"),
    "turned limit": (
        ("  restarts: 2", "  restarts: 2\n  require: {j: {range: [1, 0]}}"),
        f"{C}.require.j", "needed [lowest, highest]"),
    "a ratio of no quotient": (
        ("  restarts: 2", "  restarts: 2\n  require: {j: {range: [0, 1], over: ratio}}"),
        f"{C}.require.j.over", "needed an expression of two numbers, such as microbes / carbon"),
    "two splits": (
        ("  restarts: 2", "  restarts: 2\n  validation: {split: half, column: half}"),
        f"{C}.validation", "found split and column; needed one of split:"),
    "one fold": (
        ("  restarts: 2", "  restarts: 2\n  validation: {folds: 1}"),
        f"{C}.validation.folds", "needed"),
    "a design beside": (
        ("seed: 5", "seed: 5\ndesign: {method: morris, trajectories: 3, parameters: all}"),
        "design", "beside calibration:"),
    "outputs beside": (("seed: 5", "seed: 5\noutputs: {soc: last}"), "outputs", "soilsweep apply"),
    "a value of what is searched": (
        ("seed: 5", "seed: 5\nparameters: {tau_extra: 1.5}"), f"{C}.parameters.tau_extra",
        "leave it out of one"),
    "no group of that kind": (
        ("groups: {column: biome}", "groups: site"), f"{C}.groups", "location, all, or {column"),
}  # fmt: skip


@pytest.mark.parametrize("case", WORDS)
def test_words_are_refused_with_their_line(sites, case):
    change, where, said = WORDS[case]
    text = calibrated.changed(*change)
    with pytest.raises(ScenarioError) as caught:
        calibrated.load(sites, text=text)
    (problem,) = [p for p in caught.value.problems if said in p.text]
    assert problem.where == where
    lines = text.splitlines()
    assert problem.line is not None
    word = where.rpartition(".")[2]
    assert word in lines[problem.line - 1] or problem.line == lines.index("calibration:") + 1


def test_neither_design_nor_calibration(sites):
    text = calibrated.TWINS[: calibrated.TWINS.index("calibration:")]
    with pytest.raises(ScenarioError, match=r"design: is missing; needed design: \{method"):
        calibrated.load(sites, text=text)


PLANS = {
    "unknown column": (
        ("column: biome", "column: bime"), f"{C}.groups.column", "did you mean 'biome'?"),
    "too small a budget": (
        ("budget: 400", "budget: 30"), f"{C}.budget", "evaluations for sceua of 2 parameters"),
    "no sum of squares": (
        ("minimise: j", "minimise: stock"), f"{C}.algorithm",
        "needs a cost that is a sum of squares"),
    "no square": (
        ("minimise: j", "minimise: {kge: j}"), f"{C}.algorithm",
        "needs a cost that is a sum of squares"),
    "a metric of what compares nothing": (
        ("minimise: j", "minimise: {rmse: stock}"), f"{C}.minimise", "compares nothing"),
    "locations of groups of one": (
        ("groups: {column: biome}", "validation: {split: half, of: locations}"),
        f"{C}.validation.of", "every location is a group of its own"),
    "nothing to calibrate on": (
        ("  restarts: 2", "  restarts: 2\n  validation: {column: half, calibrate: CALIB}"),
        f"{C}.validation.calibrate", "it has CAL, VAL"),
    "a group of which nothing is left": (
        ("  restarts: 2", "  restarts: 2\n  validation: {column: biome, calibrate: boreal}"),
        f"{C}.validation", "groups 'temperate', 'tropical': no location is left"),
    "more folds than locations": (
        ("  restarts: 2", "  restarts: 2\n  validation: {folds: 5, of: locations}"),
        f"{C}.validation.folds", "'temperate', 'tropical': observed locations for 4 of them alone"),
    "more folds than layers": (
        ("groups: {column: biome}", "validation: {folds: 2}"),
        f"{C}.validation.folds", "1 lists them): observations for 1 of them alone"),
    "folds of groups of one": (
        ("groups: {column: biome}", "validation: {folds: 2, of: locations}"),
        f"{C}.validation.of", "every location is a group of its own"),
    "a column of one value": (
        ("  restarts: 2", "  restarts: 2\n  validation: {leave_out: biome}"),
        f"{C}.validation.leave_out", "one value of 'biome' alone"),
    "an unknown column to leave out by": (
        ("  restarts: 2", "  restarts: 2\n  validation: {leave_out: bime}"),
        f"{C}.validation.leave_out", "did you mean 'biome'?"),
}  # fmt: skip


@pytest.mark.parametrize("case", PLANS)
def test_what_does_not_suit_the_data_is_refused_with_its_line(sites, case):
    change, where, said = PLANS[case]
    text = calibrated.changed(*change).replace(
        "calibration:\n", "  stock: {output: soc_stock, value: true}\ncalibration:\n", 1
    )
    if case in ("no sum of squares", "no square"):
        text = text.replace("name: sceua, complexes: 2", "name: levenberg_marquardt")
    with pytest.raises(ScenarioError) as caught:
        calibrated.plan(sites, text=text)
    problems = [p for p in caught.value.problems if said in p.text]
    assert len(problems) == 1, str(caught.value)
    assert problems[0].where == where
    assert problems[0].line is not None


def test_nothing_is_written_and_the_exit_code_is_the_users(sites, monkeypatch):
    monkeypatch.chdir(sites)
    calibrated.load(sites, name="small")
    before = {p.name for p in sites.iterdir()}
    words = ("--set", "calibration.budget=30", "--store", "never.zarr")
    for command in ("plan", "run"):
        said = soilsweep(command, "small.yaml", *words)
        assert said.code == 2
        assert "calibration.budget: found 30; needed at least" in said.err
    said = soilsweep("plan", "small.yaml", "--try")
    assert said.code == 2
    assert {p.name for p in sites.iterdir()} == before


def test_an_ensembles_plan_says_what_plans_calibrations(sites):
    with pytest.raises(ScenarioError, match=r"planned by ensemble\.plan_calibration"):
        ensemble.plan(calibrated.load(sites))


def test_changes_cannot_be_accepted(sites):
    calibrated.run(sites, store="kept.zarr", workers=1)
    with pytest.raises(PlanError, match=r"(?s)seed was 5.*no meaning here"):
        calibrated.run(sites, "seed=6", store="kept.zarr", accept_changes="why not")


def test_an_unobserved_group_is_named_and_the_others_go_on(tmp_path, monkeypatch):
    calibrated.write(tmp_path)
    lines = (tmp_path / "observed.csv").read_text().splitlines()
    boreal = {f"S{k:02d}" for k in range(0, 12, 3)}
    kept = [line for line in lines if line.split(",")[0] not in boreal]
    (tmp_path / "observed.csv").write_text("\n".join(kept))
    monkeypatch.chdir(tmp_path)
    calibrated.load(tmp_path)
    said = soilsweep("run", "twins.yaml", "--store", "run.zarr")
    assert said.code == FAILED_MEMBERS
    assert "group 'boreal': nothing is observed" in said.err
    assert "1 group has no result" in said.err
    found = calibrated.opened(tmp_path / "run.zarr")
    assert [str(g) for g in found.group.values] == ["boreal", "temperate", "tropical"]
    assert np.isnan(found.cost.values[0]).all()
    assert (found.cost.values[1:] < 1e-8).all()
    assert set(found.reason.values[0]) == {252}
