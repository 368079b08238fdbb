"""Run or plan a scenario in a process of its own and print seconds and memory as JSON.

``python measured.py plan|run SCENARIO STORE [WORKERS]``; memory is the peak above what the
process held just before, after a small run that has loaded all code.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import ensemble
import scenarios

PROCESS = Path("/proc/self")


def memory(field):
    """Return VmRSS or VmHWM, bytes."""
    for line in (PROCESS / "status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def main(verb, scenario, store, workers=2):
    """Measure one call."""
    few = [
        "design={method: monte_carlo, n: 2, parameters: {tau_soil_obs: {normal: [38, 2]}}}",
        "forcing={reader: synthetic_models, n: 1}",
        "block={}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        warm = ensemble.plan(scenarios.load(scenario, settings=few), store=f"{folder}/warm")
        ensemble.run(warm, workers=1)
    loaded = scenarios.load(scenario)
    planned = ensemble.plan(loaded, store=store) if verb == "run" else None
    (PROCESS / "clear_refs").write_text("5")
    start, begun = memory("VmRSS"), time.perf_counter()
    if planned is None:
        planned = ensemble.plan(loaded, store=store)
    else:
        ensemble.run(planned, workers=int(workers))
    seconds = time.perf_counter() - begun
    found = {
        "seconds": seconds,
        "peak": memory("VmHWM") - start,
        "members": planned.members,
        "blocks": planned.blocks,
        "block": planned.block_nbytes,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
