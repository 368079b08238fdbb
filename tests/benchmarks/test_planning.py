"""What plans of shipped scenarios take where they have many cells and samples.

``pytest tests/benchmarks/test_planning.py --benchmark-enable``
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import scenarios

ROOT = Path(__file__).parents[2]

CELLS, SAMPLES = 10_000, 1_000

LARGE = {
    "tau-constraint": ("design.cross.0.n=32", "design.cross.1.n=32"),
    "turnover-screening": ("design.trajectories=334",),
    "wang2021-morris": ("design.trajectories=125",),
    "mimics-one-at-a-time": (),
    "wang2021-fig8": (),
    "mimics-calibration": (),
    "mimics-reynolds-creek": (),
    "two-box-calibration": (),
    "forest-anchor": (),
    "forest-importance": (),
    "forest-subsets": (),
    "forest-validation": (),
    "he2022-forest": (),
    "lu2021-forest": (),
    "wang2021-calibration": (),
    "jian2021-forcing": (
        f"forcing.cells={CELLS}",
        f"design.cross.0.n={SAMPLES // 2}",
        "design.cross.1.parameters={initial_carbon_factor: [0.8, 1.2]}",
        # Of so many members a machine may lack the disk.
        "outputs={}",
    ),
    "jian2021-parameters": (f"forcing.cells={CELLS}", f"design.n={SAMPLES}"),
    "jian2021-benchmarks": (f"forcing.cells={CELLS}", "design.trajectories=125"),
    "jian2021-constrained": (f"forcing.cells={CELLS}", f"design.n={SAMPLES}"),
}
"""Settings by scenario: so many samples, and so many cells where the forcing has any number."""

MOST_MEGABYTES = 300

MEASURE = """
import json, resource, subprocess, sys
said = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE).stdout
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = used.ru_utime + used.ru_stime
print(json.dumps({"plan": json.loads(said), "seconds": seconds, "kilobytes": used.ru_maxrss}))
"""
"""A process of its own between: the peak of one begins with what its parent holds."""


@pytest.mark.slow
def test_every_shipped_scenario_is_planned():
    assert LARGE.keys() == set(scenarios.library())


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_plan_takes_no_more_memory_than_the_code(compare, name, tmp_path):
    settings = [word for setting in LARGE[name] for word in ("--set", setting)]
    command = [sys.executable, "-m", "ensemble", "plan", name, *settings, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def planned():
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, *command],
            check=True, capture_output=True, text=True, env=environment, cwd=tmp_path,
        )  # fmt: skip
        return json.loads(done.stdout)

    found = compare.once(planned)
    if "members" in found["plan"]:
        members = found["plan"]["members"]
        figure = f"{members['locations']:,} cells, {members['samples']:,} samples"
    else:
        figure = f"{found['plan']['searches']:,} searches"
    if any("cells" in setting for setting in LARGE[name]):
        assert members["locations"] == CELLS
        assert members["samples"] == SAMPLES
    megabytes = found["kilobytes"] * 1024 / 1e6
    assert megabytes < 1.5 * MOST_MEGABYTES
    figure = f"plan of {name}, {figure}"
    seconds = found["seconds"]
    compare.measured(figure, f"{seconds:.2f} s of CPU", "2 s", f"{seconds / 2:.2f}", "<= 1")
    compare.measured(
        f"{figure}, peak memory", f"{megabytes:.0f} MB", f"{MOST_MEGABYTES} MB",
        f"{megabytes / MOST_MEGABYTES:.2f}", "<= 1",
    )  # fmt: skip
