"""What whole calibrations take beside what the kernel takes of its own, and beside spotpy.

``pytest tests/benchmarks/test_calibration_speed.py --benchmark-enable``; times are CPU seconds.
The kernel's own time is that of a member in a batch of 512 at one place.
"""

import time

import calibrated
import numpy as np
import pytest
import spotpy
from benchmarks.comparing import in_words
from support import DATA

import ensemble
import scenarios
from ensemble.calibration.searching import Searching
from ensemble.members.experiment import identity
from ensemble.members.tiles import Tiler

BATCH = 512
OWN = 2e-6
"""Seconds that a search may take of its own for an evaluation."""


def layout_of(loaded):
    return ensemble.plan_calibration(loaded).layout


def profiles(budget):
    """Return measured profiles, or the invented ones where there are no data, by carbon and 14C."""
    words = ["calibration.algorithm={name: sceua, polish: false}", "calibration.restarts=1"]
    words.append(f"calibration.budget={budget}")
    where = {"data": DATA} if DATA.is_dir() else {}
    return scenarios.load("mimics-calibration", settings=words, **where)


def one_layer(folder, sites, budget):
    """Return MIMICS in one layer at so many sites, each by itself."""
    calibrated.write(folder, sites=sites)
    words = ["calibration.groups=location", "calibration.restarts=1"]
    words.append(f"calibration.budget={budget}")
    words.append(
        "calibration.algorithm={name: sceua, polish: false, peps: 0, pcento: 0, kstop: 9999}"
    )
    return calibrated.load(folder, *words)


def of_the_kernel(layout):
    """Return the seconds of a member in a batch, at the places of a block in turn."""
    experiment, space = layout.experiment, layout.space
    tiler = Tiler(experiment.kernel, experiment.options, layout.objective.outputs, experiment.sizes)
    draw, times = np.random.default_rng(1), []
    for place in range(min(12, len(layout.groups.names))):
        here = slice(place, place + 1)
        rows = {
            name: np.broadcast_to(values, (1, BATCH))
            for name, values in experiment.control_rows(0, here).values.items()
        }
        values = space.values(draw.random((BATCH, space.size)))[0]
        rows |= {name: values[None, :, j] for j, name in enumerate(space.names)}
        drivers = {d.name: np.asarray(experiment.drivers[0][d.name][here])
                   for d in experiment.kernel.drivers}  # fmt: skip
        begun = time.process_time()
        for _ in tiler.tiles(drivers, experiment.coords, rows, identity, BATCH):
            pass
        times.append(time.process_time() - begun)
    return np.mean(times) / BATCH


def of_the_whole(layout, groups):
    """Return the seconds of an evaluation of searches of some groups, and calls by round."""
    searching, rounds = Searching(layout, slice(0, groups)), []
    begun = time.process_time()
    ended = searching.run(after=lambda batch, asked: rounds.append(1))
    spent = time.process_time() - begun
    return spent / ended.found.evaluations.sum(), searching.places.calls / len(rounds)


def of_spotpy(loaded, group, repetitions):
    """Return the seconds of an evaluation of spotpy, which calls the kernel for each."""
    setup = ensemble.spotpy_setup(loaded, group)
    honest, calls = setup.simulation, []
    setup.simulation = lambda vector: calls.append(1) or honest(vector)
    words = {"dbname": "none", "dbformat": "ram", "save_sim": False, "random_state": 1}
    sampler = spotpy.algorithms.sceua(setup, **words)
    begun = time.process_time()
    sampler.sample(repetitions, ngs=7)
    return (time.process_time() - begun) / len(calls)


CASES = {
    "mimics_profile": lambda folder, budget: profiles(budget),
    "mimics": lambda folder, budget: one_layer(folder, 1000, budget),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_a_calibration_takes_hardly_more_than_its_kernel(compare, tmp_path, name):
    loaded = CASES[name](tmp_path, 2000 if compare.enabled else 500)
    layout, turns = layout_of(loaded), range(3 if compare.enabled else 1)
    group = layout.groups.names[0]
    groups = layout.grid.axes[0].length
    of_the_kernel(layout)
    of_the_whole(layout, 2)

    def every():
        each = [(of_the_kernel(layout), *of_the_whole(layout, groups)) for _ in turns]
        return (*np.median(each, axis=0), of_spotpy(loaded, group, 200))

    kernel, whole, calls, theirs = compare.once(every)
    assert calls == 1
    figure, ratio = (
        f"{name}: an evaluation, all of it, {groups} groups",
        f"{(whole - OWN) / kernel:.2f}",
    )
    beside = f"{in_words(kernel)} kernel alone"
    compare.measured(figure, in_words(whole), beside, ratio, "<= 1.1, of what is above 2 us")
    compare.measured(figure, in_words(whole), f"{in_words(theirs)} spotpy", f"{whole / theirs:.3f}")


def test_a_thousand_sites(compare, tmp_path):
    sites, budget = (1000, 10_000) if compare.enabled else (20, 500)
    loaded = one_layer(tmp_path, sites, budget)
    planned = ensemble.plan_calibration(loaded, store=tmp_path / "x.zarr")

    def both():
        begun = time.perf_counter(), time.process_time()
        outcome = ensemble.run_calibration(planned, workers=2)
        assert outcome.complete
        return time.perf_counter() - begun[0], time.process_time() - begun[1]

    wall, spent = compare.once(both)
    evaluations = calibrated.opened(planned.path).evaluations.values.sum()
    figure = f"mimics: {evaluations:,} evaluations of {sites} sites by 2 workers"
    compare.measured(figure, in_words(spent), f"{in_words(wall)} on the clock", "", "about 60 s")
