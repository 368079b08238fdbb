"""Schedules: a way, and events at random moments, all drawn from one seed."""

import random
import shutil
import signal
import time
from functools import partial

import farming
import waiting
from commandline import tree
from waiting import wait_for

from chaos.events import EVENTS
from chaos.harm import remarks
from chaos.site import LONG, Site
from chaos.ways import WAYS
from ensemble.errors import DONE, FAILED_MEMBERS, RESUMABLE
from ensemble.store.finished import is_finalised
from ensemble.store.reading import read

LAUNCHES = 8
"""The same command is given so often at most."""

PATIENCE = 300.0
"""Seconds without a commit, and without an end, after which a run counts as hung."""

GONE_SECONDS = 100.0
"""Within so long every process of a run must have ended; Dask workers wait a minute."""


def disturb(way, draw, events, happened, count):
    """Run a way to completion through events at random moments; tell what happened."""
    waiting = [(partial(_event, name, draw=draw, count=count), *when) for name, *when in events]
    for launch in range(LAUNCHES):
        way.refusing = False
        way.launch()
        code = _one_launch(way, waiting, happened, calm=launch == LAUNCHES - 1)
        happened.append(f"launch {launch} ended with {code}, {way.site.committed()} blocks")
        assert code in way.allowed(happened), "\n".join(happened)
        if code == DONE:
            return
    raise AssertionError("\n".join(["not complete", *happened]))


def _event(name, way, draw, count):
    """Let an event happen, and count it if it did."""
    if what := EVENTS[name](way, draw):
        count(name)
    return what


def wake_up(way, draw, happened):
    """Extend a complete run if that is drawn, and wake what sleeps, meanwhile or at the end."""
    before = way.site.logs()
    woken = set()
    if way.extended:
        early = draw.random() < 0.4
        woken = _extend(way, draw, happened, early)
        way.site.blocks = -(-LONG // 12)
    woken |= way.wake()
    for process in way.site.started:
        if process.pid in woken:
            code = process.wait(waiting.PATIENCE)
            happened.append(f"{process.pid}, which had slept, ended with {code}")
            # Asleep for longer than a block may take, it ends by the timer that rang meanwhile.
            assert code in (DONE, RESUMABLE, -signal.SIGALRM), "\n".join(happened)
    way.site.refuse_tracebacks(before)


def _extend(way, draw, happened, early):
    """Extend a run by a command that may be killed once; return what was woken meanwhile."""
    woken = set()
    process, killed = way.extend(), draw.random() < 0.5
    if killed:
        time.sleep(draw.uniform(0.5, 3.0))
        process.kill()
        process.wait()
        happened.append("killed the extension")
        process = way.extend()
    if early:
        time.sleep(draw.uniform(0.5, 3.0))
        woken = way.wake()
    code = process.wait(2 * waiting.PATIENCE)
    happened.append(f"extended with {code}, killed before: {killed}, woken meanwhile: {woken}")
    assert code == FAILED_MEMBERS, "\n".join(happened)
    return woken


def _one_launch(way, waiting, happened, *, calm):
    """Wait for the end of one launch, with events as long as there are some."""
    begun = moved = time.monotonic()
    before, running = -1, 0.0
    while (code := way.ended()) is None:
        time.sleep(0.02)
        now = time.monotonic()
        if not running and way.site.busy():
            running = now
        if waiting and not calm:
            event, early, delay = waiting[0]
            since = begun if early else running
            if since and now > since + delay:
                done = way.site.committed()
                if what := event(way):
                    del waiting[0]
                    happened.append(f"after {done} blocks {what}")
                    begun, running = time.monotonic(), 0.0
        if now > moved + PATIENCE:
            done = way.site.committed()
            assert done > before, "\n".join(["it hangs", *happened])
            before, moved = done, now
    return code


def drawn(draw, way):
    """Return a schedule: events, each after so many seconds of running, or of any time."""
    return [
        (draw.choice(way.events), draw.random() < 0.25, round(draw.uniform(0, 1.5), 2))
        for _ in range(draw.randint(2, 5))
    ]


def content(store):
    """Return what a reader of a store sees, by file, without what says where it ran."""
    found = farming.visible(store).items()
    return {name: text for name, text in found if name.split("/")[0] not in ("logs", "jobs")}


def undisturbed(folder, *settings, kind=Site, **more):
    """Return (digest, content) of a run with one thread that nothing happens to."""
    site = kind(folder, seconds=0, **more)
    every = ("execution={backend: local, workers: 1}", *settings)
    process = site.command("run", *(word for one in every for word in ("--set", one)))
    assert process.wait(waiting.PATIENCE) == 0, site.said()
    return farming.digest(site.store), content(site.store)


def all_undisturbed(folder):
    """Return what comes out of a grid, of a design that grows, and of the longer one."""
    longer = f"design.trajectories={LONG}"
    return {
        "grid": undisturbed(folder / "grid"),
        "growing": undisturbed(folder / "growing", growing=True),
        "extended": undisturbed(folder / "extended", longer, growing=True),
    }


def check(site, expected):
    """Assert that nothing of a disturbed run is to be seen."""
    digest, files = expected
    assert site.committed() == site.blocks
    assert not list(site.store.glob("quarantine/*")), "a healthy member is in quarantine"
    assert farming.digest(site.store) == digest
    ours = content(site.store)
    assert ours.keys() == files.keys()
    assert [name for name in files if ours[name] != files[name]] == []
    assert not list(site.folder.glob(".*")), "half-made stores"
    assert tree(site.victim) == {"thesis": b"years of work"}
    assert remarks(site.store) == []
    code, out, err = farming.call("verify", site.store)
    assert code == 0, out + err
    assert is_finalised(read(site.store))


def check_gone(site, seconds=GONE_SECONDS):
    """Assert that all processes of a site end by themselves; return how long it took."""
    begun = time.monotonic()
    try:
        wait_for(lambda: not site.processes(), "no process is left", seconds, every=0.2)
    except TimeoutError as error:
        raise AssertionError(f"{error}: {site.processes()}") from None
    return time.monotonic() - begun


def schedule(name, seed, folder, expected, cluster=None, count=lambda event: None):
    """Run one schedule and check it against `all_undisturbed`; return what happened."""
    draw = random.Random(seed)
    # Six cores of jobs would be through before SLURM has done what it is told.
    slower = 3 if cluster else 1
    seconds = slower * draw.choice([0.05, 0.1, 0.2])
    events = drawn(draw, WAYS[name])
    growing = any(event == "extend" for event, *_ in events)
    site = Site(folder, seconds=seconds, cluster=cluster, growing=growing)
    way, happened = WAYS[name](site), []
    try:
        disturb(way, draw, events, happened, count)
        wake_up(way, draw, happened)
        way.close()
        check(site, expected["extended" if way.extended else "growing" if growing else "grid"])
        took = check_gone(site)
    except BaseException as error:
        so_far = "\n".join(happened)
        error.add_note(f"schedule {seed} of {name}: {events}\n{so_far}\n{site.said()}")
        raise
    finally:
        site.sweep()
    shutil.rmtree(folder)
    return [*happened, f"gone after {took:.1f} s"]
