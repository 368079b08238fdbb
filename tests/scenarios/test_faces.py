"""``with_data:``: two faces of one scenario, each checked as one of its own."""

import hashlib
import textwrap

import pytest
from pydantic import BaseModel

import scenarios
from scenarios import ScenarioError, catalogue, evaluated
from scenarios.reading.shipped import EVALUATIONS, library

PLAIN = """
version: 1
name: two-faces
kernel: two_box
forcing: {reader: synthetic_models, n: 2}
design: {method: quantiles, parameters: {tau_soil_obs: {normal: [38.3, 11], lower: 2}}, n: 3}
seed: 3
responses:
  d_total: {output: c_total, change: [1901, 2018]}
"""
DATA = """
with_data:
  forcing: {reader: annual_table, path: models/annual.csv, units: {NPP: Pg C yr-1}}
"""


def load(tmp_path, text, *settings, **options):
    file = tmp_path / "two-faces.yaml"
    file.write_text(textwrap.dedent(text))
    return scenarios.load(file, settings=settings, **options)


def refused(tmp_path, text, *settings, **options):
    with pytest.raises(ScenarioError) as error:
        load(tmp_path, text, *settings, **options)
    return [(p.line, p.where, p.text) for p in error.value.problems]


def test_each_face_is_a_scenario_without_the_other(tmp_path):
    plain = load(tmp_path, PLAIN + DATA)
    real = load(tmp_path, PLAIN + DATA, data=tmp_path)
    assert plain.forcing[0].reader == "synthetic_models"
    assert real.forcing[0].reader == "annual_table"
    assert plain.model_dump().keys() == real.model_dump().keys()
    assert "with_data" not in real.model_dump()
    assert plain.store_path() == "runs/two-faces.zarr"
    assert real.store_path() == "runs/two-faces-data.zarr"
    assert real.base_of("forcing") == tmp_path == real.base_of("design")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    real = load(tmp_path, PLAIN + DATA, data=elsewhere)
    assert real.base_of("forcing") == elsewhere
    assert real.base_of("design") == tmp_path


@pytest.mark.parametrize(
    ("store", "found"),
    [
        ("store: out/mine.zarr\n", "out/mine-data.zarr"),
        ("store: out/mine\n", "out/mine-data"),
        ("", "runs/two-faces-data.zarr"),
    ],
)
def test_the_store_lies_beside_the_other(tmp_path, store, found):
    assert load(tmp_path, PLAIN + store + DATA, data=tmp_path).store_path() == found
    stated = f"{PLAIN}{store}{DATA}  store: real.zarr\n"
    assert load(tmp_path, stated, data=tmp_path).store_path() == "real.zarr"
    set_ = load(tmp_path, PLAIN + store + DATA, "store=set.zarr", data=tmp_path)
    assert set_.store_path() == "set.zarr"


def test_any_section_may_be_replaced_and_settings_are_of_the_face_that_is_asked_for(tmp_path):
    text = f"{PLAIN}{DATA}  seed: 8\n  design: {{method: morris, trajectories: 4}}\n"
    text = text.replace("trajectories: 4", "trajectories: 4, parameters: all")
    real = load(tmp_path, text, "design.trajectories=6", data=tmp_path)
    assert (real.seed, real.design.method, real.design.trajectories) == (8, "morris", 6)
    plain = load(tmp_path, text, "design.n=5", "with_data.seed=9")
    assert (plain.seed, plain.design.n) == (3, 5)
    assert load(tmp_path, text, "with_data.seed=9", data=tmp_path).seed == 9


def test_all_problems_of_both_faces_are_told_at_once_with_their_lines(tmp_path):
    text = PLAIN.replace("seed: 3", "seed: -3") + DATA.replace("path:", "paht:")
    text += "  responses: {d: {output: c_totl, change: [1901, 2018]}}\n"
    text += "  sed: 4\n  name: other\n"
    at = {line.strip(): k for k, line in enumerate(textwrap.dedent(text).splitlines(), 1)}
    forcing = next(k for line, k in at.items() if "paht" in line)
    for data in (False, tmp_path):
        found = refused(tmp_path, text, data=data, both_faces=True)
        assert [(line, where) for line, where, _ in found] == [
            (at["seed: -3"], "seed"),
            (forcing, "with_data.forcing.paht"),
            (next(k for line, k in at.items() if "c_totl" in line), "with_data.responses.d.output"),
            (at["sed: 4"], "with_data.sed"),
            (at["name: other"], "with_data.name"),
        ]
        assert "'path'" in found[1][2]
        assert "c_total" in found[2][2]
        assert "seed" in found[3][2]


def test_the_other_face_does_not_stop_a_run(tmp_path):
    text = PLAIN + DATA.replace("path:", "paht:")
    assert load(tmp_path, text).seed == 3
    assert refused(tmp_path, text, both_faces=True)
    # What stands in the place of with_data: itself is wrong either way.
    assert refused(tmp_path, f"{PLAIN}{DATA}  forcings: {{}}\n")


@pytest.mark.parametrize("written", ["", " {}", " []", " 3", " '  '"])
def test_what_is_neither_sections_nor_a_reason_is_refused(tmp_path, written):
    text = f"{PLAIN}with_data:{written}\n"
    for data in (False, tmp_path):
        ((line, where, words),) = refused(tmp_path, text, data=data)
        assert (line, where) == (10, "with_data")
        assert "needed the sections that real data replace" in words


def test_a_scenario_without_real_data_says_so(tmp_path):
    ((_, _, words),) = refused(tmp_path, PLAIN, data=tmp_path)
    assert "says nothing of real data" in words
    text = f"{PLAIN}with_data: nobody measured it\n"
    assert load(tmp_path, text, both_faces=True).seed == 3
    ((line, where, words),) = refused(tmp_path, text, data=tmp_path)
    assert (line, where) == (10, "with_data")
    assert words.endswith("nobody measured it")


def test_the_variable_names_the_folder_where_the_option_stands_alone(tmp_path, monkeypatch):
    folder = tmp_path / "real"
    folder.mkdir()
    monkeypatch.setenv("SOILSWEEP_DATA", str(folder))
    assert load(tmp_path, PLAIN + DATA).data is None
    assert load(tmp_path, PLAIN + DATA, data=True).data == folder
    assert load(tmp_path, PLAIN + DATA, data="").data == folder
    assert load(tmp_path, PLAIN + DATA, data=tmp_path).data == tmp_path
    monkeypatch.delenv("SOILSWEEP_DATA")
    ((_, _, words),) = refused(tmp_path, PLAIN + DATA, data=True)
    assert words == "no folder is named; say --data FOLDER, or set SOILSWEEP_DATA"
    with pytest.raises(ScenarioError, match=r"^--data: '.*nowhere' is no folder"):
        load(tmp_path, PLAIN + DATA, data=tmp_path / "nowhere")


def test_the_catalogue_is_whole_and_no_scenario():
    listed = catalogue.catalogue()
    assert "data" not in scenarios.library()
    assert len({one.sha256 for one in listed.values()}) == len(listed)
    for one in listed.values():
        assert len(bytes.fromhex(one.sha256)) == hashlib.sha256().digest_size
        assert one.nbytes > 0
        assert one.doi
        assert one.licence
        assert one.published


def readers(part):
    """Yield every reader of a section, of forcings or of observations."""
    if hasattr(part, "files"):
        yield part
    elif isinstance(part, BaseModel):
        yield from readers(dict(part))
    elif isinstance(part, dict | list):
        for below in part.values() if isinstance(part, dict) else part:
            yield from readers(below)


PREPARED = "training_rh.csv"
"""What `soilsweep prepare forest` writes of files of the catalogue."""


@pytest.mark.parametrize("name", scenarios.library())
def test_every_shipped_scenario_has_real_data_or_says_why_not(name, tmp_path):
    """All that its sections open is in the catalogue: an empty folder lacks what it needs."""
    assert scenarios.load(name, both_faces=True).data is None
    try:
        real = scenarios.load(name, data=tmp_path)
    except ScenarioError as error:
        assert error.problems[0].text.startswith("there is none to run on: ")  # noqa: PT017
        return
    missing = {p.file for p in scenarios.check_files(real)}
    opened = [*readers(real.forcing), *readers(real.evaluation)]
    files = {one for reader in opened for one in reader.files()}
    assert missing or files == {PREPARED}
    named = {str(tmp_path / one) for one in files - {PREPARED}}
    assert all(any(file == n or file.startswith(f"{n}/") for n in named) for file in missing)
    assert all(any(file == n or file.startswith(f"{n}/") for file in missing) for n in named)


@pytest.mark.parametrize("name", library(EVALUATIONS))
def test_every_shipped_evaluation_has_real_data_of_the_catalogue(name, tmp_path):
    real = evaluated.load(name, data=tmp_path)
    known = catalogue.catalogue()
    named = {file for reader in readers(real.asked) for file in reader.files()}
    assert named
    folders = tuple(f"{file}/" for file in named)
    assert all(file in known or any(k.startswith(folders) for k in known) for file in named)


def test_a_file_that_is_another_is_refused_by_length_and_by_content(tmp_path):
    path = "trendy_v9_s2/annual_global.csv"
    listed = catalogue.catalogue()[path]
    real = scenarios.load("tau-constraint", data=tmp_path)

    def told():
        (problem,) = scenarios.check_files(real)
        assert problem.file == str(tmp_path / path)
        assert listed.published in problem.text
        assert f"DOI {listed.doi}; licence {listed.licence}" in problem.text
        return problem.text

    assert told().startswith("is missing; put it there")
    (tmp_path / path).parent.mkdir()
    (tmp_path / path).write_bytes(b"x" * (listed.nbytes - 1))
    assert told().startswith(f"has {listed.nbytes - 1:,} bytes; needed the {listed.nbytes:,}")
    (tmp_path / path).write_bytes(b"x" * listed.nbytes)
    assert told().startswith("has sha256 ")
    (tmp_path / path).unlink()
    (tmp_path / path).mkdir()
    told()


def test_a_shipped_scenario_is_copied_with_its_other_face(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = scenarios.write_template("mine", "tau-constraint")
    assert scenarios.load(file, data=tmp_path).store_path() == "runs/mine-data.zarr"
