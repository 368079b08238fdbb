"""A kernel that is edited while a run waits: no process joins the run with other code."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import farming
import pytest
from slurm_cluster import wait_for

from ensemble.errors import DONE, FAILED_MEMBERS, USER
from ensemble.store.journal import Journal
from ensemble.store.reading import read

SCENARIO = """
version: 1
name: edited
kernel: drifting.model
forcing: {reader: annual_table, path: drivers.csv, units: {driver: "1"}}
design: {method: grid, parameters: {x: {linspace: [0, 59, 60]}}}
outputs: {y: all}
responses: {y_end: {output: y, at: 2001}}
block: {sample: 5}
"""
KERNEL = '''
"""A kernel of one line, which somebody edits."""
from dataclasses import dataclass

from kernels import Kernel, Parameter, Stage, Variable


@dataclass(frozen=True)
class Options:
    """None."""


def step(x, driver):
    return 2.0 * x * driver


def opened(options):
    def run(batch, out, status):
        x, driver = batch.parameters["x"], batch.drivers["driver"]
        for values in out.values():
            values[...] = step(x[:, None, :], driver[..., None])
    return run


KERNEL = Kernel(
    name="drifting.model",
    title="y = 2 x driver",
    source="nowhere",
    parameters=(Parameter("x", "1", 1.0, 0.0, 100.0, "a number", "nowhere"),),
    drivers=(Variable("driver", "1", "a series"),),
    outputs=(Variable("y", "1", "twice the product"),),
    stages=(Stage("only", ("x",), ("driver",), (), ("y",), opened),),
    options=Options,
    seconds=lambda options, sizes: 1e-5,
)
'''


PLANNED = """
import sys
from pathlib import Path
import ensemble, scenarios
from ensemble.planning import creating
plan = ensemble.plan(scenarios.load("edited.yaml", settings=sys.argv[1:]), store="run.zarr")
"""
CREATE = PLANNED + "creating.create_store(plan)"
EDIT = (
    PLANNED
    + """
file = Path("drifting/model.py")
creating.create_store(plan)
Path("run.zarr/inflight/host-1-1").write_text("0 0 3".ljust(80))
file.write_text(file.read_text().replace("2.0 * x", "3.0 * x"))
try:
    ensemble.run(plan, workers=1)
except (ensemble.PlanError, ensemble.StoppedEarly) as error:
    sys.exit(str(error))
"""
)
"""The kernel is edited after the driver has imported it and before any child of it has."""

OTHER = ("other code than the run was begun with", "drifting.model.step")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder with a scenario and the kernel it names, where somebody works."""
    (tmp_path / "edited.yaml").write_text(SCENARIO)
    (tmp_path / "drivers.csv").write_text("model,year,driver\nm,2000,1.0\nm,2001,2.0\n")
    (tmp_path / "drifting").mkdir()
    (tmp_path / "drifting" / "__init__.py").touch()
    (tmp_path / "drifting" / "model.py").write_text(KERNEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def environment(place):
    path = os.pathsep.join([str(place), farming.environment()["PYTHONPATH"]])
    # Two edits within a second have one time stamp, and Python's own cache looks at no more.
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def python(place, script, *words):
    return farming.finish([sys.executable, "-c", script, *words], **environment(place))


def command(place, *words):
    return farming.call(*words, **environment(place))


def edit(place):
    file = place / "drifting" / "model.py"
    file.write_text(file.read_text().replace("2.0 * x", "3.0 * x"))


def one_sentence(said):
    assert said.count("\n") == 1, said
    for words in OTHER:
        assert words in said


def committed(place):
    return len(read(place / "run.zarr").committed())


def test_a_worker_that_starts_after_an_edit_leaves(place):
    assert python(place, CREATE)[0] == 0
    edit(place)
    code, _, said = command(place, "worker", "run.zarr", "--workers", 1)
    assert code == USER
    one_sentence(said)
    assert committed(place) == 0


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["dask", "local"])
def test_children_of_a_driver_that_imported_before_an_edit_leave(place, backend):
    """Dask's workers, and the child process that settles a suspect."""
    code, _, said = python(place, EDIT, f"execution.backend={backend}")
    assert code == 1
    assert all(words in said for words in OTHER), said
    assert "Traceback" not in said
    assert committed(place) == 0


SETTLE = """
from pathlib import Path
from ensemble.farming.dask_worker import Order, run_block
order = Order("one", "run.zarr", False, 60.0)
run_block(order, (0, 0, 0))
file = Path("drifting/model.py")
file.write_text(file.read_text().replace("2.0 * x", "3.0 * x"))
print(run_block(order, (0, 0, 1), careful=True).error)
"""
"""A worker that lives on gives a block to a child, which imports what has been edited."""


@pytest.mark.slow
def test_a_worker_whose_child_has_other_code_answers_in_one_sentence(place):
    assert python(place, CREATE)[0] == 0
    code, said, err = python(place, SETTLE)
    assert code == 0, err
    one_sentence(said)
    assert said.startswith("run.zarr: ")
    assert committed(place) == 1


BACK = """
from pathlib import Path
import drifting.model
from ensemble.farming.opening import join; from ensemble.store.reading import read as read_store
file, store = Path("drifting/model.py"), read_store("run.zarr")
right = file.read_text()
for text in (right.replace("2.0 * x", "12.0 * x"), right):
    file.write_text(text)
    try:
        join(store)
        print("joined")
    except ValueError as error:
        print(error)
"""


@pytest.mark.slow
def test_who_lives_on_joins_again_when_the_code_is_back(place):
    """What it imported is what the file says again; it must not remember the edited text."""
    assert python(place, CREATE)[0] == 0
    code, said, err = python(place, BACK)
    assert code == 0, err
    refused, joined = said.splitlines()
    assert "drifting.model.opened" in refused or "drifting.model.step" in refused
    assert joined == "joined"


@pytest.mark.slow
def test_a_dask_worker_that_imported_before_an_edit_leaves(place):
    dask = [sys.executable, "-m", "dask"]
    scheduler = [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    file = ["--scheduler-file", "scheduler.json"]
    worker = [*dask, "worker", "--nthreads", "1", "--no-dashboard", *file]
    own = farming.environment(**environment(place))
    there = [
        subprocess.Popen(words, env=own, stderr=subprocess.DEVNULL)
        for words in ([*scheduler, *file], worker)
    ]
    execution = "execution={backend: dask, scheduler_file: scheduler.json}"
    words = ("run", "edited.yaml", "--quiet", "--set", execution, "--store")
    try:
        wait_for(lambda: (place / "scheduler.json").exists(), "a scheduler is there", 60)
        code, _, said = command(place, *words, "before.zarr")
        assert code == DONE, said
        edit(place)
        code, _, said = command(place, *words, "run.zarr")
    finally:
        for process in there:
            process.terminate()
            process.wait(timeout=20)
    assert code == USER
    one_sentence(said)
    assert committed(place) == 0


@pytest.mark.slurm
def test_an_array_that_waits_while_the_kernel_is_edited_leaves(on_cluster, place):
    slurm = "execution={backend: slurm, jobs: 2, time: 10, memory: 1GiB, extra: [--hold]}"
    code, out, said = command(
        place, "submit", "edited.yaml", "--store", "run.zarr", "--json", "--set", slurm
    )
    assert code == 0, said
    edit(place)
    on_cluster.call("scontrol", "release", str(json.loads(out)["job"]))

    def failed():
        seen = json.loads(command(place, "status", "run.zarr", "--json")[1])
        return seen["jobs"] == {"FAILED": 2} and seen

    seen = wait_for(failed, "the array has ended")
    assert seen["ended"] == "2 jobs ended FAILED (see the log)"
    logs = list(Path(seen["logs"]).iterdir())
    assert len(logs) == 2
    for log in logs:
        one_sentence(log.read_text())
    assert committed(place) == 0


@pytest.mark.slow
def test_a_mixture_that_somebody_accepted_is_named(place):
    half = "import itertools; count = itertools.count()\n"
    run = half + PLANNED + "ensemble.run(plan, workers=1, stop=lambda: next(count) >= 5)"
    assert python(place, run)[0] == 0
    edit(place)
    code, _, said = command(place, "run", "edited.yaml", "--store", "run.zarr")
    assert code == USER
    assert "drifting.model.step has changed" in said
    words = ("--accept-changes", "a better model", "--quiet")
    code, _, said = command(place, "run", "edited.yaml", "--store", "run.zarr", *words)
    assert code == DONE, said
    for verb in ("status", "verify"):
        code, out, _ = command(place, verb, "run.zarr", "--json")
        assert code == DONE
        (remark,) = json.loads(out)["remarks"]
        assert "a mixture" in remark
        assert "5 by " in remark
        assert "7 by " in remark
        assert "accepted: a better model" in remark


@pytest.mark.slow
def test_what_an_older_version_left_is_mended(place):
    """A late writer of old put another chunk in the place of one, and a line in a journal."""
    run = ("run", "edited.yaml", "--store", "run.zarr", "--quiet")
    code, _, said = command(place, *run)
    assert code == DONE, said
    store = read(place / "run.zarr")
    digest, right = store.digest(), store.root.read("y/c.0.0.0.3")
    entry = store.committed()[0, 0, 3]
    late = Journal(store.journal, {"host": "late"})
    late.commit(replace(entry, checksums={**entry.checksums, "y": "00000000"}), sync=False)
    late.close()
    store.root.write("y/c.0.0.0.3", store.root.read("y/c.0.0.0.4"), sync=False)
    code, _, said = command(place, "status", "run.zarr")
    assert code == USER
    assert said.count("\n") == 1
    assert "verify" in said
    assert "--repair" in said
    assert command(place, "verify", "run.zarr")[0] == FAILED_MEMBERS
    code, out, said = command(place, "verify", "run.zarr", "--repair")
    assert code == DONE, out + said
    assert read(place / "run.zarr").digest() == digest
    assert store.root.read("y/c.0.0.0.3") == right
    assert command(place, "verify", "run.zarr")[0] == DONE
    code, _, said = command(place, *run)
    assert code == DONE, said
