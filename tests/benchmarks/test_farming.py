"""What farming out costs: start-up, per block, per member, and what a second worker brings.

Times are those of the journals: when blocks were committed, and when the command was given.
Blocks are of 10^4 members of the tau job with statistics alone, so that what is left beside
the kernel is the framework.
"""

import time
from dataclasses import dataclass

import farming
import numpy as np
import pytest
from slurm_cluster import missing

import ensemble
import scenarios
from ensemble.members.tiles import Tiler
from ensemble.store.reading import read

MEMBERS = 10_000
LONG = 200_000
"""Members of a block of some 40 ms: shorter ones are not worth a Dask task."""

TEXT = """
version: 1
name: farming
kernel: two_box
forcing: {{reader: synthetic_models, n: 1}}
design:
  method: monte_carlo
  n: {samples}
  parameters: {{tau_veg_obs: {{normal: [10.3, 1.4], lower: 2}}}}
seed: 1
responses: {{d_soil: {{output: c_soil, change: [1901, 2018]}}}}
statistics: {{d_soil: [mean, std]}}
block: {{sample: {members}}}
"""

BACKENDS = ["threads", "Dask", "MPI", "independent workers", "Dask on SLURM"]


@dataclass(frozen=True)
class Figures:
    """Seconds until the first block began, per block and worker, and in all."""

    start: float
    block: float
    whole: float


def measured(backend, workers, folder, blocks, members=MEMBERS):
    """Run a fresh store in processes of their own and read the journals."""
    folder.mkdir()
    scenario, store = folder / "farming.yaml", folder / "run.zarr"
    scenario.write_text(TEXT.format(samples=members * blocks, members=members))
    words = command(backend, workers, scenario, store)
    begun = time.time()
    code, _, err = farming.finish(words, seconds=300)
    assert code == 0, err
    entries = read(store).committed().values()
    assert len(entries) == blocks
    first = min(entry.at - entry.seconds for entry in entries)
    last = max(entry.at for entry in entries)
    return Figures(first - begun, (last - first) * workers / blocks, last - first)


def command(backend, workers, scenario, store):
    """Return the command line of a run on a backend."""
    if backend == "independent workers":
        farming.create_of(scenarios.load(scenario, settings=["execution.sync=false"]), store)
        return farming.command("worker", store, "--workers", workers)
    execution = {
        "threads": f"{{backend: local, workers: {workers}, sync: false}}",
        "Dask": f"{{backend: dask, workers: {workers}, sync: false}}",
        "MPI": "{backend: mpi, sync: false}",
        "Dask on SLURM": f"{{backend: slurm, jobs: {workers}, interface: lo, sync: false}}",
    }[backend]
    words = ("run", scenario, "--store", store, "--quiet", "--set", f"execution={execution}")
    return farming.mpiexec(workers, *words) if backend == "MPI" else farming.command(*words)


def kernel_alone(folder):
    """Return what the kernel takes for a block, seconds."""
    file = folder / "alone.yaml"
    file.write_text(TEXT.format(samples=MEMBERS, members=MEMBERS))
    plan = ensemble.plan(scenarios.load(file), store=folder / "never.zarr")
    experiment, layout = plan.experiment, plan.layout
    tiler = Tiler(experiment.kernel, experiment.options, layout.wanted, experiment.sizes)
    rows = layout.sampler.rows(0, slice(0, 1), slice(0, MEMBERS))
    times = []
    for _ in range(11):
        begun = time.perf_counter()
        for tile in tiler.tiles(
            experiment.drivers[0], experiment.coords, rows.values, rows.levels, MEMBERS
        ):
            assert not tile.failed
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


@pytest.mark.parametrize("backend", BACKENDS)
def test_farming_out(compare, tmp_path, backend, request):
    if backend == "MPI" and not farming.MPIEXEC.exists():
        pytest.skip("no mpiexec beside this Python")
    if backend == "Dask on SLURM":
        if reason := missing():
            pytest.skip(reason)
        request.getfixturevalue("on_cluster")
    if not compare.enabled:
        compare.once(lambda: measured(backend, 1, tmp_path / "run", 4))
        return
    alone = kernel_alone(tmp_path)
    short, one, two = compare.once(
        lambda: (
            measured(backend, 1, tmp_path / "short", 400),
            measured(backend, 1, tmp_path / "one", 40, LONG),
            measured(backend, 2, tmp_path / "two", 40, LONG),
        )
    )
    over = short.block - alone
    row = (f"{alone * 1e3:.2f} ms kernel alone", f"{over / MEMBERS * 1e9:.0f} ns a member")
    name = f"{backend}: framework per block of 10^4"
    compare.measured(name, f"{over * 1e3:.2f} ms", *row, "<= 1000 ns")
    compare.measured(f"{backend}: until the first block begins", f"{short.start:.2f} s")
    compare.measured(
        f"{backend}: two workers, 40 blocks of {one.block * 1e3:.0f} ms",
        f"{two.whole:.2f} s",
        f"{one.whole:.2f} s one worker",
        f"{two.whole / one.whole:.2f}",
        "0.5 is all",
    )
