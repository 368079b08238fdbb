"""Compiling with no sample compiles all that members need: no block waits for it, or is blamed."""

import sys

import pytest
from support import plan

from ensemble.members.work import EnsembleWork
from kernels.contract.build import Compiled

DAILY = """
version: 1
name: daily
kernel:
  chain:
    - casa_vegetation
    - casa_debris
    - models: [casa_cnp, mimics_testbed, corpse]
  start: START
  cycle: 1
forcing: {reader: synthetic_testbed, years: 2}
design: {method: grid, parameters: {x_kopt_soil: [0.9, 1.1], et: [0.55, 0.6]}}
outputs: {rh: last}
"""
MEAN = """
version: 1
name: mean
kernel: {chain: [{models: [casa_cnp, mimics_testbed, corpse]}], drivers: mean}
forcing: {reader: synthetic_testbed, cells: 3}
design: {method: grid, parameters: {x_kopt_soil: [0.9, 1.1], et: [0.55, 0.6]}}
outputs: {soil_litter_carbon: all}
"""


def signatures():
    """Return how often anything of the kernels has been compiled, or loaded compiled."""
    modules = [m for name, m in list(sys.modules.items()) if name.startswith("kernels.")]
    found = {id(f): f for m in modules for f in vars(m).values() if isinstance(f, Compiled)}
    # What nobody has called has neither.
    made = {f"{f.__module__}.{f.__name__}": vars(f) for f in found.values()}
    kinds = ("dispatcher", "part")
    return {n: [len(held[k].signatures) for k in kinds if k in held] for n, held in made.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", [MEAN, DAILY.replace("START", "steady")], ids=["mean", "daily from the steady state"]
)
def test_no_block_compiles_anything(tmp_path, text):
    planned = plan(tmp_path, text=text)
    work = EnsembleWork(planned.experiment, planned.layout)
    work.compile()
    before = signatures()
    run = work.open()
    for key in work.grid.keys():
        assert run(key).status == {0: planned.layout.shape[1] * planned.layout.shape[2]}
    assert signatures() == before
