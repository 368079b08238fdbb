"""Memory, the framework's own cost, planning and resuming: what must not grow with members.

``pytest tests/benchmarks/test_scale.py --benchmark-enable``
"""

import json
import os
import random
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from benchmarks import measured

import ensemble
import scenarios
from ensemble.members.tiles import Tiler
from ensemble.planning.creating import create_store
from ensemble.store.journal import Entry, Journal, as_line
from ensemble.store.machine import cpu
from ensemble.store.reading import read as read_store

ROOT = Path(__file__).parents[2]
MEGABYTE = 1e6

RANDOM = """
version: 1
name: random
kernel: two_box
forcing: {{reader: synthetic_models, n: {models}, steady_year: true}}
design:
  method: monte_carlo
  n: {samples}
  parameters:
    tau_veg_obs: {{normal: [10.3, 1.4], lower: 2}}
    tau_soil_obs: {{normal: [38.3, 11.0], lower: 2}}
seed: 1
{rest}
"""
RESPONSE = """
responses: {d_soil: {output: c_soil, change: [1901, 2018]}}
statistics: {d_soil: [mean, std, q05, q50, q95]}
"""


def scenario(folder, *, models, samples, rest=RESPONSE):
    file = folder / "random.yaml"
    file.write_text(RANDOM.format(models=models, samples=samples, rest=rest))
    return file


def in_process(verb, file, store, workers=2, *small):
    """Return what `measured` found in a process of its own."""
    words = map(str, (verb, file, store, workers, *small))
    command = [sys.executable, measured.__file__, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)


def megabytes(count):
    return f"{count / MEGABYTE:.3g} MB"


@pytest.mark.parametrize("workers", [1, 2])
def test_memory_of_blocks(compare, tmp_path, workers):
    rest = """
    outputs: {c_veg: {all: year}, c_soil: {all: year}}
    block: {sample: 10000}
    """
    samples = 100_000 if compare.enabled else 20_000
    file = scenario(tmp_path, models=4, samples=samples, rest=textwrap.dedent(rest) + RESPONSE)
    found = compare.once(lambda: in_process("run", file, tmp_path / "run.zarr", workers))
    assert found["blocks"] == 4 * samples / 10_000
    allowed = 2 * workers * found["block"] + 20 * MEGABYTE
    ratio = found["peak"] / allowed
    # Twice what is aimed at is no noise but every block held.
    assert ratio < 2
    compare.measured(
        f"peak memory above start, {workers} workers",
        megabytes(found["peak"]),
        f"{megabytes(allowed)} two blocks per worker + 20 MB",
        f"{ratio:.2f}",
        "<= 1",
    )


@pytest.mark.parametrize("sync", [False, True], ids=["not synced", "synced"])
def test_cost_per_member(compare, tmp_path, sync):
    """The run without what the kernel's stages take by themselves, at blocks of 10^4."""
    blocks = 110 if compare.enabled else 2
    rest = f"block: {{sample: 10000}}\nexecution: {{sync: {str(sync).lower()}}}\n{RESPONSE}"
    file = scenario(tmp_path, models=1, samples=10_000 * blocks, rest=rest)
    loaded = scenarios.load(file)
    count = iter(range(1000))

    def run():
        plan = ensemble.plan(loaded, store=tmp_path / f"{next(count)}.zarr")
        assert ensemble.run(plan, workers=1).members == {0: 10_000 * blocks}

    plan = ensemble.plan(loaded, store=tmp_path / "never.zarr")
    tiler = Tiler(
        plan.experiment.kernel, plan.experiment.options, plan.layout.wanted, plan.experiment.sizes
    )
    rows = plan.layout.sampler.rows(0, slice(0, 1), slice(0, 10_000))

    def kernel():
        for _ in range(blocks):
            for tile in tiler.tiles(
                plan.experiment.drivers[0], plan.experiment.coords, rows.values, rows.levels, 10_000
            ):
                assert not tile.failed

    times = compare.times(run, kernel, rounds=5)
    if times:
        ours, alone = times
        each = np.median(np.array(ours) - alone) / (10_000 * blocks)
        compare.measured(
            f"framework per member, one worker, {'synced' if sync else 'not synced'}",
            f"{each * 1e9:.0f} ns",
            f"{np.median(alone) / (10_000 * blocks) * 1e9:.0f} ns kernel alone",
            reach="<= 1000 ns",
        )


@pytest.mark.parametrize("design", [pytest.param("monte_carlo", marks=pytest.mark.slow), "cross"])
def test_planning(compare, tmp_path, design):
    """10^9 members, with a pilot run for the histogram's edges."""
    file = scenario(tmp_path, models=16, samples=62_500_000)
    if design == "cross":
        file.write_text(crossed(file.read_text(), 7906))
    found = in_process("plan", file, tmp_path / "run.zarr")
    assert found["members"] >= 0.999e9
    assert not (tmp_path / "run.zarr").exists()
    loaded = scenarios.load(file)
    compare(
        f"planning 10^9 members, {design} (to reach: 1 s)", lambda: ensemble.plan(loaded), rounds=5
    )
    compare.measured(
        f"peak memory of planning 10^9 members, {design}",
        megabytes(found["peak"]),
        reach="<= 200 MB",
    )


def crossed(text, each):
    document = text.partition("design:")[0]
    factor = "    - {{method: monte_carlo, n: {}, parameters: {{{}: {{normal: {}, lower: 2}}}}}}"
    spread = {"tau_veg_obs": [10.3, 1.4], "tau_soil_obs": [38.3, 11.0]}
    factors = "\n".join(factor.format(each, *item) for item in spread.items())
    return f"{document}design:\n  cross:\n{factors}\nseed: 1\n{RESPONSE}"


@pytest.fixture
def begun(compare, tmp_path):
    """Return a plan whose store has every block in its journal but the last."""
    blocks = 100_001 if compare.enabled else 2_001
    file = scenario(tmp_path, models=1, samples=blocks)
    loaded = scenarios.load(file, settings=["block.sample=1"])
    planned = ensemble.plan(loaded, store=tmp_path / "run.zarr")
    journal = Journal(create_store(planned).journal, {"host": "here", "cpu": cpu()})
    sums = {name: "0123abcd" for name in ("c_veg", "c_soil", "status", "d_soil", "partials")}
    for key in list(planned.layout.grid.keys())[:-1]:
        journal.commit(Entry(key, sums, {0: 1}, 10.0), sync=False)
    journal.close()
    return planned


@pytest.fixture
def many_journals(compare, tmp_path):
    """Return a scenario and its store: a million blocks in a thousand journals, but for the last.

    Blocks are in no order, as workers take them.
    """
    blocks, journals = (1_000_000, 1000) if compare.enabled else (2_000, 10)
    file = scenario(tmp_path, models=1, samples=blocks)
    loaded = scenarios.load(file, settings=["block.sample=1"])
    planned = ensemble.plan(loaded, store=tmp_path / "run.zarr")
    folder = create_store(planned).journal.path
    draw = random.Random(1)
    keys = draw.sample(range(blocks - 1), blocks - 1)
    names = ("c_veg", "c_soil", "status", "d_soil", "partials")
    for number in range(journals):
        about = {"host": "here", "cpu": cpu(), "time": 1.7e9, "generation": 0}
        lines = [as_line({"start": about})]
        for key in keys[number::journals]:
            record = {"block": [0, 0, key]}
            record["checksums"] = {name: f"{draw.getrandbits(32):08x}" for name in names}
            record |= {"status": {"0": 1}, "seconds": round(draw.random(), 6), "attempt": 1}
            lines.append(as_line({**record, "at": round(1.7e9 + 0.01 * key, 3)}))
        (folder / f"here-{number}-1.jsonl").write_bytes(b"".join(lines))
    return file, planned.path, blocks


@pytest.mark.parametrize("verb", ["status", "look"])
def test_many_journals(compare, many_journals, verb):
    """What `status` takes, and what a worker does before its first block and at each look."""
    file, store, blocks = many_journals
    found = compare.once(lambda: in_process(verb, file, store))
    assert read_store(store).committed().totals.members == {0: blocks - 1}
    what = "status" if verb == "status" else "a worker's first look"
    words = [f"{megabytes(found['peak'])} at most"]
    words += [f"{found['again'] * 1e3:.1f} ms the next look"] if verb == "look" else []
    compare.measured(
        f"{what} of {blocks:.0e} blocks",
        f"{found['seconds']:.2f} s",
        ", ".join(words),
        reach="3 s, 100 MB",
    )


def test_resume_scan(compare, begun):
    """Read the journal and find the block that is missing."""
    store, grid = read_store(begun.path), begun.layout.grid

    def scan():
        committed = store.committed()
        pending = [key for key in grid.keys() if key not in committed]
        assert pending == [(0, 0, begun.blocks - 1)]

    compare("resume scan of 10^5 blocks (to reach: 2 s)", scan, rounds=5)


def test_resume(compare, begun):
    """All that happens before the first missing block is run."""

    def resume():
        outcome = ensemble.run(begun, workers=1, stop=lambda: True)
        assert (outcome.committed, outcome.ran) == (begun.blocks - 1, 0)

    compare("run on a store of 10^5 blocks, until its first block", resume, rounds=5)


def test_many_members_in_bounded_memory(compare, tmp_path):
    """10^7 members of which statistics alone are kept; more than 10^6 to a forcing."""
    samples = 2_500_000 if compare.enabled else 1_000_001
    file = scenario(tmp_path, models=4 if compare.enabled else 1, samples=samples)
    found = compare.once(lambda: in_process("run", file, tmp_path / "run.zarr"))
    assert found["peak"] < 500 * MEGABYTE
    run = ensemble.open_run(tmp_path / "run.zarr")
    assert (run["statistics/count"].values == samples).all()
    assert "d_soil" not in run
    names = ("members", "seconds", "blocks")
    members, seconds, blocks = (found[name] for name in names)
    compare.measured(
        f"{members:.0e} members, statistics alone, {blocks} blocks, two workers",
        f"{seconds:.3g} s",
        f"{seconds / members * 1e9:.0f} ns a member, {megabytes(found['peak'])} at most",
    )
