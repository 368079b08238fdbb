"""Whatever is malformed: one clear message, the right exit code, and nothing changed on disk."""

import gc
import json
from dataclasses import replace
from pathlib import Path

import malformed_data
import malformed_programs
import malformed_scenarios
import malformed_stores
import malformed_testbed
import pytest
from commandline import members, refused, soilsweep, tree
from malformed_scenarios import edited
from malformed_stores import CHUNK, RUN, changed, damaged, finished, gone
from support import SMALL

from ensemble.members.work import EnsembleWork
from ensemble.store.chunks import decode
from ensemble.store.reading import read

CASES = {
    **malformed_scenarios.CASES,
    **malformed_programs.CASES,
    **malformed_data.CASES,
    **malformed_testbed.CASES,
    **malformed_stores.CASES,
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_with_one_clear_message(tmp_path, monkeypatch, name):
    case = CASES[name]
    monkeypatch.chdir(tmp_path)
    case.make(tmp_path)
    before = tree(tmp_path)
    said = soilsweep(*case.command)
    refused(said, *case.says, code=case.code, lines=case.lines)
    assert case.prints in said.out
    assert tree(tmp_path) == before


SIX = """version: 1
name: six
kernel: {name: two_box, scheme: exact}
forcing: {reader: synthetic_models, n: 40}
design:
  cross:
    - {method: monte_carlo, n: 0, parameters: {tau_veg_obs: {normal: [10.3, 1.4]}}}
    - {method: monte_carlo, n: 9, parameters: {tau_soil: {normal: [38.3, 11]}}}
seed: .nan
responses: {d: {output: c_totl, change: [1901, 2018]}}
statistics: {dd: [mean]}
sede: 1
"""


def test_all_problems_of_a_scenario_are_told_at_once_by_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SIX)
    said = soilsweep("run", "s.yaml")
    assert said.code == 2
    header, *lines = said.err.splitlines()
    assert header == "s.yaml: 8 problems"
    assert [int(line.split(":")[1]) for line in lines] == [3, 4, 7, 8, 9, 10, 11, 12]
    for line, fragment in zip(
        lines,
        (
            "kernel.scheme: found 'exact'; needed 'implicit', 'explicit' or 'exponential'",
            "forcing.n: found 40; needed 16 or less",
            "design.cross[0].n: found 0; needed 1 or more",
            "design.cross[1].parameters.tau_soil: kernel 'two_box' has no parameter 'tau_soil';",
            "seed: found .nan; needed a finite number",
            "responses.d.output: kernel 'two_box' has no output 'c_totl'; did you mean 'c_total'?",
            "statistics.dd: no output or response 'dd'",
            "sede: unknown key 'sede'; did you mean 'seed'?",
        ),
        strict=True,
    ):
        assert fragment in line


def test_a_python_tag_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = edited(("title: Small", "title: !!python/object/apply:os.mkdir [ran]"))
    (tmp_path / "s.yaml").write_text(text)
    assert soilsweep("run", "s.yaml").code == 2
    assert (
        soilsweep("run", "s.yaml", "--set", "name=!!python/object/apply:os.mkdir [ran]").code == 2
    )
    assert not (tmp_path / "ran").exists()


def test_a_plan_of_a_million_million_rows_takes_no_room(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    design = (
        "{method: monte_carlo, n: 1000000000000, parameters: {tau_soil_obs: {uniform: [20, 30]}}}"
    )
    text = SMALL[: SMALL.index("design:")] + f"design: {design}\nstatistics: {{c_soil: [mean]}}\n"
    (tmp_path / "s.yaml").write_text(text)
    said = soilsweep("plan", "s.yaml", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["members"]["all"] == 4 * 10**12
    assert list(tree(tmp_path)) == ["s.yaml"]


JOURNALS = {
    "a line corrupted": lambda text: text.replace(b'"block":[1,0,0]', b'"block":[1,0,9]'),
    "the last line torn": lambda text: text[:-40],
    "empty": lambda text: b"",
    "noise": lambda text: bytes(range(256)) * 20,
}


@pytest.mark.parametrize("name", JOURNALS)
def test_blocks_whose_journal_line_is_lost_are_run_again(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    damaged(changed("journal/*", JOURNALS[name]))(tmp_path)
    done = json.loads(soilsweep("status", "d.zarr", "--json").out)["blocks"]["done"]
    assert done < 16
    said = soilsweep(*RUN, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["ran"] == 16 - done
    assert members(tmp_path / "d.zarr") == members(finished())
    assert soilsweep("verify", "d.zarr").code == 0


@pytest.mark.parametrize("name", ["a chunk", "sums"])
def test_verify_repairs_a_damaged_block(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    damaged(gone(CHUNK if name == "a chunk" else "partials/1-0-0"))(tmp_path)
    assert soilsweep("verify", "d.zarr").code == 3
    assert soilsweep("verify", "d.zarr", "--repair").code == 0
    assert tree(tmp_path / "d.zarr") == tree(finished())


def test_repair_by_other_code_leaves_the_store_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    damaged(gone(CHUNK))(tmp_path)
    before = tree(tmp_path)
    honest = EnsembleWork.open

    def open_other(work):
        run = honest(work)

        def other(key):
            result = run(key)
            return replace(
                result, arrays={n: a + a.dtype.type(1) for n, a in result.arrays.items()}
            )

        return other

    monkeypatch.setattr(EnsembleWork, "open", open_other)
    refused(soilsweep("verify", "d.zarr", "--repair"), "does not give the committed values again")
    assert tree(tmp_path) == before


def test_a_store_that_lost_its_empty_folders_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    damaged(gone("scratch"), gone("inflight"))(tmp_path)
    assert soilsweep(*RUN).code == 0


def test_a_note_of_a_crash_that_is_half_written_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    damaged(lambda store: (store / "inflight" / "host-1-1").write_bytes(b"1 0\0\0 x"))(tmp_path)
    assert soilsweep(*RUN).code == 0


def test_an_empty_folder_may_become_a_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SMALL)
    (tmp_path / "run.zarr").mkdir()
    assert soilsweep("run", "s.yaml", "--store", "run.zarr").code == 0


def test_a_run_leaves_no_file_open(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SMALL)
    soilsweep("run", "s.yaml", "--store", "one.zarr")
    # Not even until Python looks for objects that hold each other, which is at random.
    gc.collect()
    gc.disable()
    try:
        before = len(list(Path("/proc/self/fd").iterdir()))
        soilsweep("run", "s.yaml", "--store", "two.zarr")
        assert len(list(Path("/proc/self/fd").iterdir())) <= before
    finally:
        gc.enable()


def test_a_cut_chunk_is_not_read_beyond_its_end():
    store = read(finished())
    spec = store.specs["c_soil"]
    content = memoryview((finished() / CHUNK).read_bytes())
    assert decode(spec, content).shape == spec.chunks
    # Half of a buffer: the other half is there, so a careless reader finds it.
    with pytest.raises(ValueError, match="not a whole blosc chunk"):
        decode(spec, content[: len(content) // 2])
