"""Facts of the kernel that runs a program: its files, its ends, its laws as one of many kernels."""

import gc
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import programs
import pytest
import stages
from ruamel.yaml import YAML
from waiting import ended, wait_for

import kernels
from kernels import Batch
from kernels.contract.fingerprint import fingerprint
from kernels.contract.status import BAD_INPUT, CRASHED, OK, OUT_OF_RANGE
from kernels.programs.parts import exchange as _exchange
from kernels.programs.parts import process as _process
from kernels.programs.parts import program as _program
from scenarios import read_options

YEARS = np.arange(1990, 2010)


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("SOILSWEEP_SCRATCH", str(tmp_path_factory.mktemp("scratch")))


@pytest.fixture
def options(tmp_path):
    programs.put(tmp_path / "s")
    written = YAML(typ="safe").load(programs.PROGRAM)["kernel"]
    return read_options(written, kernels.get("executable"))


@pytest.fixture
def made(options, tmp_path):
    return kernels.get("executable").made(options, tmp_path / "s")


NPP = np.array([[60.0], [40.0]]) * (1 + 0.01 * (YEARS - 1990)) ** 2


def members(made, options, rows, npp=NPP, **how):
    return stages.run(made, options, {"npp": npp}, {"year": YEARS}, rows, **how)


ROWS = {"tau_veg": [9.0, 12.0, 9.0], "tau_soil": [30.0, 31.0, 32.0], "fault": [0.0, 0.0, 0.0]}


@programs.needs_gcc
class TestLaws:
    def test_a_block_is_its_members_one_by_one(self, made, options):
        block = members(made, options, ROWS)
        assert (block.status == OK).all()
        for s in range(3):
            alone = members(made, options, {n: v[s : s + 1] for n, v in ROWS.items()})
            for name, values in alone.out.items():
                np.testing.assert_array_equal(values, block.out[name][..., s : s + 1])

    def test_locations_have_their_own_drivers(self, made, options):
        block = members(made, options, ROWS)
        for place, s in np.ndindex(2, 3):
            taus = ROWS["tau_veg"][s], ROWS["tau_soil"][s]
            veg, soil = programs.two_boxes(NPP[place], *taus)
            np.testing.assert_allclose(block.out["c_veg"][place, :, s], veg, rtol=1e-12)
            np.testing.assert_allclose(block.out["c_soil"][place, :, s], soil, rtol=1e-12)

    def test_what_is_asked_for_changes_no_bit(self, made, options):
        everything = members(made, options, ROWS).out
        found = members(made, options, ROWS, outputs=["c_soil"]).out
        assert found.keys() == {"c_soil"}
        np.testing.assert_array_equal(found["c_soil"], everything["c_soil"])

    def test_parameters_may_differ_by_location(self, made, options):
        rows = {"tau_veg": [[9.0], [12.0]], "tau_soil": [[30.0]], "fault": [[0.0]]}
        apart = members(made, options, rows).out["c_veg"]
        one, two = (members(made, options, {**rows, "tau_veg": [[tau]]}) for tau in (9.0, 12.0))
        np.testing.assert_array_equal(apart[0], one.out["c_veg"][0])
        np.testing.assert_array_equal(apart[1], two.out["c_veg"][1])

    def test_what_is_not_finite_is_not_run(self, made, options, monkeypatch):
        good = members(made, options, ROWS)
        spoilt = {**ROWS, "tau_soil": [30.0, np.nan, 32.0]}
        found = members(made, options, spoilt)
        assert found.status.tolist() == [[OK, BAD_INPUT, OK]] * 2
        assert np.isnan(found.out["c_soil"][..., 1]).all()
        np.testing.assert_array_equal(found.out["c_soil"][..., 2], good.out["c_soil"][..., 2])
        monkeypatch.setattr(_process, "run", None)
        gap = np.full((1, len(YEARS)), np.nan)
        assert (members(made, options, ROWS, npp=gap).status == BAD_INPUT).all()

    def test_no_sample_is_no_member(self, made, options, monkeypatch):
        monkeypatch.setattr(_process, "run", None)
        rows = {name: np.empty((1, 0)) for name in ROWS}
        assert members(made, options, rows, share=False).status.shape == (2, 0)


@programs.needs_gcc
class TestFiles:
    def test_contents_of_files_count_in_the_fingerprint(self, made, options, tmp_path):
        before = fingerprint(made)
        template = tmp_path / "s" / "templates" / "soil.nml"
        template.write_text(template.read_text() + "!")
        after = fingerprint(kernels.get("executable").made(options, tmp_path / "s"))
        differ = {name for name in before if before[name] != after.get(name)}
        assert differ == {"executable.files.templates/soil.nml"}

    def test_the_fingerprint_knows_no_folder(self, made, options, tmp_path):
        programs.put(tmp_path / "t")
        other = kernels.get("executable").made(options, tmp_path / "t")
        assert fingerprint(other) == fingerprint(made)

    def test_an_installed_program_counts_and_stays_where_it_is(self, options, tmp_path):
        options = replace(options, command=["sh", "model.sh"], files=("soil_model",))
        made = kernels.get("executable").made(options, tmp_path / "s")
        assert "executable.files.sh" in fingerprint(made)
        assert sorted(made.kept) == sorted(
            kernels.contract.paths.kept_as(name) for name in ("soil_model", "templates/soil.nml")
        )

    def test_the_store_has_the_files_before_the_folder_of_the_scenario(self, options, tmp_path):
        """An absolute path is still there on this machine, and may have changed."""
        absolute = str(tmp_path / "s" / "templates" / "soil.nml")
        options = replace(options, inputs={"soil.nml": absolute})
        made = kernels.get("executable").made(options, tmp_path / "s")
        (tmp_path / "inputs").mkdir()
        for name, file in made.kept.items():
            (tmp_path / "inputs" / name).write_bytes(file.read_bytes())
        again = kernels.get("executable").made(options, tmp_path / "inputs")
        assert again.files[absolute].parent == tmp_path / "inputs"

    def test_tables_alone_open_no_file(self, options, tmp_path):
        bare = kernels.get("executable").made(options, None)
        assert [p.name for p in bare.parameters] == list(ROWS)
        assert bare.isolated
        assert (bare.time_limit, bare.seconds(options, {})) == (20.0, 0.02)
        assert bare.files == {}
        with pytest.raises(ValueError, match="without its files"):
            bare.stages[0].open(options)

    def test_staged_files_go_with_the_kernel(self, options, tmp_path):
        base = _program.scratch_base()
        made = kernels.get("executable").made(options, tmp_path / "s")
        members(made, options, ROWS)
        assert [f.name for f in base.glob("soilsweep-files-*/*")] == ["soil_model"]
        del made
        gc.collect()
        assert list(base.iterdir()) == []

    def test_whole_numbers_for_fortran(self, options, tmp_path):
        template = tmp_path / "s" / "templates" / "soil.nml"
        template.write_text(template.read_text().replace("{{fault}}", "{{ fault : int }}"))
        (tmp_path / "s" / "soil_model").write_text("#!/bin/sh\ngrep fault soil.nml >&2; exit 1\n")
        made = kernels.get("executable").made(options, tmp_path / "s")
        batch = Batch(
            {
                "tau_veg": np.ones((1, 2)),
                "tau_soil": np.ones((1, 2)),
                "fault": np.array([[2, 0.5]]),
            },
            {"npp": NPP[:1]},
            {"year": YEARS},
        )
        status = np.zeros((1, 2), np.uint8)
        notes = made.stages[0].open(options)(batch, {}, status)
        assert notes[0].endswith("fault=2.0: exit code 1; it said: fault = 2,")
        assert notes[1].endswith("'fault' is not a whole number, which {{fault:int}} needs")
        assert status.tolist() == [[CRASHED, OUT_OF_RANGE]]

    def test_accents_of_an_unknown_encoding_come_through(self, options, tmp_path):
        (tmp_path / "s" / "soil_model").write_text("#!/bin/sh\ncp soil.nml $OUT/seen\n")
        template = tmp_path / "s" / "templates" / "soil.nml"
        written = b"! sol cultiv\xe9 {{tau_veg}} {{tau_soil}} {{fault}}\n"
        template.write_bytes(written)
        made = kernels.get("executable").made(options, tmp_path / "s")
        os.environ["OUT"] = str(tmp_path)
        try:
            members(made, options, {n: v[:1] for n, v in ROWS.items()})
        finally:
            del os.environ["OUT"]
        assert (tmp_path / "seen").read_bytes() == b"! sol cultiv\xe9 9.0 30.0 0.0\n"


@pytest.fixture
def run(tmp_path):
    def start(script, seconds=20.0):
        out, err = tmp_path / "out", tmp_path / "err"
        code = _process.run(["sh", "-c", script], tmp_path, seconds=seconds, out=out, err=err)
        return code, out.read_text(), _process.tail(err, tmp_path)

    return start


class TestProcess:
    def test_exit_code_and_what_it_said(self, run, tmp_path):
        assert run("pwd; echo one >&2; echo >&2; echo two $PWD >&2; exit 3") == (
            3,
            f"{tmp_path}\n",
            "one | two .",
        )

    def test_a_signal_is_named(self, run):
        assert run("kill -ABRT $$")[0] == -signal.SIGABRT
        assert _process.told(-signal.SIGABRT) == "killed by SIGABRT"
        assert _process.told(139) == "exit code 139 (SIGSEGV)"
        assert _process.told(-70) == "killed by signal 70"
        assert _process.told(3) == "exit code 3"

    def test_it_reads_nothing_of_ours(self, run):
        assert run("cat; echo done")[:2] == (0, "done\n")

    def test_the_time_limit_holds_for_grandchildren(self, run, tmp_path):
        begun = time.monotonic()
        assert run("(sleep 600; touch late) & echo $! >pid; wait", 2)[0] is None
        assert time.monotonic() - begun < 600
        child = int((tmp_path / "pid").read_text())
        wait_for(lambda: ended(child), "the grandchild has ended")

    def test_what_stays_behind_is_ended(self, run, tmp_path):
        assert run("sleep 600 & echo $! >pid")[0] == 0
        child = int((tmp_path / "pid").read_text())
        wait_for(lambda: ended(child), "what stayed behind has ended")

    def test_the_tail_is_short(self, tmp_path):
        (tmp_path / "err").write_text("\n".join(f"line {k}" for k in range(100_000)))
        said = _process.tail(tmp_path / "err", tmp_path)
        assert said == " | ".join(f"line {k}" for k in range(99_995, 100_000))

    def test_no_such_program_is_no_members_fault(self, tmp_path):
        with pytest.raises(kernels.Unavailable, match="'no-such-program' cannot be started"):
            _process.run(
                ["no-such-program"], tmp_path, seconds=1, out=tmp_path / "o", err=tmp_path / "e"
            )


SERIES = {"npp": np.array([1 / 3, 1e-300, 6.02e23]), "rh": np.array([0.1, -0.0, 5e-324])}


class TestExchange:
    @pytest.mark.parametrize("suffix", [".csv", ".nc"])
    def test_every_bit_comes_back(self, tmp_path, suffix):
        file = tmp_path / f"a{suffix}"
        years = np.array([1901, 1902, 1903])
        file.write_bytes(_exchange.encoded(suffix, years, SERIES))
        found = _exchange.read(file, ["npp", "rh"], years)
        for name, values in SERIES.items():
            np.testing.assert_array_equal(found[name].view(np.uint64), values.view(np.uint64))
        with pytest.raises(ValueError, match="other years than the run's 1902-1904"):
            _exchange.read(file, ["npp"], years + 1)

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("x\n1\n2\n", [1.0, 2.0]),
            (" x , y\n 1.0D-03 , 2\n\n# note\n-2.5d2, 3\n", [1e-3, -250.0]),
            ("y,x\r\n1,+1.E+01\r\n1,.5\r\n", [10.0, 0.5]),
            ("x\nNaN\n-Infinity\n", [np.nan, -np.inf]),
            ("x\n1,\n2,\n", [1.0, 2.0]),
        ],
    )
    def test_csv_as_fortran_r_and_excel_write_it(self, tmp_path, text, values):
        (tmp_path / "a.csv").write_text(text, newline="")
        found = _exchange.read(tmp_path / "a.csv", ["x"], np.array([1901, 1902]))["x"]
        np.testing.assert_array_equal(found, values)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "a.csv has no 'x'; it has nothing"),
            (b"y\n1\n", "a.csv has no 'x'; it has y"),
            (b"y,x\n1\n", "column 'x': found '', not a number"),
            (b"x\n1 2\n", "column 'x': found '1 2', not a number"),
            (b"x\n1,3.5\n", "row of 2 cells and a header of 1: row names of R.*row.names = FALSE"),
            (b"x\n1,3.5,4.5\n", "row of 3 cells and a header of 1$"),
            (bytes(range(256)), "a.csv"),
        ],
    )
    def test_csv_that_cannot_be_read(self, tmp_path, content, says):
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(ValueError, match=says):
            _exchange.read(tmp_path / "a.csv", ["x"], np.array([1901]))

    def test_netcdf_that_cannot_be_read(self, tmp_path):
        (tmp_path / "a.nc").write_bytes(b"CDF\x01 and no more")
        with pytest.raises(ValueError, match=r"a\.nc cannot be read"):
            _exchange.read(tmp_path / "a.nc", ["x"], np.array([1901]))

    def test_what_is_masked_is_not_a_number(self, tmp_path):
        import netCDF4

        with netCDF4.Dataset(tmp_path / "a.nc", "w") as made:
            made.createDimension("time", 2)
            made.createVariable("x", "f4", ("time",))[:] = np.ma.array([1, 2], mask=[0, 1])
        found = _exchange.read(tmp_path / "a.nc", ["x"], np.array([1901, 1902]))["x"]
        np.testing.assert_array_equal(found, [1.0, np.nan])


def test_importing_it_costs_no_library():
    heavy = "{'scipy', 'netCDF4', 'pydantic', 'xarray'}"
    code = f"import sys, kernels.programs.executable; print({heavy} & {{m for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
