"""Blocks leave no circle of objects: nobody looks for circles while a command runs."""

import gc

import pytest
from support import SMALL, plan

from ensemble.members.work import EnsembleWork

LIMITED = "limits: {c_total: {above: 3000 Pg C, then: exclude}}\n"


@pytest.mark.parametrize("text", [SMALL, SMALL + LIMITED], ids=["plain", "members left out"])
def test_what_a_block_held_is_free_when_it_ends(tmp_path, text):
    planned = plan(tmp_path, text=text)
    work = EnsembleWork(planned.experiment, planned.layout)
    work.compile()
    run, keys = work.open(), list(work.grid.keys())
    run(keys[0])
    gc.collect()
    gc.disable()
    try:
        for key in keys:
            run(key)
        assert gc.collect() == 0
    finally:
        gc.enable()
