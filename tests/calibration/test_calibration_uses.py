"""What a calibration is used for: sweeps around what it found, halves held back, limits, ratios."""

import calibrated
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from commandline import soilsweep
from misbehaving import lines

import ensemble
import scenarios
from ensemble.calibration.reopening import open_layout
from ensemble.errors import PlanError
from ensemble.runs.apply import apply
from ensemble.store.reading import read
from scenarios.forcing import site_table


@pytest.fixture(scope="module")
def noisy(sites, tmp_path_factory):
    """Return twins whose observations have errors, so that costs are no rounding."""
    folder = tmp_path_factory.mktemp("noisy")
    for name in ("sites.csv", "types.csv", "observed.csv"):
        (folder / name).write_text((sites / name).read_text())
    calibrated.add_errors(folder)
    return folder


def test_control_members_of_what_apply_writes_have_the_costs_that_were_found(noisy, monkeypatch):
    outcome, found = calibrated.run(noisy, workers=1)
    monkeypatch.chdir(noisy)
    said = soilsweep("apply", str(outcome.path), "-o", "around.yaml")
    assert said.code == 0, said.err
    assert "around-parameters.csv" in said.out
    table = [line.split(",") for line in (noisy / "around-parameters.csv").read_text().splitlines()]
    (biome,) = (at for at, name in enumerate(table[0]) if name == "biome")
    biomes = list(calibrated.TRUTH)
    assert [row[biome] for row in table[1:]] == [biomes[k % 3] for k in range(12)]
    swept = scenarios.load(noisy / "around.yaml", settings=["precision=float64"])
    planned = ensemble.plan(swept, store=noisy / "around.zarr")
    assert planned.members == 12 * 5
    assert ensemble.run(planned, workers=1).complete
    control = xr.open_datatree(planned.path, engine="zarr")["control"]
    costs = control["j"].values[0]
    by_group = [costs[found.group_of.values[0] == g].sum() for g in range(3)]
    np.testing.assert_allclose(by_group, found.cost.values.min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(
        control["soc_stock"].values[0].ravel(), found.modelled_j.values[0].ravel(), rtol=1e-12
    )
    again = soilsweep("apply", str(outcome.path), "-o", "around.yaml")
    assert again.code == 2
    assert "is there already" in again.err


def test_a_group_without_a_result_is_left_out_and_words_are_kept(tmp_path, monkeypatch):
    calibrated.write(tmp_path)
    lines = (tmp_path / "observed.csv").read_text().splitlines()
    boreal = {f"S{k:02d}" for k in range(0, 12, 3)}
    kept = [line for line in lines if line.split(",")[0] not in boreal]
    (tmp_path / "observed.csv").write_text("\n".join(kept))
    head, *types = (tmp_path / "types.csv").read_text().splitlines()
    types = [f'{line},"Doe, J.",{k + 1e6 / 3!r}' for k, line in enumerate(types)]
    (tmp_path / "types.csv").write_text("\n".join([f"{head},owner,area [m2]", *types]))
    outcome, found = calibrated.run(tmp_path, workers=1)
    monkeypatch.chdir(tmp_path)
    said = soilsweep("apply", str(outcome.path), "-o", "around.yaml")
    assert said.code == 0, said.err
    assert "group 'boreal': without a result; their 4 locations left out" in said.out + said.err
    rows = pd.read_csv("around-parameters.csv", index_col="location")
    assert list(rows["half"]) == [line.split(",")[2] for line in types if "boreal" not in line]
    assert set(rows["owner"]) == {"Doe, J."}
    assert not {*rows.index} & boreal
    swept = scenarios.load("around.yaml", settings=["precision=float64"])
    planned = ensemble.plan(swept, store=tmp_path / "around.zarr")
    assert planned.members == 8 * 5
    areas = planned.experiment.locations.columns["area"]
    np.testing.assert_array_equal(areas, [k + 1e6 / 3 for k in range(12) if k % 3])
    assert ensemble.run(planned, workers=1).complete
    stock = xr.open_datatree(planned.path, engine="zarr")["control"]["soc_stock"].values[0].ravel()
    fitted = found.modelled_j.values[0, :, 0]
    np.testing.assert_allclose(stock, fitted[np.isfinite(fitted)], rtol=1e-12)
    # Of a reader that cannot leave locations out they stay, and that is said.
    monkeypatch.setattr(site_table.Spec, "lists", "")
    written = apply(outcome.path, tmp_path / "all.yaml")
    assert "takes no list of locations" in written.remarks[0]
    assert len(pd.read_csv(written.table)) == 12
    assert ensemble.plan(scenarios.load(written.scenario), store=tmp_path / "n.zarr").members == 60


def test_a_scenario_cannot_have_every_name(noisy):
    outcome, _ = calibrated.run(noisy, workers=1, store="named.zarr")
    with pytest.raises(PlanError, match="its name is the scenario's: found '2 around'"):
        apply(outcome.path, noisy / "2 around.yaml")
    assert not (noisy / "2 around-parameters.csv").exists()


def test_changes_that_the_kernel_does_not_admit_are_left_out(sites, tmp_path):
    text = calibrated.changed("tau_extra: {loguniform: [0.3, 3]}", "e3: {uniform: [0.81, 0.95]}")
    text = text.replace("restarts: 2", "restarts: 1").replace("budget: 400", "budget: 150")
    outcome, _ = calibrated.run(sites, text=text, workers=1, store="high.zarr")
    written = apply(outcome.path, sites / "high.yaml")
    (said,) = written.remarks
    assert said.startswith("e3 is not changed by +0.25: the kernel does not admit")
    planned = ensemble.plan(scenarios.load(written.scenario), store=tmp_path / "high.zarr")
    assert planned.members == 12 * (1 + 1 + 2)


def test_only_a_complete_calibration_is_applied(noisy, tmp_path):
    planned = ensemble.plan(scenarios.load("turnover-screening"), store=tmp_path / "e.zarr")
    ensemble.run(planned, workers=1, stop=lambda: True)
    with pytest.raises(PlanError, match="needed one of a calibration"):
        apply(planned.path, tmp_path / "x.yaml")
    outcome = ensemble.run_calibration(calibrated.plan(noisy, store="no.zarr"), stop=lambda: True)
    assert not outcome.complete
    with pytest.raises(PlanError, match="not complete yet"):
        apply(outcome.path, tmp_path / "x.yaml")


SPLITS = {
    "half of the locations": "{split: half, of: locations}",
    "every second location": "{split: alternate, of: locations}",
    "a column": "{column: half, calibrate: CAL}",
}


@pytest.mark.parametrize("case", SPLITS)
def test_what_is_held_back_is_not_looked_at(noisy, case, tmp_path):
    split = f"  restarts: 1\n  validation: {SPLITS[case]}"
    text = calibrated.changed("  restarts: 2", split)
    store = f"{case.split()[-1]}-{case[0]}.zarr"
    outcome, found = calibrated.run(noisy, text=text, store=store, workers=1)
    part = found.part_j.values[0, :, 0]
    assert (part == 0).sum() == (part == 1).sum() == 6
    for g in range(3):
        mine = found.group_of.values[0] == g
        assert (part[mine] == 0).sum() == 2
    counts = found.metrics.sel(metric="n").values[..., 0]
    np.testing.assert_array_equal(counts, 2)
    # Other values where nothing is looked at: the search is the same.
    (tmp_path / "sites.csv").write_text((noisy / "sites.csv").read_text())
    (tmp_path / "types.csv").write_text((noisy / "types.csv").read_text())
    head, *lines = (noisy / "observed.csv").read_text().split("\n")
    other = [f"{line.split(',')[0]},{9.5!r}" if p == 1 else line
             for line, p in zip(lines, part, strict=True)]  # fmt: skip
    (tmp_path / "observed.csv").write_text("\n".join([head, *other]))
    _, again = calibrated.run(tmp_path, text=text, workers=1)
    np.testing.assert_array_equal(found.parameters.values, again.parameters.values)
    rmse = {"metric": "rmse", "part": "validation"}
    assert (again.metrics.sel(rmse).values > found.metrics.sel(rmse).values).all()
    layout = open_layout(read(outcome.path))
    np.testing.assert_array_equal(layout.part(0)[0, :, 0], part)


def test_candidates_outside_a_limit_come_after_those_within(sites):
    free = calibrated.run(sites, workers=1, store="free.zarr")[1]
    text = calibrated.changed(
        "calibration:\n", "  stock: {output: soc_stock, value: true}\ncalibration:\n"
    ).replace("  restarts: 2", "  restarts: 2\n  require: {stock: {range: [LOW, HIGH]}}")
    stock = free.modelled_j.values[0, :, 0]
    means = [stock[free.group_of.values[0] == g].mean() for g in range(3)]
    high = max(means) * 0.9
    text = text.replace("LOW", "0.0").replace("HIGH", f"{high:.6g}")
    found = calibrated.run(sites, text=text, workers=1, store="limited.zarr")[1]
    mean = found.modelled_j.values[0, :, 0]
    worst = int(np.argmax(means))
    assert (found.violation.values == 0).all()
    held = mean[found.group_of.values[0] == worst].mean()
    assert held <= high
    np.testing.assert_allclose(held, high, rtol=1e-3)
    assert found.cost.values[worst].min() > free.cost.values[worst].min()
    others = [g for g in range(3) if g != worst]
    assert (found.cost.values[others] < 1e-6).all()


def test_a_ratio_over_locations_is_one_of_sums(sites, tmp_path):
    text = calibrated.changed(
        "calibration:\n", '  share: {expression: "(mic_r + mic_k) / soc"}\ncalibration:\n'
    ).replace("  restarts: 2", "  require: {share: {range: [0.03, 1], over: ratio}}")
    outcome, found = calibrated.run(sites, text=text, workers=1, store="of_sums.zarr")
    apply(outcome.path, sites / "of_sums.yaml")
    swept = scenarios.load(sites / "of_sums.yaml", settings=["precision=float64"])
    planned = ensemble.plan(swept, store=tmp_path / "of_sums.zarr")
    assert ensemble.run(planned, workers=1).complete
    control = xr.open_datatree(planned.path, engine="zarr")["control"]
    microbes = (control["mic_r"] + control["mic_k"]).values.ravel()
    carbon, groups = control["soc"].values.ravel(), found.group_of.values[0]
    ratio = np.array([microbes[groups == g].sum() / carbon[groups == g].sum() for g in range(3)])
    # The truths of the last two have 0.021 and 0.021: theirs are held at the limit.
    assert (found.violation.values == 0).all()
    assert (ratio >= 0.03 * (1 - 1e-9)).all()
    np.testing.assert_allclose(ratio[1:], 0.03, rtol=1e-3)
    mean = np.array([(microbes / carbon)[groups == g].mean() for g in range(3)])
    assert (mean[1:] > 0.031).all(), "else a mean would do as well"


def test_a_ratio_is_searched_and_what_leaves_its_range_is_counted(sites):
    text = calibrated.changed("  restarts: 2", "  restarts: 1\n  search_ratio: {tau_extra: D1}")
    found = calibrated.run(sites, text=text, workers=1, store="ratio.zarr")[1]
    truth = np.array([calibrated.TRUTH[str(name)] for name in found.group.values])
    np.testing.assert_allclose(found.parameters.values[:, 0], truth, rtol=1e-3)
    assert (found.tallies.sel(tally="clipped").values > 0).all()
    names = ("lower", "upper")
    low, high = (found[name].values for name in names)
    assert ((found.population.values >= low) & (found.population.values <= high)).all()


def test_an_rmse_is_made_small_by_location_first(noisy):
    text = calibrated.changed("minimise: j", "minimise: {rmse: j}")
    found = calibrated.run(noisy, text=text, workers=1, store="rmse.zarr")[1]
    rmse = found.metrics.sel(metric="rmse", part="calibration").values[:, 0]
    np.testing.assert_allclose(rmse**2, found.cost.values.min(axis=1), rtol=1e-9)
    relative = calibrated.run(noisy, workers=1, store="relative.zarr")[1]
    other = relative.metrics.sel(metric="rmse", part="calibration").values[:, 0]
    assert (rmse <= other * (1 + 1e-9)).all()


@pytest.mark.parametrize("metric", ["nse", "kge", "r2", "bias"])
def test_a_metric_of_all_pairs_of_a_group_is_made_small(noisy, metric):
    text = calibrated.changed("minimise: j", f"minimise: {{{metric}: j}}")
    found = calibrated.run(noisy, text=text, workers=1, store=f"{metric}.zarr")[1]
    assert "jacobian_sv" not in found
    part = found.metrics.sel(part="calibration")
    value = part.sel(metric=metric).values[:, 0]
    cost = found.cost.values.min(axis=1)
    # One of all pairs: sums of differences, as responses have them, and not the values again.
    np.testing.assert_allclose(cost, abs(value) if metric == "bias" else 1 - value, atol=1e-9)
    defaults = found.default_metrics.sel(part="calibration", metric=metric).values[:, 0]
    default = abs(defaults) if metric == "bias" else 1 - defaults
    assert (cost < default).all()
    squares = calibrated.run(noisy, workers=1, store="squares.zarr")[1]
    other = squares.metrics.sel(part="calibration", metric=metric).values[:, 0]
    assert (cost <= (abs(other) if metric == "bias" else 1 - other) + 1e-9).all()


def test_a_metric_that_has_no_value_is_told_before_the_run(tmp_path):
    calibrated.write(tmp_path, sites=5)
    text = calibrated.changed("minimise: j", "minimise: {nse: j}")
    planned = calibrated.plan(tmp_path, text=text)
    (said,) = (str(one) for one in planned.warnings if "no candidate has a cost" in str(one))
    assert "group 'tropical': 2 values or more are needed" in said


def test_a_value_that_is_no_sum_of_squares_is_made_small(sites):
    text = calibrated.changed("relative_error: 0.1", "relative_error: 0.1, huber: 1").replace(
        "budget: 400", "budget: 600"
    )
    found = calibrated.run(sites, text=text, workers=1, store="huber.zarr")[1]
    assert "jacobian_sv" not in found
    truth = np.array([calibrated.TRUTH[str(name)] for name in found.group.values])
    np.testing.assert_allclose(found.parameters.values[:, 0], truth, rtol=0.05)


def test_one_set_for_all_is_one_block(sites):
    text = calibrated.changed("groups: {column: biome}", "groups: all").replace(
        "budget: 400", "budget: 150"
    )
    outcome, found = calibrated.run(sites, text=text, workers=1, store="one.zarr")
    assert outcome.blocks == 1
    assert [str(g) for g in found.group.values] == ["all"]
    assert found.metrics.sel(metric="n", part="calibration").values.item() == 12
    assert found.cost.values.min() > 1, "no set fits three biomes"


@pytest.mark.parametrize(("budget", "length"), [(500, 80), (1_000_000, 20)])
def test_a_short_run_has_two_blocks_whose_rounds_are_long_and_a_long_one_work_for_eight(
    tmp_path, budget, length
):
    lines.write(tmp_path, sites=160)
    words = ["calibration.groups=location", f"calibration.budget={budget}"]
    assert lines.plan(tmp_path, *words).layout.grid.axes[0].length == length
