"""Kills: each ends something of a way and says what it did, "" where it could not."""

import time

from chaos.site import kill
from chaos.ways import jobs


def kill_worker(way, draw):
    """Kill a process that runs blocks, wherever in its loop it is."""
    alive = workers_of(way.site)
    return f"killed worker {pid}" if alive and kill(pid := draw.choice(alive)) else ""


def workers_of(site):
    """Return the processes that have a note in the store, busy or not, but for those that sleep."""
    found = [int(note.name.split("-")[-2]) for note in site.store.glob("inflight/*")]
    return [pid for pid in found if site.awake(pid)]


def kill_in_block(way, draw):
    """Kill a process that is inside a block."""
    busy = way.site.busy()
    return f"killed {pid} in a block" if busy and kill(pid := draw.choice(busy)) else ""


def kill_in_commit(way, draw, seconds=3.0):
    """Kill a process while a temporary file of its commit is there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and way.ended() is None:
        for pid, name in way.site.writing():
            if kill(pid):
                time.sleep(0.01)
                left = (way.site.store / "scratch" / name).exists()
                return f"killed {pid} {'in' if left else 'just after'} the commit of {name}"
        time.sleep(0.0005)
    return ""


def kill_probe(way, draw, seconds=10.0):
    """Kill a process inside a block, and the child that runs this block again, if one does here."""
    if not (what := kill_in_block(way, draw)):
        return ""
    until = time.monotonic() + seconds
    while time.monotonic() < until and way.ended() is None:
        for pid, words in way.site.processes().items():
            if "ensemble.farming.trial" in words and kill(pid):
                return f"{what}, and {pid} that settled it"
        time.sleep(0.05)
    return what


def kill_driver(way, draw):
    """Kill the command a person has typed."""
    return f"killed driver {way.process.pid}" if kill(way.process.pid) else ""


def ask_to_stop(way, draw):
    """Ask the command to stop, as Ctrl-C or the end of a login would."""
    way.process.terminate()
    return f"SIGTERM to {way.process.pid}"


def kill_scheduler(way, draw):
    """Kill the scheduler of a running Dask cluster."""
    way.scheduler.kill()
    way.scheduler.wait()
    return f"killed scheduler {way.scheduler.pid}"


def kill_nanny(way, draw):
    """Kill the parent of a Dask worker."""
    alive = [worker for worker in way.workers if worker.poll() is None]
    return f"killed nanny {w.pid}" if alive and kill((w := draw.choice(alive)).pid) else ""


def _some_job(way, draw, state="RUNNING"):
    found = [job for job in jobs(way.site, state) if job[0]]
    return draw.choice(found) if found else None


def _scontrol(way, *words):
    """Tell SLURM; a job may have ended since it was seen."""
    try:
        way.site.cluster.call(*words)
    except RuntimeError as error:
        return f" ({error})"
    return ""


def scancel(way, draw):
    job = _some_job(way, draw)
    return f"scancel {job[0]}{_scontrol(way, 'scancel', job[0])}" if job else ""


def requeue(way, draw):
    job = _some_job(way, draw)
    return f"requeue {job[0]}{_scontrol(way, 'scontrol', 'requeue', job[0])}" if job else ""


def hold(way, draw):
    """Hold jobs, those that wait or else a running one that is requeued, and release them."""
    job, verb = _some_job(way, draw, "PENDING"), "hold"
    if job is None:
        job, verb = _some_job(way, draw), "requeuehold"
    if job is None:
        return ""
    why = _scontrol(way, "scontrol", verb, job[0])
    time.sleep(draw.uniform(0.5, 3))
    return f"{verb} {job[0]}{why}{_scontrol(way, 'scontrol', 'release', job[0])}"


def lose_node(way, draw):
    """Cut the power of a node that runs a job, and give it back later."""
    job = _some_job(way, draw)
    if job is None or job[2] not in way.site.cluster.nodes:
        return ""
    way.site.cluster.kill_node(job[2])
    time.sleep(draw.uniform(0, 2))
    way.site.cluster.start_node(job[2])
    return f"lost node {job[2]} with job {job[0]}"


def restart_controller(way, draw):
    """Stop SLURM's controller, and start it again; killed, it forgets jobs that it has started."""
    way.site.cluster.stop_controller()
    time.sleep(draw.uniform(0, 2))
    way.site.cluster.start_controller()
    return "controller stopped and started"
