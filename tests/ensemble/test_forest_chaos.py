"""Draws of forests on processes that are killed: the same bytes, and no fit that was kept again."""

from collections import Counter

import pytest
from chaos import kills
from chaos.schedules import undisturbed
from chaos.site import Site
from chaos.steps import again, begin, do, end, finish
from chaos.ways import WAYS, Submitted, make
from forcing_law.examples.predictor_grid import EXAMPLE
from forest_tables import rows, text

from ensemble.store.reading import read

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

pytestmark = pytest.mark.chaos

DRAWS, BLOCK = 48, 4
SCENARIO = f"""
version: 1
name: forests
kernel: {{name: random_forest, training: t.csv, trees: 100, draw: by_class}}
forcing: {{reader: predictor_grid, path: grid, testbed: testbed}}
design: {{method: monte_carlo, n: {DRAWS}, parameters: {{seed: {{integers: [0, 4294967295]}}}}}}
seed: 3
statistics: {{rh: [mean, std, q50]}}
histograms: {{bins: 64, edges: {{rh: [300, 900]}}}}
aggregates: {{rh: [global, veg], rh_inside: [global]}}
block: {{sample: {BLOCK}}}
"""
COUNTED = """
import os
from sklearn.ensemble import RandomForestRegressor

fit = RandomForestRegressor.fit


def counted(self, *data):
    with open(os.environ["FITS"], "a") as file:
        file.write(f"{self.random_state}\\n")
    return fit(self, *data)


RandomForestRegressor.fit = counted
"""
"""Found by every Python of a site, jobs of SLURM included, before anything else."""


class Forests(Site):
    """A run of forests, each fit of which leaves its seed in a file."""

    def __init__(self, folder, **more):
        super().__init__(folder, blocks=DRAWS // BLOCK, **more)
        EXAMPLE.write(folder)
        (folder / "t.csv").write_text(text(rows()))
        (folder / "sitecustomize.py").write_text(COUNTED)
        self.scenario = folder / "forests.yaml"
        self.scenario.write_text(SCENARIO)
        self.fits = folder / "fits"

    def start(self, words, **more):
        return super().start(words, FITS=str(self.fits), **more)


class Jobs(Submitted):
    """Two jobs of a process that holds scikit-learn."""

    asks = "backend: slurm, jobs: 2, memory: 1GiB, time: '10'"


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return undisturbed(tmp_path_factory.mktemp("undisturbed") / "forests", kind=Forests)


@pytest.mark.parametrize(
    ("kind", "event", "go_on"),
    [
        pytest.param(
            WAYS["processes"], kills.kill_driver, again, id="processes", marks=pytest.mark.slow
        ),
        pytest.param(
            WAYS["workers"], kills.kill_in_block, finish, id="workers", marks=pytest.mark.slow
        ),
        pytest.param(
            Jobs,
            kills.lose_node,
            finish,
            id="slurm",
            marks=[pytest.mark.acceptance, pytest.mark.slurm],
        ),
    ],
)
def test_a_fit_that_is_kept_is_made_once(
    kind, event, go_on, tmp_path, expected, request, record_property
):
    cluster = request.getfixturevalue("on_cluster") if kind is Jobs else None
    site = Forests(tmp_path / "site", cluster=cluster)
    try:
        # Before it is launched, so that no member is tried first.
        make(site)
        way = begin(kind(site), blocks=2)
        do(event, way)
        if go_on is again:
            end(way)
        go_on(way, expected)
    finally:
        site.sweep()
    seeds = Counter(map(int, site.fits.read_text().split()))
    known = read(site.store)
    # The journal counts samples that are done, at each of seven cells; the control member's is 0.
    assert known.committed().totals.members == {0: 7 * DRAWS}
    assert seeds.keys() == {0, *known.read_whole("seed").astype(int).ravel().tolist()}
    assert len(seeds) == DRAWS + 1
    # Seed 0 is that of the forest whose importance weighs predictors, too: once in each process.
    fits = sum(seeds.values()) - seeds[0]
    record_property("measured", f"fits: {fits} for {DRAWS} draws")
    # What is lost is in blocks that were not committed, one of each process that was killed.
    assert fits - DRAWS <= 3 * BLOCK
