"""Programs of other people as kernels, from a scenario to a store and back."""

import contextlib
import errno
import json
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import programs
import pytest
import xarray as xr
from commandline import refused, soilsweep
from programs import FAULTS, needs_gcc, put
from ruamel import yaml
from waiting import wait_for

import ensemble
import scenarios
from ensemble.errors import PlanError
from ensemble.members.reopening import open_work
from ensemble.planning import creating, feasibility
from ensemble.runs import verify as verifying
from ensemble.store.reading import read
from kernels import BY_CODE, Unavailable

pytestmark = needs_gcc
YAML = "program.yaml"


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory, monkeypatch):
    """Give every test a scratch base of its own, and check that nothing is left in it."""
    base = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("SOILSWEEP_SCRATCH", str(base))
    yield base
    assert not list(base.glob("soilsweep-member-*"))


def planned(folder, *pairs, store="run.zarr", **how):
    file = put(folder, *pairs, **how)
    return ensemble.plan(scenarios.load(file), store=folder / store)


def notes(store):
    return [note for entry in read(store).committed().values() for note in entry.notes]


def opened(store):
    return xr.open_zarr(store, consolidated=True, mask_and_scale=False).load()


def test_every_member_of_a_run_is_the_textbook_member(tmp_path):
    plan = planned(tmp_path / "s")
    outcome = ensemble.run(plan, workers=1)
    assert outcome.members == {0: 24}
    members = opened(plan.path)
    for f, s in np.ndindex(2, 12):
        row = members.isel(sample=s)
        npp = plan.experiment.drivers[f]["npp"][0]
        veg, soil = programs.two_boxes(npp, float(row.tau_veg), float(row.tau_soil))
        np.testing.assert_allclose(row.c_veg[f, 0], veg, rtol=1e-12)
        np.testing.assert_allclose(row.c_soil[f, 0], soil, rtol=1e-12)
        assert row.d_soil[f, 0] == pytest.approx(soil[-1] - soil[0], rel=1e-9)
    assert len(np.unique(members.c_soil[..., -1, :])) == 24


def test_threads_change_no_byte(tmp_path):
    digests = set()
    for workers in (1, 2):
        plan = planned(tmp_path / str(workers))
        ensemble.run(plan, workers=workers)
        digests.add(read(plan.path).digest())
    assert len(digests) == 1


def test_a_store_needs_nothing_of_the_folder_it_came_from(tmp_path):
    plan = planned(tmp_path / "s", store="../run.zarr")
    ensemble.run(plan, workers=1)
    shutil.rmtree(tmp_path / "s")
    again = verifying.replay(read(tmp_path / "run.zarr"), (1, 0, 7))
    assert again.compared >= 4
    assert again.differences == []


FAULT_SAYS = {
    3: ("crashed", "fault=3.0: exit code 3; it said: first | STOP: no litter in layer 4"),
    4: ("bad_output", "soil.csv was not written"),
    5: ("not_finite", "soil.csv, 'c_soil': not finite"),
    6: ("bad_output", "soil.csv has no 'c_soil'; it has c_veg, year"),
    7: ("bad_output", "soil.csv, 'c_veg': found 99 values; needed 118"),
    8: ("bad_output", "soil.csv has other years than the run's 1901-2018"),
    9: ("bad_output", "soil.csv, column 'c_soil': found '****', not a number"),
    11: ("crashed", "killed by SIGSEGV"),
}


def test_a_member_that_fails_costs_itself_alone_and_says_why(tmp_path):
    faults = [0, *FAULT_SAYS, 1]
    text = FAULTS.replace("FAULTS", ", ".join(map(str, faults)))
    plan = planned(tmp_path / "s", text=text)
    outcome = ensemble.run(plan, workers=1)
    members, said = opened(plan.path), notes(plan.path)
    assert outcome.members[0] == 4
    for s, fault in enumerate(faults):
        code, fragment = FAULT_SAYS.get(fault, ("ok", ""))
        for f in range(2):
            assert BY_CODE[int(members.status[f, 0, s])].name == code, fault
            assert np.isnan(members.c_soil[f, 0, :, s]).all() == (code != "ok")
        if fragment:
            assert any(f"fault={float(fault)!r}: " in n and fragment in n for n in said), fault
    assert not any(str(tmp_path) in note or "soilsweep-member" in note for note in said)


@pytest.mark.parametrize(("fault", "limit", "status"), [(60, 0.5, "timed_out"), (61, 50, "ok")])
def test_what_a_program_started_ends_with_it(tmp_path, scratch, fault, limit, status):
    text = FAULTS.replace("FAULTS", str(fault)).replace("time_limit: 20", f"time_limit: {limit}")
    plan = planned(tmp_path / "s", ("n: 2}\n", "n: 1}\n"), text=text)
    begun = time.monotonic()
    outcome = ensemble.run(plan, workers=1)
    assert time.monotonic() - begun < 600
    assert [BY_CODE[code].name for code in outcome.members] == [status]
    wait_for(lambda: not running_in(scratch), "what it started is gone", every=0.02)
    if status == "timed_out":
        assert "no end within 0.5 s" in notes(plan.path)[0]


def running_in(folder):
    """Return the processes that work below a folder, which may be removed by now."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(process / "cwd").startswith(str(folder)):
                found.append(process.name)
    return found


def test_a_failed_member_is_kept_where_that_is_asked_for(tmp_path, monkeypatch, scratch):
    monkeypatch.setenv("SOILSWEEP_KEEP", "failed")
    plan = planned(tmp_path / "s", ("n: 2}\n", "n: 1}\n"), text=FAULTS.replace("FAULTS", "0, 3"))
    # The control member runs well.
    ensemble.run(plan, workers=1)
    (kept,) = scratch.glob("soilsweep-member-*")
    assert f"kept in {kept}" in notes(plan.path)[0]
    assert "STOP" in (kept / "stderr").read_text()
    assert "fault = 3.0," in (kept / "work" / "soil.nml").read_text()
    shutil.rmtree(kept)


def test_a_template_keeps_its_braces_and_floats_every_bit(tmp_path, monkeypatch, scratch):
    monkeypatch.setenv("SOILSWEEP_KEEP", "failed")
    text = FAULTS.replace("fault: {values: [FAULTS]}", "fault: {values: [3.3333333333333335]}")
    plan = planned(tmp_path / "s", ("n: 2}\n", "n: 1}\n"), text=text)
    ensemble.run(plan, workers=1)
    (kept,) = scratch.glob("soilsweep-member-*")
    lines = (kept / "work" / "soil.nml").read_text().splitlines()
    assert lines[0] == "&soil                   ! { braces } and {{ these }, too, stay"
    assert lines[3:5] == ["  fault = 3.3333333333333335,", "  years = 1901, 2018, 118"]
    header, first, *_ = (kept / "work" / "drivers.csv").read_text().splitlines()
    assert header == "year,npp"
    year, value = first.split(",")
    assert (int(year), float(value)) == (1901, plan.experiment.drivers[0]["npp"][0, 0])
    shutil.rmtree(kept)


NETCDF = f"""version: 1
name: netcdf
kernel:
  command: [{sys.executable}, model.py]
  time_limit: 60
  seconds: 0.5
  files: [code/model.py]
  inputs: {{in/settings.json: settings.json}}
  parameters: {{tau: {{units: yr, default: 30, lower: 1, upper: 1000}}}}
  drivers: {{npp: {{units: Pg C yr-1, file: in/drivers.nc, variable: carbon}}}}
  outputs:
    c_soil: {{units: Pg C, file: out/result.nc, variable: soilc}}
    c_most: {{units: Pg C, file: out/result.nc, variable: largest, dims: []}}
forcing: {{reader: synthetic_models, n: 1}}
design: {{method: grid, parameters: {{tau: {{values: [20, 50]}}}}}}
outputs: {{c_soil: all, c_most: all}}
precision: float64
"""


def test_netcdf_goes_in_and_out(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "model.py").write_text(programs.NETCDF_MODEL)
    (tmp_path / "settings.json").write_text('{"soil": {"tau": {{tau}}}}')
    (tmp_path / YAML).write_text(NETCDF)
    plan = ensemble.plan(scenarios.load(tmp_path / YAML), store=tmp_path / "run.zarr")
    outcome = ensemble.run(plan, workers=2)
    assert outcome.members == {0: 2}, notes(plan.path)
    members = opened(plan.path)
    for s, tau in enumerate((20.0, 50.0)):
        npp = plan.experiment.drivers[0]["npp"][0]
        stock = [npp[0] * tau]
        for value in npp[1:]:
            stock.append((stock[-1] + value) * tau / (tau + 1))
        np.testing.assert_allclose(members.c_soil[0, 0, :, s], stock, rtol=1e-12)
        assert members.c_most[0, 0, s] == pytest.approx(max(stock), rel=1e-12)


def test_a_shell_reads_the_command_where_that_is_asked_for(tmp_path):
    plan = planned(
        tmp_path / "s",
        (
            "command: [./soil_model, soil.nml]",
            "command: './soil_model soil.nml && [ {{fault}} != 3.0 ] || { echo no >&2; exit 4; }'\n"
            "  shell: true\n  files: [soil_model]",
        ),
        text=FAULTS.replace("FAULTS", "0, 3"),
    )
    assert feasibility.summary(plan, 1)["commands"][0].startswith(
        "/bin/sh -c './soil_model soil.nml"
    )
    outcome = ensemble.run(plan, workers=1)
    assert {BY_CODE[c].name: n for c, n in outcome.members.items()} == {"ok": 2, "crashed": 2}
    assert notes(plan.path)[0].endswith(
        "exit code 4; it said: first | STOP: no litter in layer 4 | no"
    )


def test_a_changed_template_or_program_is_noticed_by_a_run_that_resumes(tmp_path):
    first = planned(tmp_path / "s")
    ensemble.run(first, workers=1)
    for name in ("soil_model", "templates/soil.nml"):
        file = tmp_path / "s" / name
        before = file.read_bytes()
        file.write_bytes(before + b"\n! more\n")
        plan = ensemble.plan(scenarios.load(tmp_path / "s" / YAML), store=first.path)
        with pytest.raises(PlanError, match=rf"kernel: executable.files.{name} has changed"):
            ensemble.run(plan, workers=1)
        file.write_bytes(before)
    plan = ensemble.plan(scenarios.load(tmp_path / "s" / YAML), store=first.path)
    assert ensemble.run(plan, workers=1).ran == 0


def test_validate_starts_nothing_and_plan_prints_the_command(tmp_path, monkeypatch):
    file = put(tmp_path / "s", ("./soil_model, soil.nml", "./soil_model, soil.nml, 'a b'"))
    monkeypatch.setattr("subprocess.Popen", None)
    assert soilsweep("validate", file).code == 0
    said = soilsweep("plan", file, "--json")
    assert json.loads(said.out)["commands"] == ["./soil_model soil.nml 'a b'"]
    shutil.rmtree(tmp_path / "s" / "templates")
    assert soilsweep("validate", file).code == 0


def test_the_schema_takes_a_program():
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(soilsweep("validate", "--schema").out))
    good = yaml.YAML(typ="safe").load(programs.PROGRAM)
    validator.validate(good)
    assert not validator.is_valid({**good, "kernel": {"comand": ["./soil_model"]}})


def test_plan_runs_no_program_for_edges_of_histograms(tmp_path):
    file = put(tmp_path / "s", ("d_soil: [mean, std]", "d_soil: [mean, q50]"))
    said = soilsweep("plan", file)
    refused(said, "statistics.d_soil", "histograms: {edges: {d_soil: [lowest, highest]}}")
    text = file.read_text() + "histograms: {edges: {d_soil: [-500, 900]}}\n"
    file.write_text(text)
    assert soilsweep("plan", file).code == 0


def test_a_scratch_folder_that_cannot_be_written_stops_the_run(tmp_path, monkeypatch):
    plan = planned(tmp_path / "s")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SOILSWEEP_SCRATCH", str(tmp_path / "file"))
    with pytest.raises(Exception, match="scratch folder") as stopped:
        ensemble.run(plan, workers=1)
    assert not isinstance(stopped.value, PlanError)
    monkeypatch.delenv("SOILSWEEP_SCRATCH")
    assert ensemble.run(plan, workers=1).members == {0: 24}


def test_a_full_scratch_disk_is_not_taken_for_the_stores(tmp_path, monkeypatch, scratch):
    plan = planned(tmp_path / "s")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("kernels.programs.parts.program.Program._furnish", full)
    with pytest.raises(Exception, match=rf"scratch folder: {scratch}: No space left on device"):
        ensemble.run(plan, workers=1)
    assert read(plan.path).committed() == {}


def test_a_program_that_cannot_start_stops_the_run_and_fails_no_member(tmp_path):
    plan = planned(tmp_path / "s")
    (tmp_path / "s" / "soil_model").write_text("neither a program nor a script")
    with pytest.raises(Exception, match="soil_model' cannot be started: Exec format error"):
        ensemble.run(plan, workers=1)
    assert read(plan.path).committed() == {}


def test_what_runs_is_the_program_of_the_start(tmp_path):
    """A model that is compiled anew while its run goes on does not change the run."""
    plan = planned(tmp_path / "s")
    work = open_work(creating.create_store(plan))
    run_block = work.open()
    one = run_block((0, 0, 0))
    (tmp_path / "s" / "soil_model").write_text("#!/bin/sh\nexit 1\n")
    two = run_block((0, 0, 1))
    assert one.status[0] + two.status[0] == 10
    assert issubclass(Unavailable, OSError)


def test_a_program_sees_one_thread_and_not_our_mpi(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("PMI_RANK", "0")
    script = '[ "$OMP_NUM_THREADS-$PMI_RANK-$FAR" = 1--away ] && ./soil_model soil.nml'
    monkeypatch.setenv("FAR", "away")
    change = ("[./soil_model, soil.nml]", f"'{script}'\n  shell: true\n  files: [soil_model]")
    plan = planned(tmp_path / "s", change)
    assert ensemble.run(plan, workers=1).members == {0: 24}
    assert os.environ["OMP_NUM_THREADS"] == "8"


def test_its_parameters_are_plausible_as_the_scenario_says_or_around_the_default(tmp_path):
    tau = "tau_veg: {units: yr, default: 10.3, lower: 1, upper: 100"
    pairs = [
        (tau, f"{tau}, plausible: [8, 12]"),
        ("{tau_veg: {normal: [10.3, 1.4]}}", "[tau_veg]"),
        ("{tau_soil: {uniform: [20, 50]}}", "[tau_soil]"),
    ]
    design = planned(tmp_path / "s", *pairs).layout.sampler.first
    assert design.attributes["distributions"] == {
        "tau_veg": {"uniform": {"lower": 8.0, "upper": 12.0}},
        "tau_soil": {"uniform": {"lower": 19.15, "upper": 57.449999999999996}},
    }
    assert design.attributes["plausible"]["tau_veg"] == "the scenario"
