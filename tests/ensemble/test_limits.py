"""Members beyond a limit: counted exactly, kept as they are, left out only where asked."""

import json

import numpy as np
import pytest
import screening
import xarray as xr
from layered import forcing as data
from support import SMALL, give, load, plan

import ensemble
from ensemble.commands.console import outcome_summary
from ensemble.errors import PlanError
from ensemble.members.space.sums import GROUP as SUMS
from ensemble.runs.analyze import analyze_store
from ensemble.runs.status import summary
from ensemble.runs.verify import replay, verify
from ensemble.store.reading import read as read_store
from ensemble.tables.limits import limit_lines, plain, table_at
from scenarios import ScenarioError

TEXT = """
version: 1
name: layers
kernel: layered.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 90
  parameters: {scale: {uniform: [10, 50]}, shape: {uniform: [0.001, 0.1]}}
seed: 3
precision: float64
outputs: {soc: all, soc_stock: last}
responses: {stock: {output: soc_stock, value: true}, at_10: {output: soc, layer: 10}}
statistics:
  soc: [mean, std, min, max, q50, {above: 20}]
  stock: [mean, variance, q50]
histograms: {bins: 20000}
block: {location: 2, sample: 16}
limits: {soc: {above: 45 mg C cm-3, then: %s}, soc_stock: {above: 2.5 kg C m-2}}
"""
COUNTING, EXCLUDING = TEXT % "count", TEXT % "exclude"
UNITS_TEXT = """
version: 1
name: units
kernel: layered.model
forcing: {reader: synthetic_models, n: 1}
design: %s
seed: 5
precision: float64
outputs: {soc: all}
responses: {at_10: {output: soc, layer: 10}, at_50: {output: soc, layer: 50}}
statistics: {at_10: [mean, %s]}
block: {sample: 30}
limits: {soc: {above: %s mg C cm-3, then: exclude}}
"""
RANGES = "parameters: {scale: {uniform: [10, 50]}, shape: {uniform: [0.001, 0.1]}}"
MORRIS = f"{{method: morris, trajectories: 40, levels: 20, {RANGES}}}"
SOBOL = f"{{method: sobol, n: 64, {RANGES}}}"


@pytest.fixture
def layered(monkeypatch):
    give(monkeypatch, data.both())


def finished(tmp_path, text, *settings, store="run.zarr", **how):
    planned = plan(tmp_path, *settings, text=text, store=store)
    outcome = ensemble.run(planned, **{"workers": 1, **how})
    assert outcome.complete
    return outcome.path, outcome


def over_of(tree, output="soc", above=45.0):
    """Return which members (forcing, location, sample) hold more than a limit anywhere."""
    values = tree[output].values
    return (values > above).any(axis=tuple(range(2, values.ndim - 1)))


def counts(path):
    with xr.open_datatree(path, engine="zarr") as tree:
        return {name: values.load().values for name, values in tree["limits"].data_vars.items()}


@pytest.mark.usefixtures("layered")
class TestCounted:
    def test_as_numpy_counts_the_stored_members(self, tmp_path):
        path, outcome = finished(tmp_path, COUNTING)
        tree, found = ensemble.open_run(path), counts(path)
        soc, over = tree["soc"].values, over_of(tree)
        assert 0 < over.sum() < over.size
        np.testing.assert_array_equal(found["soc_beyond"], over.sum(axis=-1))
        np.testing.assert_array_equal(found["soc_where"], (soc > 45.0).sum(axis=-1))
        highest = np.where(over.any(axis=-1), soc.max(axis=(2, 3)), np.nan)
        np.testing.assert_array_equal(found["soc_highest"], highest)
        stock = over_of(tree, "soc_stock", 2.5)
        np.testing.assert_array_equal(found["soc_stock_beyond"], stock.sum(axis=-1))
        np.testing.assert_array_equal(found["count"], np.full((2, 3), 90))
        assert "excluded" not in tree
        assert "soc_stock_where" not in found
        assert outcome.limits["outputs"]["soc"]["members"] == over.sum()
        assert outcome.limits["outputs"]["soc"]["share"] == over.mean()

    def test_without_a_stored_member_too(self, tmp_path):
        whole = counts(finished(tmp_path, COUNTING)[0])
        path, _ = finished(tmp_path, COUNTING, "outputs={}", store="alone.zarr")
        assert "soc" not in read_store(path).specs
        for name, values in counts(path).items():
            np.testing.assert_array_equal(values, whole[name])

    @pytest.mark.parametrize(
        "cut",
        [
            "{location: 3, sample: 90}",
            pytest.param("{location: 1, sample: 7}", marks=pytest.mark.slow),
        ],
    )
    def test_however_blocks_are_cut(self, tmp_path, cut):
        whole = counts(finished(tmp_path, EXCLUDING)[0])
        other, _ = finished(tmp_path, EXCLUDING, f"block={cut}", store="other.zarr")
        for name, values in counts(other).items():
            np.testing.assert_array_equal(values, whole[name])

    def test_a_failed_member_is_not_counted(self, tmp_path):
        # The kernel fails above 99, where it would hold the most.
        path, _ = finished(
            tmp_path, COUNTING.replace("uniform: [10, 50]", "uniform: [40, 100]"), "failed_limit=1"
        )
        tree, found = ensemble.open_run(path), counts(path)
        failed = tree["status"].values != 0
        assert failed.any()
        np.testing.assert_array_equal(found["soc_beyond"], over_of(tree).sum(axis=-1))
        np.testing.assert_array_equal(found["count"], (~failed).sum(axis=-1))

    def test_an_output_that_is_asked_for_by_its_limit_alone_is_looked_at(self, tmp_path):
        text = COUNTING.replace(", at_10: {output: soc, layer: 10}", "")
        path, outcome = finished(tmp_path, text, "outputs={}", "statistics={stock: [mean]}")
        whole = counts(finished(tmp_path, COUNTING, store="whole.zarr")[0])
        np.testing.assert_array_equal(counts(path)["soc_where"], whole["soc_where"])
        assert outcome.limits["outputs"]["soc"]["members"] == whole["soc_beyond"].sum()

    def test_a_stopped_run_says_what_it_has_and_goes_on_to_the_same(self, tmp_path):
        whole, _ = finished(tmp_path, EXCLUDING)
        planned = plan(tmp_path, text=EXCLUDING, store="again.zarr")
        done = iter([False, False, False, True])
        half = ensemble.run(planned, workers=1, stop=lambda: next(done, True))
        assert not half.complete
        store = read_store(half.path)
        so_far = plain(store, store.committed())
        assert so_far["outputs"]["soc"]["members"] == sum(
            int(store.read_partials(key)["limits/soc/beyond"].sum()) for key in store.committed()
        )
        assert so_far["outputs"]["soc"]["forcings"]["here"]["worst"] is None
        again = ensemble.run(planned, workers=1)
        assert again.complete
        assert read_store(again.path).digest() == read_store(whole).digest()
        for name, values in counts(again.path).items():
            np.testing.assert_array_equal(values, counts(whole)[name])

    def test_where_they_are(self, tmp_path):
        path, outcome = finished(tmp_path, COUNTING)
        found = counts(path)
        for f, forcing in enumerate(("here", "there")):
            worst = outcome.limits["outputs"]["soc"]["forcings"][forcing]["worst"]
            assert worst["location"] == "abc"[found["soc_beyond"][f].argmax()]
            assert worst["place"] == "layer 2.5 cm"
            assert worst["highest"] == np.nanmax(found["soc_highest"][f])
        table = table_at(path)
        assert [row[2] for row in table.rows if row[0] == "soc"] == ["here", "there"]
        assert table.rows[0][1] == "> 45 mg C cm-3"
        lines = limit_lines(summary(path)["limits"])
        assert lines[0].startswith("soc above 45 mg C cm-3: ")
        assert "there" in lines[0]
        assert "layer 2.5 cm" in lines[0]

    def test_control_members_are_named_apart(self, tmp_path):
        text = COUNTING.replace("above: 45 mg", "above: 20 mg")
        path, outcome = finished(tmp_path, text)
        tree = ensemble.open_run(path)
        over = (tree["control/soc"].values > 20).any(axis=-1)
        assert 0 < over.sum()
        said = outcome.limits["outputs"]["soc"]
        assert said["control_members"] == over.sum()
        assert said["members"] == (tree["soc"].values > 20).any(axis=2).sum()
        assert f" and {over.sum()} control members (" in limit_lines(outcome.limits)[0]
        assert f"soc: {over.sum()} of {over.size} control members" in " ".join(table_at(path).notes)

    def test_nothing_else_changes(self, tmp_path):
        with_limits = ensemble.open_run(finished(tmp_path, COUNTING)[0])
        bare, outcome = finished(tmp_path, COUNTING, "limits={}", store="bare.zarr")
        without = ensemble.open_run(bare)
        assert "limits" not in without.children
        assert outcome.limits["outputs"] == {}
        assert limit_lines(outcome.limits) == [
            "no output has one; limits: {NAME: {above: 150 mg C cm-3}} sets one"
        ]
        for name in without.data_vars:
            xr.testing.assert_identical(with_limits[name], without[name])
        xr.testing.assert_identical(
            with_limits["statistics"].to_dataset(), without["statistics"].to_dataset()
        )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        give(monkeypatch, data.both())
        folder = tmp_path_factory.mktemp("excluding")
        path, outcome = finished(folder, EXCLUDING, "failed_limit=0")
    return ensemble.open_run(path), outcome


@pytest.mark.usefixtures("layered")
class TestExcluded:
    def test_they_keep_their_values_and_are_flagged(self, tmp_path, run):
        tree, outcome = run
        counted = ensemble.open_run(finished(tmp_path, COUNTING, store="counted.zarr")[0])
        for name in counted.data_vars:
            xr.testing.assert_identical(tree[name], counted[name])
        np.testing.assert_array_equal(tree["excluded"].values, over_of(tree))
        assert not tree["status"].values.any()
        assert outcome.failed == 0
        assert outcome.limits["excluded"] == over_of(tree).sum()
        np.testing.assert_array_equal(counts(outcome.path)["excluded"], over_of(tree).sum(axis=-1))

    def test_statistics_are_numpys_of_the_others(self, run):
        tree, _ = run
        kept = ~over_of(tree)
        found, soc = tree["statistics"], tree["soc"].values
        for f, k in np.ndindex(2, 3):
            some = soc[f, k][:, kept[f, k]]
            for name in ("mean", "std", "min", "max"):
                expected = getattr(some, name)(axis=1)
                np.testing.assert_allclose(found[f"soc_{name}"][f, k], expected, rtol=1e-12)
            share = (some > 20).mean(axis=1)
            np.testing.assert_allclose(found["soc_above_20"][f, k], share, rtol=1e-14)
            below = (some <= found["soc_q50"].values[f, k][:, None]).mean(axis=1)
            np.testing.assert_allclose(below, 0.5, atol=1.5 / some.shape[1])
            stock = tree["stock"].values[f, k, kept[f, k]]
            np.testing.assert_allclose(found["stock_mean"][f, k], stock.mean(), rtol=1e-12)
            np.testing.assert_allclose(found["stock_variance"][f, k], stock.var(), rtol=1e-10)
        np.testing.assert_array_equal(found["count"], kept.sum(axis=-1))
        across = tree["across_forcings/stock_mean"].values
        np.testing.assert_allclose(across, found["stock_mean"].values.mean(axis=0), rtol=1e-14)

    def test_edges_of_histograms_are_those_of_the_others(self, tmp_path, run):
        tree, _ = run
        counted = ensemble.open_run(finished(tmp_path, COUNTING, store="counted.zarr")[0])
        edges = [t["pilot/soc_edges"].values[..., 1] for t in (tree, counted)]
        assert (edges[0] < edges[1]).all()

    def test_what_a_table_says_is_of_the_others(self, run):
        from ensemble.tables.results import Results

        tree, outcome = run
        numbers = Results(read_store(outcome.path))
        mean, _ = numbers.moments("stock")
        np.testing.assert_allclose(mean, tree["statistics/stock_mean"].values, rtol=1e-12)

    def test_the_store_verifies_and_replays(self, run):
        tree, outcome = run
        store = read_store(outcome.path)
        assert not verify(store, rerun=20).damage
        member = tuple(int(k) for k in np.argwhere(over_of(tree))[0])
        again = replay(store, member)
        assert not again.differences
        # Two outputs, two responses, the status, and whether it is excluded.
        assert again.compared == 6
        assert any("beyond its limit of 45 mg C cm-3, excluded" in note for note in again.notes)

    def test_programs_and_people_are_told(self, tmp_path, run, capsys):
        from ensemble.commands import standing

        _, outcome = run
        planned = plan(tmp_path, text=EXCLUDING)
        found = json.loads(json.dumps(outcome_summary(planned, outcome)))["limits"]
        assert found["outputs"]["soc"]["then"] == "exclude"
        assert found["excluded"] == outcome.limits["excluded"]
        standing.print_status(summary(outcome.path))
        said = capsys.readouterr().out
        assert "soc above 45 mg C cm-3: " in said
        assert "are excluded from statistics and indices" in said

    def test_the_page_says_so(self, run, tmp_path):
        from ensemble.report import write_report

        page = write_report(run[1].path, tmp_path / "page.html").read_text()
        assert "Beyond limits" in page
        assert "members beyond what a soil can hold" in page
        assert "are excluded from statistics and indices" in page


@pytest.mark.usefixtures("layered")
class TestIndices:
    def test_of_morris_are_salibs_over_the_trajectories_that_are_kept(self, tmp_path):
        from SALib.analyze import morris

        path, _ = finished(tmp_path, UNITS_TEXT % (MORRIS, "mu, mu_star, sigma", 63))
        analyze_store(path)
        tree, found = ensemble.open_run(path), counts(path)
        assert found["excluded"].sum()
        over = over_of(tree, above=63.0).reshape(2, 3, 40, 3).any(axis=-1)
        assert over.any()
        assert over.mean(axis=-1).max() <= 0.2
        rows = np.column_stack([tree["scale"].values, tree["shape"].values]).reshape(40, 3, 2)
        problem = {"num_vars": 2, "names": ["scale", "shape"], "bounds": [[10, 50], [0.001, 0.1]]}
        for f, k in np.ndindex(2, 3):
            kept = ~over[f, k]
            values = tree["at_10"].values[f, k].reshape(40, 3)[kept].ravel()
            x = rows[kept].reshape(-1, 2)
            theirs = morris.analyze(problem, x, values, num_levels=20, num_resamples=2)
            for group, names in (("statistics", 3), ("sensitivity", 3)):
                for name in ("mu", "mu_star", "sigma")[:names]:
                    ours = tree[f"{group}/at_10_{name}"].values[f, k]
                    np.testing.assert_allclose(ours, np.ravel(theirs[name]), rtol=1e-9, atol=1e-12)
            assert tree["statistics/at_10_effective"].values[f, k] == kept.sum()
            assert (tree["sensitivity/at_10_effective"].values[f, k] == kept.sum()).all()
            assert (tree["sensitivity/soc_effective"].values[f, k] == kept.sum()).all()

    def test_of_sobol_are_those_of_whole_rows(self, tmp_path):
        path, _ = finished(tmp_path, UNITS_TEXT % (SOBOL, "S1, ST", 64))
        analyze_store(path)
        tree = ensemble.open_run(path)
        values = np.where(over_of(tree, above=64.0), np.nan, tree["at_10"].values)
        lost = np.isnan(values).reshape(2, 3, 64, -1).any(axis=-1)
        assert lost.any()
        from ensemble.members.reopening import open_work

        design = open_work(read_store(path)).layout.sampler.design(0, 0)
        for f in range(2):
            expected = design.analyze(values[f])
            left = (~lost[f]).sum(axis=-1)
            for name in ("S1", "ST"):
                enough = left >= 0.8 * 64
                for group in ("statistics", "sensitivity"):
                    ours = tree[f"{group}/at_10_{name}"].values[f]
                    np.testing.assert_allclose(
                        ours[enough], expected[name][enough], rtol=1e-10, atol=1e-12
                    )
                    assert np.isnan(ours[~enough]).all()
            np.testing.assert_array_equal(tree["statistics/at_10_effective"].values[f], left)

    def test_a_refusal_names_limits_and_not_failures(self, tmp_path):
        path, outcome = finished(tmp_path, UNITS_TEXT % (MORRIS, "mu_star", 20))
        with pytest.raises(PlanError) as refused:
            analyze_store(path)
        said = str(refused.value)
        assert "limits: excludes" in said
        assert "soc above 20 mg C cm-3" in said
        assert "then: count" in said
        assert "too many members are excluded" in said
        assert any("limits: excludes" in text for text in outcome.warnings)
        assert outcome.failed == 0

    def test_shares_of_variance_are_those_of_whole_levels(self, tmp_path):
        from anova import shares_of

        from ensemble.analysis.factorial import drop_failed

        design = (
            "{cross: [{method: monte_carlo, n: 12, parameters: {scale: {uniform: [10, 50]}}},"
            " {method: monte_carlo, n: 10, parameters: {shape: {uniform: [0.001, 0.1]}}}]}"
        )
        text = (UNITS_TEXT % (design, "std", 45)).replace("block: {sample: 30}\n", "")
        path, _ = finished(tmp_path, text)
        tables = analyze_store(path)
        tree = ensemble.open_run(path)
        over = over_of(tree, above=45.0)
        assert over.any()
        values = np.where(over, np.nan, tree["at_50"].values).reshape(2, 3, 12, 10)
        for k in range(3):
            cube, _ = drop_failed(values[:, k])
            expected = list(shares_of(cube).values())
            ours = tree["variance/at_50_share"].values[k]
            np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-13)
        assert "failed or excluded" in json.dumps(tables)

    def test_an_extended_design_counts_on(self, tmp_path):
        from ensemble.runs.extend import extend

        text = (UNITS_TEXT % (MORRIS, "mu_star, mu_star_conf", 63)).replace(
            "sample: 30", "sample: 24"
        )
        path, _ = finished(tmp_path, text)
        found = extend(path, until=1e-9, most=48, workers=1)
        assert found.steps[-1].length == 48
        longer = text.replace("trajectories: 40", "trajectories: 48")
        fresh, _ = finished(tmp_path, longer, store="fresh.zarr")
        for name, values in counts(path).items():
            np.testing.assert_array_equal(values, counts(fresh)[name])


GRID = """
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 50
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
outputs: {stock: all}
aggregates:
  stock: {over: [global, zonal], statistics: [mean, q50]}
block: {location: 7, sample: 16}
limits: {stock: {above: %s kg C m-2, then: exclude}}
"""


def test_a_sum_over_space_is_of_samples_without_an_excluded_location(tmp_path, monkeypatch):
    from gridded import forcing as grid

    give(monkeypatch, grid.both())
    path, _ = finished(tmp_path, GRID % 1e9, store="all.zarr")
    everything = ensemble.open_run(path)
    stock = everything["stock"].values
    above = float(np.quantile(stock.max(axis=(1, 2)), 0.7))
    path, _ = finished(tmp_path, GRID % f"{above:.3f}")
    tree = ensemble.open_run(path)
    over = (stock > float(f"{above:.3f}")).any(axis=2)
    np.testing.assert_array_equal(tree["excluded"].values, over)
    lost = over.any(axis=1)
    assert lost.any()
    assert not lost.all()
    cells = tree[f"{SUMS}/excluded_cells_global"].values
    np.testing.assert_array_equal(cells, over.sum(axis=1))
    sums, whole = (t[f"{SUMS}/stock_global"].values for t in (tree, everything))
    np.testing.assert_array_equal(
        sums, np.where(lost[:, None] & over_anywhere(over, sums), np.nan, whole)
    )
    np.testing.assert_array_equal(tree[f"{SUMS}/statistics/count_global"], (~lost).sum(axis=-1))
    for f in range(len(sums)):
        expected = whole[f][:, ~lost[f]].mean(axis=-1)
        found = tree[f"{SUMS}/statistics/stock_global_mean"].values[f]
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(
        tree[f"{SUMS}/control/stock_global"], everything[f"{SUMS}/control/stock_global"]
    )


def over_anywhere(over, sums):
    """Return an array as wide as sums (forcing, model, sample): all models of a member are out."""
    return np.broadcast_to(np.ones_like(over[:, :1]), sums.shape)


class TestGrammar:
    @pytest.mark.parametrize(
        ("limits", "words"),
        [
            ("{c_sol: exclude}", ["limits.c_sol", "no output 'c_sol'; did you mean 'c_soil'"]),
            ("{d_soil: exclude}", ["limits.d_soil", "is a response"]),
            ("{c_soil: {above: 1500}}", ["limits.c_soil.above", "found 1500", "and its unit"]),
            ("{c_soil: {above: 1500 Pg C yr-1}}", ["limits.c_soil.above", "a stock is needed"]),
            ("{c_soil: {above: 15 kg C m-2}}", ["limits.c_soil.above", "cannot become 'Pg C'"]),
            ("{c_soil: {then: leave}}", ["limits.c_soil.then", "'count' or 'exclude'"]),
            ("{c_soil: {over: 3 Pg C}}", ["limits.c_soil", "unknown key 'over'"]),
            ("{c_soil: 1500 Pg C}", ["limits.c_soil", "needed {above: 150 mg C cm-3"]),
            ("{litter: exclude}", ["limits.litter", "no limit of 'litter'", "say above:"]),
            ("{delta_c_soil: exclude}", ["no limit of 'delta_c_soil'"]),
        ],
    )
    def test_what_is_wrong_is_said_with_its_line(self, tmp_path, limits, words):
        with pytest.raises(ScenarioError) as refused:
            load(tmp_path, f"{SMALL}limits: {limits}\n")
        said = str(refused.value)
        assert all(word in said for word in words), said
        assert "small.yaml:" in said
        assert len(refused.value.problems) == 1

    def test_units_are_converted(self, tmp_path):
        planned = plan(tmp_path, "limits={c_soil: {above: 1.5e18 g C}}")
        one = planned.layout.limits["c_soil"]
        assert (one.above, one.units, one.then) == (1500.0, "Pg C", "count")
        assert planned.layout.limits["c_veg"].above == 2000.0

    def test_a_word_takes_the_kernels_limit(self, tmp_path):
        one = plan(tmp_path, "limits={c_soil: exclude}").layout.limits["c_soil"]
        assert (one.above, one.exclude) == (10_000.0, True)

    def test_a_plan_says_what_is_looked_at(self, tmp_path):
        from ensemble.planning import feasibility

        said = feasibility.summary(plan(tmp_path, "limits={c_soil: exclude}"), 1)["limits"]
        assert said["c_soil"] == "10000 Pg C, exclude"
        assert said["c_total"] == "12000 Pg C, count"

    def test_what_is_not_made_is_not_looked_at_and_named(self, tmp_path):
        from ensemble.planning import feasibility

        planned = plan(tmp_path, "outputs={c_veg: last}", "responses={}", "statistics={}")
        assert feasibility.summary(planned, 1)["limits_not_looked_at"] == ["c_soil", "c_total"]
        outcome = ensemble.run(planned, workers=1)
        assert outcome.limits["not_looked_at"] == ["c_soil", "c_total"]
        assert limit_lines(outcome.limits)[-1] == (
            "not looked at: c_soil, c_total; limits: {c_soil: count} looks at one"
        )


class TestChanged:
    SAID = "limits={c_soil: {above: 1500 Pg C, then: exclude}}"

    def test_limits_of_a_begun_store_cannot_change(self, tmp_path):
        path, _ = finished(tmp_path, SMALL, self.SAID)
        before = {f: f.read_bytes() for f in path.rglob("*") if f.is_file()}
        for setting, word in (
            ("limits={}", "limits: c_soil.above was 1500.0 and is now 10000.0"),
            ("limits={c_soil: {above: 1500 Pg C}}", 'c_soil.then was "exclude" and is now "count"'),
        ):
            with pytest.raises(PlanError) as refused:
                ensemble.run(plan(tmp_path, setting))
            assert word in str(refused.value)
            with pytest.raises(PlanError, match="cannot be accepted"):
                ensemble.run(plan(tmp_path, setting), accept_changes="because")
        assert {f: f.read_bytes() for f in path.rglob("*") if f.is_file()} == before
        assert ensemble.run(plan(tmp_path, self.SAID)).ran == 0

    def test_another_spelling_is_no_change(self, tmp_path):
        finished(tmp_path, SMALL, self.SAID)
        other = "limits={c_soil: {above: 1.5 Eg C, then: exclude}}"
        assert ensemble.run(plan(tmp_path, other)).ran == 0

    def test_a_store_of_before_limits_goes_on_without(self, tmp_path):
        planned = plan(tmp_path, "block.sample=50")
        ensemble.run(planned, workers=1, stop=iter([False, False, True]).__next__)
        as_before(planned.path)
        outcome = ensemble.run(plan(tmp_path, "block.sample=50"), workers=1)
        assert outcome.complete
        assert outcome.limits is None
        assert limit_lines(outcome.limits) == [
            "not looked at: the run was begun by an earlier version"
        ]
        assert not verify(read_store(planned.path), rerun=5, repair=True).damage
        with pytest.raises(PlanError, match="members were not looked at"):
            ensemble.run(plan(tmp_path, "block.sample=50", self.SAID))


def as_before(path):
    """Make a begun store one of a version that had no limits, whose blocks are yet to run."""
    import shutil

    file = path / "zarr.json"
    root = json.loads(file.read_text())
    identity = json.loads(root["attributes"]["identity"])
    identity.pop("limits")
    identity["scenario"].pop("limits")
    root["attributes"]["identity"] = json.dumps(identity)
    nodes = root["consolidated_metadata"]["metadata"]
    for name in [n for n in nodes if n.split("/")[0] == "limits"]:
        del nodes[name]
    file.write_text(json.dumps(root))
    shutil.rmtree(path / "limits")
    for journal in (path / "journal").iterdir():
        journal.unlink()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shipped")
    store = folder / "run.zarr"
    outcome = ensemble.run(ensemble.plan(screening.scenario(folder), store=store))
    assert outcome.complete
    assert outcome.failed == 0
    return store


class TestShipped:
    """A Morris screening as the one that ships: steady states that no soil is."""

    SHARES = ((150.0, 0.22), (300.0, 0.12), (2700.0, 0.04))

    def test_its_members_are_counted_as_numpy_counts_them(self, shipped):
        tree, found = ensemble.open_run(shipped), counts(shipped)
        soc = tree["soc"].values
        for above, share in self.SHARES:
            assert (soc > above).any(axis=2).mean() == pytest.approx(share, abs=0.005)
        np.testing.assert_array_equal(found["soc_beyond"], (soc > 150).any(axis=2).sum(axis=-1))
        np.testing.assert_array_equal(found["soc_where"], (soc > 150).sum(axis=-1))
        line = limit_lines(summary(shipped)["limits"])[0]
        assert line.startswith("soc above 150 mg C cm-3: 356 members (22.25%)")

    @pytest.mark.slow
    def test_statistics_alone_count_the_same(self, shipped, tmp_path):
        scenario = screening.scenario(tmp_path, "outputs={}")
        ensemble.run(ensemble.plan(scenario, store=tmp_path / "run.zarr"))
        for name, values in counts(tmp_path / "run.zarr").items():
            np.testing.assert_array_equal(values, counts(shipped)[name])

    @pytest.mark.slow
    def test_more_than_a_fifth_of_trajectories_is_beyond(self, tmp_path):
        scenario = screening.scenario(tmp_path, "limits={soc: exclude}")
        store = tmp_path / "run.zarr"
        outcome = ensemble.run(ensemble.plan(scenario, store=store))
        assert any("limits: excludes 356 members" in text for text in outcome.warnings)
        with pytest.raises(PlanError, match=r"limits: excludes 356 members \(soc above 150"):
            analyze_store(store)
