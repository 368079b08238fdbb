"""Which of 18 parameters matters most at each of 2,843 real cells, of one hypercube of 500."""

import os
import subprocess
import time

import farming
import numpy as np
import pytest
from commandline import PROGRAM
from support import DATA, needs_data

from ensemble.report.data.fields import all_leading
from ensemble.report.run import Run
from ensemble.store.reading import read

MEBIBYTES = 700
"""That no process may need: values of all members, indices and resamples would be gigabytes."""


def peak(*words):
    """Run a command in a process of its own, and return its largest memory in MiB."""
    process = subprocess.Popen([*PROGRAM, *map(str, words)], env=farming.environment())
    _, code, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    assert process.returncode == 0
    return used.ru_maxrss / 1024


@needs_data
@pytest.mark.acceptance
def test_the_parameter_that_matters_most_is_a_map(tmp_path, record_property):
    store, began = tmp_path / "run.zarr", time.monotonic()
    options = ("--data", DATA, "--store", store, "-q")
    used = peak("run", "jian2021-parameters", *options, "--set", "design.n=500")
    used = max(used, peak("analyze", store), peak("report", store))
    seconds = time.monotonic() - began
    assert used < MEBIBYTES
    run = Run(read(store))
    shown = [d for d in all_leading(run.results, run.analysis.arrays) if len(d.which) == 2843]
    carbon = [d for d in shown if d.name == "soil_litter_carbon"]
    assert len(carbon) == 3
    for one in carbon:
        assert len(one.terms) == 18
        clear = one.which >= 0
        assert clear.mean() >= 0.9
        assert one.apart.sum() >= 0.5 * clear.sum()
        count = np.bincount(one.which[clear], minlength=18)
        order = ", ".join(f"{one.terms[k]} {count[k]:,}" for k in np.argsort(-count) if count[k])
        said = f"{order}; {clear.sum():,} clear, {one.apart.sum():,} apart"
        record_property("measured", f"{one.name}, {one.words}, cells: {said}")
    page = store.with_suffix(".html").read_text("utf-8")
    assert "The parameter of the largest first-order share of the variance at each location" in page
    record_property("measured", f"run, analyze, report: {seconds:.0f} s, {used:.0f} MiB at most")
