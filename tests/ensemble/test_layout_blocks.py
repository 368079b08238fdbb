"""Block lengths follow from the scenario alone."""

import pytest
from support import SMALL, plan

from ensemble.members.block_rule import ARRAY_NBYTES

DESIGN = SMALL[SMALL.index("design:") : SMALL.index("seed:")]


def test_a_location_with_all_its_samples_is_one_block_where_that_fits(tmp_path):
    planned = plan(tmp_path)
    assert [axis.length for axis in planned.layout.grid.axes] == [1, 1, 200]


@pytest.mark.parametrize("n", [100, 3000, 20_000])
def test_no_chunk_is_larger_than_the_limit(tmp_path, n):
    planned = plan(tmp_path, f"design.cross.0.n={n}", "design.cross.1.n=1000")
    assert all(spec.chunk_nbytes <= ARRAY_NBYTES for spec in planned.layout.arrays)
    axis = planned.layout.grid.axes[2]
    assert axis.blocks * axis.length - axis.size < axis.blocks


def test_blocks_hold_whole_trajectories(tmp_path):
    ranges = "{tau_veg_obs: {uniform: [5, 20]}, tau_soil_obs: {uniform: [20, 60]}}"
    morris = f"design: {{method: morris, trajectories: 1000, parameters: {ranges}}}\n"
    text = SMALL.replace(DESIGN, morris)
    planned = plan(tmp_path, "block.sample=100", text=text)
    assert planned.layout.sampler.first.rows_together == 3
    assert planned.layout.grid.axes[2].length == 99


def test_a_billion_members_cost_no_memory_to_plan(tmp_path):
    planned = plan(tmp_path, "design.cross.0.n=250000", "design.cross.1.n=1000", "outputs={}")
    assert planned.members == 10**9
    assert planned.block_nbytes < 2 * 2**30


def test_workers_do_not_move_blocks(tmp_path):
    two = plan(tmp_path, "execution.workers=2").identity["block"]
    assert two == plan(tmp_path, "execution.workers=64").identity["block"]
