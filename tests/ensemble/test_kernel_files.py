"""What files of kernels say beyond the kernels: in the plan, in the store and on the page."""

import json

from commandline import soilsweep
from parameter_files import casa, corpse, mimics
from support import plan

from ensemble.planning.creating import create_store
from ensemble.planning.notices import FILE

SCENARIO = """
version: 1
name: files
kernel:
  chain:
    - {name: casa_debris, table: casa.csv}
    - models:
        - {name: mimics_testbed, table: mimics.csv}
        - {name: corpse, namelist: corpse.nml}
  drivers: mean
forcing: {reader: synthetic_testbed, cells: 8}
design: {method: monte_carlo, n: 8, parameters: {Tmic: {uniform: [0.2, 0.3]}}}
outputs: {rh: last}
"""


def write(folder):
    at = (text := casa()).index("fracrootexudate")
    exuded = text[:at] + text[at:].replace("\n4,0,0,0.0,", "\n4,0,0,0.1,")
    (folder / "casa.csv").write_text(exuded)
    lines = mimics().splitlines()
    (folder / "mimics.csv").write_text("\n".join(lines[:-1]) + "\n")
    changed = corpse().replace("litterDensity = 22.0", "litterDensity = 50.0")
    (folder / "corpse.nml").write_text(changed)


def test_a_plan_says_what_files_mean_otherwise_and_what_they_say_in_vain(tmp_path):
    write(tmp_path)
    planned = plan(tmp_path, text=SCENARIO)
    said = [str(notice) for notice in planned.warnings if notice.kind == FILE]
    assert [text.partition(":")[0] for text in said] == ["casa.csv", "mimics.csv"]
    assert "fracRootExudate" in said[0]
    assert "f(W) = 1" in said[1]
    store = create_store(planned)
    notes = store.attrs["kernel_notes"]
    assert notes[:2] == said
    assert [note.partition(":")[0] for note in notes[2:]] == ["casa.csv", "corpse.nml"]
    assert "litterDensity" in notes[-1]


def test_the_command_prints_both(tmp_path):
    write(tmp_path)
    (tmp_path / "small.yaml").write_text(SCENARIO)
    found = json.loads(soilsweep("plan", tmp_path / "small.yaml", "--json").out)
    assert any("fracRootExudate" in text for text in found["warnings"])
    assert any("litterDensity" in text for text in found["notes"])
