"""Run or plan a scenario in a process of its own and print seconds and memory as JSON.

``python measured.py plan|run SCENARIO STORE [WORKERS [SMALL]]``, or ``status|look SCENARIO STORE``
of a store that is begun; memory is the peak above what the process held just before, after a small
run that has loaded all code: of the scenario SMALL, or of a few members of two boxes.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import ensemble
import scenarios
from ensemble.farming.worker import TIMED
from ensemble.runs.status import summary
from ensemble.store.reading import read as store_of

PROCESS = Path("/proc/self")


def memory(field):
    """Return VmRSS or VmHWM, bytes."""
    for line in (PROCESS / "status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def main(verb, scenario, store, workers=2, small=""):
    """Measure one call."""
    few = (
        []
        if small
        else [
            "design={method: monte_carlo, n: 2, parameters: {tau_soil_obs: {normal: [38, 2]}}}",
            "forcing={reader: synthetic_models, n: 1}",
            "block={}",
        ]
    )
    with tempfile.TemporaryDirectory() as folder:
        warm = ensemble.plan(
            scenarios.load(small or scenario, settings=few), store=f"{folder}/warm"
        )
        ensemble.run(warm, workers=1)
        if verb in ("status", "look"):
            print(json.dumps(of_journals(verb, warm.path, store)))
            return
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


def of_journals(verb, warm, path):
    """Measure what `status` takes, or what a worker does before its first block and at the next."""
    asked = summary if verb == "status" else looked
    asked(warm)
    (PROCESS / "clear_refs").write_text("5")
    start, begun = memory("VmRSS"), time.perf_counter()
    found = asked(Path(path))
    seconds = time.perf_counter() - begun
    peak = memory("VmHWM") - start
    again = found if verb == "look" else 0.0
    return {"seconds": seconds - again, "peak": peak, "again": again}


def looked(path):
    """Return the seconds of a second look, after a first one that finds the first block to run."""
    opened = store_of(path)
    journals = opened.journals()
    committed = opened.committed(journals)
    committed.latest(TIMED)
    next(committed.missing(), None)
    begun = time.perf_counter()
    opened.look(journals)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main(*sys.argv[1:])
