"""Runs on every way of farming out, disturbed: the same command again gives the same bytes.

What a schedule draws depends on its number alone: CI runs 7 and an acceptance 193 more.
``SOILSWEEP_FIRST_SCHEDULE=1000`` begins with that number, which gives others.
"""

import os
import random
import re
import signal
from collections import Counter
from functools import partial

import farming
import pytest
from chaos import counting, harm, kills, schedules
from chaos.events import EVENTS
from chaos.schedules import check_gone
from chaos.site import Site, words_of
from chaos.steps import again, begin, do, end, finish
from chaos.ways import WAYS, Slurm, Submitted, jobs, make
from slurm_cluster import missing
from waiting import wait_for

from ensemble.errors import DONE, RESUMABLE
from ensemble.farming import suspects
from ensemble.farming.children import Death
from ensemble.farming.jobs import job_ids
from ensemble.members.reopening import open_work
from ensemble.store.reading import read
from kernels import CRASHED

FIRST = int(os.environ.get("SOILSWEEP_FIRST_SCHEDULE", "0"))
SCHEDULES = [
    *(pytest.param(FIRST + n, marks=pytest.mark.slow) for n in range(7)),
    *(pytest.param(FIRST + n, marks=pytest.mark.acceptance) for n in range(7, 200)),
]

POSSIBLE = [
    name
    for name in (
        *("nodes", "own dask", "workers", "submitted", "local"),
        *("processes", "joined dask", "slurm", "mpi"),
    )
    if (name != "mpi" or farming.MPIEXEC.exists())
    and (name not in ("slurm", "submitted") or not missing())
]

pytestmark = pytest.mark.chaos
DASK, WORKERS = "own dask", "workers"


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The undisturbed run that the others are compared with."""
    return schedules.undisturbed(tmp_path_factory.mktemp("undisturbed") / "grid")


@pytest.fixture(scope="module")
def every_expected(tmp_path_factory):
    """The undisturbed runs of all designs."""
    return schedules.all_undisturbed(tmp_path_factory.mktemp("designs"))


@pytest.fixture
def site(tmp_path):
    """Return ``site(seconds per block)`` and leave no process of it behind."""
    made = []

    def make(seconds=0.1, **more):
        made.append(Site(tmp_path / f"site-{len(made)}", seconds=seconds, **more))
        return made[-1]

    yield make
    for each in made:
        each.sweep()


@pytest.mark.parametrize("number", SCHEDULES)
def test_random_schedule(number, tmp_path, every_expected, request, record_property):
    name = POSSIBLE[number % len(POSSIBLE)]
    on_slurm = issubclass(WAYS[name], Slurm)
    cluster = request.getfixturevalue("on_cluster") if on_slurm else None
    record_property(counting.SCHEDULE, name)
    count = partial(record_property, counting.EVENT)
    site = tmp_path / "site"
    happened = schedules.schedule(name, number, site, every_expected, cluster, count)
    print(f"schedule {number}, {name}:", *happened, sep="\n  ")


@pytest.mark.slow
@pytest.mark.parametrize("name", [DASK, WORKERS])
@pytest.mark.parametrize("event", ["kill_worker", "kill_in_block", "kill_in_commit"])
def test_a_killed_worker_is_replaced(name, event, site, expected):
    way = begin(WAYS[name](site()))
    what = do(EVENTS[event], way)
    killed = int(re.search(r"\d+", what)[0])
    wait_for(lambda: not words_of(killed), f"process {killed} is gone", 10)
    finish(way, expected)


@pytest.mark.slow
def test_what_a_frozen_node_has_claimed_is_taken_over(site, expected):
    way = begin(WAYS["nodes"](site()))
    draw = random.Random(1)
    what = wait_for(lambda: harm.freeze(way, draw, "taken over"), "one is frozen", 60)
    assert what.endswith("taken over")
    finish(way, expected)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize(("often", "guilty"), [(1, 0), (2, 0), (9, 1)])
def test_a_probe_killed_from_outside_is_no_proof(number, often, guilty, site, monkeypatch):
    """A job that ends takes the children with it; a member that needs too much memory, always."""
    killed = Counter()

    def supervise(task, limit):
        first, last = task.get("part", [0, 1, 0, 25])[-2:]
        if ("part" not in task and store.quarantined()) or not first <= 7 < last:
            return None
        killed[first, last] += 1
        return Death(CRASHED, "killed", -number) if killed[first, last] <= often else None

    made = site(blocks=1)
    make(made)
    store = read(made.store)
    monkeypatch.setattr(suspects, "supervise", supervise)
    work = open_work(store)
    suspects.settle(store, work, (0, 0, 0), sync=False, seconds=60)
    assert len(store.quarantined()) == guilty


@pytest.mark.slow
def test_a_killed_scheduler_stops_the_run_which_goes_on_with_the_next(site, expected):
    way = begin(WAYS["joined dask"](site()))
    do(kills.kill_scheduler, way)
    assert end(way, 60) == RESUMABLE, way.site.said()
    assert "the Dask scheduler is gone" in way.site.said()
    assert way.site.committed() < way.site.blocks
    again(way, expected)


@pytest.mark.slow
def test_of_a_killed_driver_nothing_stays(site, expected):
    way = begin(WAYS[DASK](site()))
    assert len(way.site.processes()) > 3
    do(kills.kill_driver, way)
    assert end(way) == -signal.SIGKILL
    check_gone(way.site, 60)
    assert way.site.committed() < way.site.blocks
    again(way, expected)


@farming.needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("event", [kills.kill_driver, kills.kill_in_block])
def test_mpi_ends_as_a_whole(event, site, expected):
    way = begin(WAYS["mpi"](site()))
    do(event, way)
    assert end(way) in way.allowed([event])
    check_gone(way.site, 30)
    assert way.site.committed() < way.site.blocks
    again(way, expected)


on_slurm = pytest.mark.slurm


def seen(cluster):
    """Return all jobs there were, as {id: state}: SLURM knows them for minutes after their end."""
    lines = cluster.call("squeue", "-h", "-t", "all", "-r", "-o", "%A|%T").splitlines()
    return dict(line.split("|") for line in lines)


@on_slurm
@pytest.mark.slow
def test_a_cancelled_job_is_replaced(site, expected, on_cluster):
    # The queue is asked ever less often: the others must not be done before it answers.
    way = begin(Slurm(site(1.5, cluster=on_cluster)))
    before = seen(on_cluster)
    do(kills.scancel, way)
    wait_for(lambda: seen(on_cluster).keys() - before.keys(), "a job in place of the cancelled one")
    finish(way, expected)


@on_slurm
@pytest.mark.slow
@pytest.mark.parametrize("event", [kills.lose_node, kills.requeue])
@pytest.mark.parametrize("kind", [Slurm, Submitted])
def test_a_run_goes_on_without_a_node_or_a_job(kind, event, site, expected, on_cluster):
    way = begin(kind(site(0.3, cluster=on_cluster)))
    do(event, way)
    finish(way, expected)


@on_slurm
@pytest.mark.slow
def test_a_driver_of_jobs_that_is_killed(site, expected, on_cluster):
    way = begin(Slurm(site(0.3, cluster=on_cluster)))
    do(kills.kill_driver, way)
    assert end(way) == -signal.SIGKILL
    check_gone(way.site)
    wait_for(lambda: not jobs(way.site), "its jobs have ended", 10)
    assert way.site.committed() < way.site.blocks
    again(way, expected)


@on_slurm
@pytest.mark.slow
def test_held_jobs_are_said_to_be_held_and_waited_for(site, expected, on_cluster):
    way = Slurm(site(cluster=on_cluster))
    way.execution = f"{{{way.asks}, extra: [--hold]}}"
    way.launch()
    wait_for(lambda: "JobHeldUser" in way.site.said(), "the run says why it waits", 60)
    assert way.ended() is None
    for job in {job[0] for job in jobs(way.site)}:
        on_cluster.call("scontrol", "release", job)
    finish(way, expected)


@on_slurm
@pytest.mark.slow
def test_a_held_array_is_said_to_be_held_and_waited_for(site, expected, on_cluster):
    way = Submitted(site(cluster=on_cluster))
    way.execution = f"{{{way.asks}, extra: [--hold]}}"
    way.launch()
    _, said, _ = farming.call("status", way.site.store)
    assert "JobHeldUser" in said
    assert way.ended() is None
    for job in job_ids(way.site.store):
        on_cluster.call("scontrol", "release", str(job))
    finish(way, expected)


@on_slurm
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(Slurm, marks=pytest.mark.slow),
        # Several jobs of minutes, one after the other.
        pytest.param(Submitted, marks=pytest.mark.acceptance),
    ],
)
def test_of_a_walltime_too_short_no_block_is_killed(kind, site, expected, on_cluster):
    # An array has three minutes at least, and is asked to go a minute or so before their end; here
    # earlier, so that it has to go in the middle of its blocks.
    seconds, minutes, early = (
        (5, 3, "[--signal=B:TERM@110]") if kind is Submitted else (1.2, 1, "[]")
    )
    way = kind(site(seconds, cluster=on_cluster))
    jobs_of = f"jobs: 1, memory: 500MiB, time: '{minutes}', extra: {early}"
    way.execution = f"{{backend: slurm, {jobs_of}}}"
    before = seen(on_cluster)
    # An array that waits on busy nodes may have to go before its first block; it goes on, too.
    way.launch() if kind is Submitted else begin(way)
    while kind is Submitted and way.site.committed() < way.site.blocks and end(way) != DONE:
        assert end(way) == RESUMABLE, way.site.said()
        assert not way.site.notes(), "a block was killed"
        way.launch()
    finish(way, expected)
    ours = {job: state for job, state in seen(on_cluster).items() if job not in before}
    assert len(ours) > 1
    assert "TIMEOUT" not in ours.values()
