"""What locations share is paid once for each sample, and blocks and tiles are cut for that."""

from dataclasses import replace

import numpy as np
import pytest
from models import fitting
from support import load, run

import ensemble
import kernels
from ensemble.members import block_rule, pilot
from ensemble.members.layout import Layout
from ensemble.planning import feasibility, trial

PLACES = 300
TEXT = """
version: 1
name: fitted
kernel: {name: models.fitting, cost: COST}
forcing: {reader: site_table, path: sites.csv, location: site}
design: {method: latin_hypercube, n: 24, parameters: {ridge: {uniform: [0.01, 1]}}}
seed: 3
outputs: {stock: all}
statistics: {stock: [mean, q50]}
histograms: {edges: {stock: [0, 2]}, bins: 20}
"""


@pytest.fixture
def sites(tmp_path):
    """Three hundred sites, beside the scenario."""
    clay = np.linspace(0.05, 0.6, PLACES)
    rows = [f"s{k},{value!r}" for k, value in enumerate(clay.tolist())]
    (tmp_path / "sites.csv").write_text("\n".join(["site,clay [1]", *rows]))
    return tmp_path


def fits():
    """Return the samples fitted since this was asked last."""
    done = sum(samples for samples, _ in fitting.FITS)
    fitting.FITS.clear()
    return done


def test_every_sample_is_fitted_once(sites):
    fits()
    planned = ensemble.plan(load(sites, TEXT.replace("COST", "1.0")), store=sites / "run.zarr")
    _, location, sample = planned.layout.grid.axes
    assert (location.length, sample.length) == (PLACES, 1)
    assert planned.seconds == pytest.approx(24 * (1.0 + PLACES * 1e-5))
    assert feasibility.summary(planned, 1)["core_seconds"] == round(planned.seconds, 3)
    ensemble.run(planned, workers=1, try_first=False)
    # Control members, at sample 0 of each block of locations, are fitted beside.
    assert fits() == 24 + 1


def test_a_block_of_many_samples_fits_each_once(sites):
    text = TEXT.replace("COST", "1.0") + f"block: {{location: {PLACES}, sample: 24}}\n"
    fits()
    run(sites, text=text, workers=1, try_first=False)
    assert fits() == 24 + 1


def test_members_that_are_tried_first_are_few_fits(sites):
    """A second of them at most, and the control member's."""
    for cost, rows in (("0.3", 2), ("3.0", 0), ("1e-4", trial.ROWS)):
        planned = ensemble.plan(load(sites, TEXT.replace("COST", cost)), store=sites / "run.zarr")
        fits()
        tried = trial.attempt(planned)
        assert (tried.cells, tried.rows, tried.share) == (trial.CELLS, rows, 0.0)
        assert tried.members == trial.CELLS * (1 + rows)
        assert fits() == 1 + rows


def test_a_pilot_fits_each_of_few_members_once(sites):
    pilots = TEXT.replace("edges: {stock: [0, 2]}, ", "")
    for word, count in (("", pilot.FEW), ("pilot: 12, ", 12)):
        text = pilots.replace("n: 24", "n: 200").replace("{bins", f"{{{word}bins")
        planned = ensemble.plan(load(sites, text.replace("COST", "1.0")), store=sites / "x.zarr")
        fits()
        edges = pilot.edges(planned.experiment)["stock"]
        assert fits() == count
        assert (edges[..., 0] < edges[..., 1]).all()


def test_a_plan_tells_what_sums_make_dearer(sites, monkeypatch):
    text = TEXT.replace("COST", "1.0")
    assert ensemble.plan(load(sites, text), store=sites / "x.zarr").warnings == []
    monkeypatch.setattr(block_rule, "HELD_NBYTES", 100_000)
    planned = ensemble.plan(load(sites, text), store=sites / "x.zarr")
    blocks = planned.layout.grid.axes[1].blocks
    (notice,) = planned.warnings
    assert (notice.kind, notice.value) == ("shared", 24.0 * (blocks - 1))
    assert f"there are {blocks} of them" in str(notice)
    assert "fewer `histograms: {bins: ...}`" in str(notice)
    # Who says so has it so.
    said = ensemble.plan(load(sites, text + "block: {location: 300}\n"), store=sites / "x.zarr")
    assert said.warnings == []


def test_blocks_change_no_member(sites):
    text = TEXT.replace("COST", "1.0")
    _, by_rule = run(sites, text=text, workers=1)
    cut = text + "block: {location: 7, sample: 5}\n"
    _, by_hand = run(sites, text=cut, store="cut.zarr", workers=1)
    with ensemble.open_run(by_rule.path) as one, ensemble.open_run(by_hand.path) as other:
        assert np.array_equal(one["stock"], other["stock"])
        assert (one["status"] == 0).all()
        assert np.array_equal(one["statistics/stock_q50"], other["statistics/stock_q50"])


def test_locations_are_cut_where_that_is_worth_a_fit_more(sites):
    planned = ensemble.plan(load(sites, TEXT.replace("COST", "1e-3")), store=sites / "run.zarr")
    experiment = planned.experiment
    costly = replace(experiment.kernel, seconds=lambda options, sizes: 1e-2)
    grid = Layout(replace(experiment, kernel=costly)).grid
    # 72 s in 24 samples are too few blocks, so locations are cut in two.
    assert grid.axes[1].length == PLACES // 2
    assert grid.axes[2].length == 1


def test_links_of_a_chain_add_up_what_they_share():
    chain = kernels.get("chain")
    options = chain.read(
        {"chain": ["models.fitting"]}, kernels.get, lambda words, kernel: fitting.Options(2.0)
    )
    made = chain.made(options, None)
    assert made.shared_seconds(options, {}) == 2.0
