"""A hundred kills of calibrations of 50 groups: the same bytes, and hardly anything done twice."""

import json
import random
import subprocess
import time
from contextlib import suppress

import farming
import pytest
from calibrated import opened
from misbehaving import lines
from waiting import wait_for

from ensemble.store.reading import read

GROUPS, RESTARTS = 50, 2
SEARCHES = {
    # With the most candidates of a generation: of 2 complexes 5 steps of 3, and a start of 10.
    "sceua": ("{name: sceua, complexes: 2, peps: 1.0e-9, pcento: 0}", 3 * 2 * 5 + 10),
    # Of 4 starts 2 derivatives and 5 steps, and the starts.
    "levenberg_marquardt": ("{name: levenberg_marquardt, starts: 4}", 4 * (2 + 5) + 4),
}
KILLS, LOSSES = 50, 15
"""Of each search: of the process of a run, and of a node of a cluster, whose jobs then wait."""

KILLED = {"sceua": 0.0, "levenberg_marquardt": 0.2}
LOST = {"sceua": 0.1, "levenberg_marquardt": 0.4}
"""Seconds that a round takes longer, so that kills and losses fall into it."""


class Study:
    """A calibration of 50 sites of rounds that take so many seconds longer, and what it counts."""

    def __init__(self, folder, name, longer):
        algorithm, self.generation = SEARCHES[name]
        lines.write(folder, sites=GROUPS)
        text = lines.TEXT.replace("misbehaving.hill", "misbehaving.counted")
        self.file, self.counts = folder / "lines.yaml", folder / "counts"
        lines.load(folder, text=text)
        self.folder = folder
        self.environment = {
            "COUNTED": str(self.counts), "MISBEHAVE": f"seconds={longer[name]}",
        }  # fmt: skip
        every = (
            "calibration.groups=location",
            f"calibration.restarts={RESTARTS}",
            "calibration.budget=400",
            f"calibration.algorithm={algorithm}",
        )
        self.words = [word for setting in every for word in ("--set", setting)]

    def command(self, store):
        return farming.command("run", self.file, "--store", store, "--quiet", *self.words)

    def start(self, store):
        return farming.start(self.command(store), **self.environment)

    def undisturbed(self):
        """Return seconds, digest and evaluations of a run that nothing disturbs."""
        store, begun = self.folder / "undisturbed.zarr", time.monotonic()
        process = self.start(store)
        _, said = process.communicate()
        assert process.returncode == 0, said
        evaluations = int(opened(store).evaluations.sum())
        assert self.counted() == evaluations
        return time.monotonic() - begun, read(store).digest(), evaluations

    def rounds(self):
        """Return how many rounds have begun since candidates were last counted."""
        return len(self.counts.read_text().split()) if self.counts.exists() else 0

    def counted(self):
        """Return the candidates that were asked for since the last time."""
        found = sum(int(line) for line in self.counts.read_text().split())
        self.counts.unlink()
        return found

    def most(self, evaluations, kills):
        """Return how many candidates there may be at most with so many kills."""
        return evaluations + kills * GROUPS * RESTARTS * self.generation


@pytest.mark.acceptance
@pytest.mark.chaos
@pytest.mark.parametrize("name", SEARCHES)
def test_killed_fifty_times_at_random_moments(tmp_path, name, record_property):
    study = Study(tmp_path, name, KILLED)
    seconds, digest, evaluations = study.undisturbed()
    draw, kills, runs, twice = random.Random(14), 0, 0, 0
    while kills < KILLS:
        store, own, done = tmp_path / f"killed-{runs}.zarr", 0, False
        while not done:
            process, begun = study.start(store), time.monotonic()
            patience = draw.uniform(0.0, seconds) if kills < KILLS else None
            with suppress(subprocess.TimeoutExpired):
                _, said = process.communicate(timeout=patience)
                assert process.returncode == 0, said
                done = True
                if not own:
                    # On a machine that is less busy by now kills would come too late.
                    seconds = min(seconds, time.monotonic() - begun)
            if not done:
                process.kill()
                process.communicate()
                kills, own = kills + 1, own + 1
        assert read(store).digest() == digest
        spent = study.counted()
        assert spent <= study.most(evaluations, own)
        runs, twice = runs + 1, twice + spent - evaluations
    assert twice, "no kill fell into a round"
    share = twice / (kills * GROUPS * RESTARTS * study.generation)
    text = f"{kills} kills in {runs} runs of {evaluations:,} evaluations each; done twice {twice:,}"
    record_property("measured", f"{name}: {text}, {share:.0%} of a generation per search and kill")


@pytest.mark.acceptance
@pytest.mark.chaos
@pytest.mark.slurm
@pytest.mark.parametrize("name", SEARCHES)
def test_nodes_lost_at_random_moments(on_cluster, tmp_path, monkeypatch, name, record_property):
    study = Study(tmp_path, name, LOST)
    _, digest, evaluations = study.undisturbed()
    for word, value in farming.environment(**study.environment).items():
        monkeypatch.setenv(word, value)
    job = "execution={backend: slurm, jobs: 2, memory: 1GiB, time: 10, interface: lo}"
    draw, losses, runs, twice = random.Random(15), 0, 0, 0

    def complete(store):
        code, out, err = farming.call("status", store, "--json")
        assert code == 0, err
        return json.loads(out)["complete"]

    def over():
        return not on_cluster.call("squeue", "-h", "-o", "%i").strip()

    while losses < LOSSES:
        store, own = tmp_path / f"lost-{runs}.zarr", 0
        words = (study.file, "--store", store, "--json", *study.words, "--set", job)
        code, _, err = farming.call("submit", *words)
        assert code == 0, err
        while losses < LOSSES:
            before = study.rounds()
            # Jobs take seconds to begin: a loss is drawn from when one of them has begun a round.
            wait_for(lambda b=before: study.rounds() > b or over(), "a round begins", every=0.3)
            time.sleep(draw.uniform(0.0, 4 * LOST[name]))
            if over():
                break
            if running := on_cluster.call("squeue", "-h", "-t", "R", "-o", "%N").split():
                node = draw.choice(running)
                on_cluster.kill_node(node)
                on_cluster.start_node(node)
                losses, own = losses + 1, own + 1
        wait_for(lambda store=store: complete(store), "the run is complete", every=1.0)
        assert read(store).digest() == digest
        spent = study.counted()
        # A node that is lost takes along what runs on it: one block of both at most.
        assert spent <= study.most(evaluations, own)
        runs, twice = runs + 1, twice + spent - evaluations
    assert twice, "no loss fell into a round"
    text = f"{losses} nodes lost in {runs} runs of {evaluations:,} evaluations each"
    record_property("measured", f"{name}: {text}; done twice {twice:,}")
