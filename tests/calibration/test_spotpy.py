"""Algorithms of spotpy through the adapter: as spotpy alone, gone on with, in their own process."""

import os
import random
import signal

import calibrated
import numpy as np
import pandas as pd
import pytest
import spotpy
from valleys import VALLEYS, Valley, costs, drive

import ensemble
import scenarios
from ensemble.calibration.searches import BUDGET, ENDED, Task, Told, begin
from ensemble.calibration.searches.parts import streams
from ensemble.calibration.searches.parts.setups import SetupRun
from ensemble.calibration.searches.spotpy import NOT_HERE, Spec, algorithms
from ensemble.calibration.searching import Searching
from ensemble.errors import PlanError

BOWL = Valley("bowl", (0, 0), (1, 1), 0.0, lambda x: np.sum((x - [0.3, 0.6]) ** 2))


def task_of(valley, groups=("a",), budget=2000, seed=4):
    return Task(seed, groups, (0,) * len(groups), valley.n, budget)


class Alone:
    """The same problem as somebody writes it for spotpy."""

    def __init__(self, valley, factor):
        self.valley, self.factor, self.points = valley, factor, []
        said = {"step": 0.1, "optguess": 0.5, "minbound": 0.0, "maxbound": 1.0}
        names = [f"u{j}" for j in range(valley.n)]
        self.uniform = [spotpy.parameter.Uniform(name, 0, 1, **said) for name in names]

    def parameters(self):
        return spotpy.parameter.generate(self.uniform)

    def simulation(self, vector):
        self.points.append(np.array(list(vector)))
        return [float(self.valley.cost(self.points[-1][None])[0])]

    def evaluation(self):
        return [0.0]

    def objectivefunction(self, simulation, evaluation, params=None):
        return self.factor * simulation[0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("algorithm", "settings", "alone", "factor"),
    [
        ("sceua", {"ngs": 5, "kstop": 10, "pcento": 0.1, "peps": 1e-3}, {}, 1.0),
        ("dds", {}, {}, -1.0),
        ("dream", {"nChains": 7}, {"acceptance_test_option": 2}, -0.5),
    ],
)
def test_as_spotpy_alone(algorithm, settings, alone, factor, capsys):
    valley, points = VALLEYS["rosenbrock2"], []
    words = {"name": "spotpy", "algorithm": algorithm, "settings": settings, "repetitions": 400}
    batch = begin(Spec(**words), task_of(valley))
    drive(batch, costs_seen(valley, points))
    word = streams.words(streams.key(4, "a", 0, "starts")[None], np.zeros(1, int), 1)[0, 0]
    setup = Alone(valley, factor)
    state = np.random.get_state(), random.getstate()  # noqa: NPY002
    kind = getattr(spotpy.algorithms, algorithm)
    sampler = kind(
        setup,
        dbname="x",
        dbformat="ram",
        save_sim=False,
        random_state=int(word & np.uint64(0xFFFFFFFF)),
    )
    sampler.sample(400, **settings, **alone)
    np.random.set_state(state[0])  # noqa: NPY002
    random.setstate(state[1])
    np.testing.assert_array_equal(np.concatenate(points), np.array(setup.points))
    assert batch.found().cost[0] == valley.cost(np.array(setup.points)).min()


def costs_seen(valley, points):
    """Return what tells costs and keeps the points."""

    def tell(asked):
        points.append(asked.u)
        return Told(valley.cost(asked.u))

    return tell


@pytest.mark.parametrize("algorithm", algorithms())
def test_every_algorithm_goes_down(algorithm):
    """None goes up by a sign, and none needs more than its name."""
    words = {"name": "spotpy", "algorithm": algorithm}
    batch = begin(Spec(**words), task_of(BOWL, budget=300))
    drive(batch, costs(BOWL))
    found = batch.found()
    # Of 300 points at random the best one costs less than 0.02 in all but one of 10^8 draws.
    assert found.cost[0] < 0.02
    assert found.reason[0] in (ENDED, BUDGET)


def test_no_generator_of_this_process_is_touched():
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    expected = np.random.random(), random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    batch = begin(Spec(name="spotpy", algorithm="mc"), task_of(BOWL, ("a", "b"), budget=100))
    drive(batch, costs(BOWL))
    assert (np.random.random(), random.random()) == expected  # noqa: NPY002


def test_a_child_that_dies_is_told_of():
    batch = begin(Spec(name="spotpy", algorithm="mc"), task_of(BOWL))
    drive(batch, costs(BOWL), rounds=5)
    os.kill(batch._main._child._process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="process of spotpy ended, killed by SIGKILL"):
        drive(batch, costs(BOWL))


def test_what_an_algorithm_raises_is_told():
    spec = Spec(name="spotpy", algorithm="dream", settings={"nChains": "many"})
    batch = begin(spec, task_of(BOWL))
    with pytest.raises(RuntimeError, match="spotpy's dream raised"):
        drive(batch, costs(BOWL))


def test_settings_are_those_of_the_algorithm():
    spec = Spec(name="spotpy", algorithm="sceua", settings={"ngs": 4, "kstopp": 3})
    assert spec.unfit(2, residuals=True) == {
        "settings.kstopp": "spotpy's sceua has no setting 'kstopp'; did you mean 'kstop'?"
    }


@pytest.mark.parametrize("name", [*NOT_HERE, "NSGAII", "scuea"])
def test_what_is_no_search_is_refused_with_the_reason(name):
    reason = NOT_HERE.get(name.lower(), "did you mean 'sceua'?")
    with pytest.raises(ValueError, match=reason):
        Spec(name="spotpy", algorithm=name)


MINE = """
import numpy as np
import spotpy

class Setup:
    k = spotpy.parameter.Uniform(0.1, 2.0)
    y0 = spotpy.parameter.Uniform(1.0, 9.0)
    t = np.linspace(0, 3, 8)

    def simulation(self, x):
        with open("calls.txt", "a") as file:
            file.write(".")
        return list(x.y0 * np.exp(-x.k * self.t))

    def evaluation(self):
        return list(5.0 * np.exp(-0.7 * self.t))

    def objectivefunction(self, simulation, evaluation):
        print("what it prints disturbs nobody")
        return -spotpy.objectivefunctions.rmse(evaluation, simulation)

class Broken(Setup):
    def simulation(self, x):
        raise OSError("no licence for the model")
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Put a set-up where Python finds it; return how often it has simulated."""
    (tmp_path / "my_setup.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    calls = tmp_path / "calls.txt"
    return lambda: len(calls.read_text()) if calls.exists() else 0


def test_a_set_up_of_ones_own_runs_as_it_is(mine):
    run = SetupRun("my_setup:Setup", "rope", {}, 400, seed=3, restart=0)
    assert run.names == ("k", "y0")
    assert not run.minimises
    found = list(run)
    # In parts of a quarter, of which spotpy leaves out what is over.
    assert 380 < len(found) == mine() <= 400
    theta, objective = (np.array(part) for part in zip(*found, strict=True))
    assert theta.shape == (len(found), 2)
    np.testing.assert_allclose(theta[np.argmax(objective[:, 0])], [0.7, 5.0], rtol=0.05)
    again = list(SetupRun("my_setup:Setup", "rope", {}, 400, seed=3, restart=0))
    np.testing.assert_array_equal([t for t, _ in again], theta)
    other = list(SetupRun("my_setup:Setup", "rope", {}, 400, seed=3, restart=1))
    assert not np.array_equal(other[0][0], theta[0])


@pytest.mark.parametrize("calls", [1, 57, 150])
def test_a_set_up_goes_on_without_computing_what_is_known(mine, calls):
    words = ("my_setup:Setup", "dds", {}, 160)
    whole = list(SetupRun(*words, seed=3, restart=0))
    begun = SetupRun(*words, seed=3, restart=0)
    first = [found for found, _ in zip(begun, range(calls), strict=False)]
    begun.end()
    before = mine()
    known = np.array([objective for _, objective in first])
    rest = list(SetupRun(*words, seed=3, restart=0, known=known))
    assert mine() - before == len(rest) == len(whole) - calls
    for one, other in zip([*first, *rest], whole, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_a_set_up_that_raises_is_told_of(mine):
    run = SetupRun("my_setup:Broken", "mc", {}, 20, seed=0, restart=0)
    with pytest.raises(RuntimeError, match="no licence for the model"):
        list(run)
    with pytest.raises(RuntimeError, match="No module named 'nobodys'"):
        SetupRun("nobodys:Setup", "mc", {}, 20, seed=0, restart=0)


@pytest.mark.slow
def test_what_a_set_up_of_ones_own_has_computed_is_kept(mine, tmp_path):
    words = {"record": tmp_path / "record", "seed": 3, "restarts": 2, "workers": 2}
    whole = ensemble.run_spotpy_setup("my_setup:Setup", "dds", 60, **words)
    assert list(whole.columns) == ["restart", "objective", "k", "y0"]
    assert mine() == len(whole) == 120
    assert not whole[whole.restart == 0].k.equals(whole[whole.restart == 1].k)
    again = ensemble.run_spotpy_setup("my_setup:Setup", "dds", 60, **words)
    assert mine() == 120
    # As a kill leaves it: the last line is torn.
    file = tmp_path / "record" / "1.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:24]) + lines[24][:17])
    rest = ensemble.run_spotpy_setup("my_setup:Setup", "dds", 60, **words)
    assert mine() == 120 + 60 - 23
    for other in (again, rest):
        pd.testing.assert_frame_equal(other, whole, check_exact=True)
    with pytest.raises(PlanError, match=r"0.jsonl: is of other words, .*dds"):
        ensemble.run_spotpy_setup("my_setup:Setup", "mc", 60, **words)


def test_a_scenario_says_where_a_set_up_of_ones_own_runs():
    with pytest.raises(ValueError, match=r"found setup: a:B; .* ensemble.run_spotpy_setup"):
        Spec(name="spotpy", setup="a:B", algorithm="rope")


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    calibrated.write(folder, sites=4)
    calibrated.add_errors(folder)
    return lambda *settings: calibrated.load(folder, *settings)


@pytest.mark.filterwarnings("ignore")
def test_a_group_as_a_set_up_costs_what_a_search_is_told(scenario, tmp_path):
    loaded = scenario("calibration.algorithm={name: sceua, complexes: 2}")
    setup = ensemble.spotpy_setup(loaded, "boreal")
    planned = ensemble.plan_calibration(loaded, store=tmp_path / "x.zarr")
    found = calibrated.opened(ensemble.run_calibration(planned, workers=1).path)
    best = found.sel(group="boreal").isel(restart=0)
    vector = np.log10(best.parameters.values)
    assert setup.names == ("log10_tau_extra", "log10_D1")
    np.testing.assert_allclose([*setup.values(vector).values()], best.parameters.values, rtol=1e-12)
    simulated, observed = setup.simulation(vector), setup.evaluation()
    there = best.observed_j.values[np.isfinite(best.observed_j.values)]
    np.testing.assert_array_equal(observed, [there[0], there[3]])
    cost = setup.objectivefunction(simulated, observed)
    np.testing.assert_allclose(cost, best.cost, rtol=1e-9)
    by_hand = (((np.array(observed) - simulated) / (0.1 * np.array(observed))) ** 2).sum()
    np.testing.assert_allclose(cost, by_hand, rtol=1e-12)
    for algorithm, factor in (("dream", -0.5), ("mcmc", -0.5), ("rope", -1.0), ("abc", 1.0)):
        other = ensemble.spotpy_setup(loaded, "boreal", algorithm)
        assert other.objectivefunction(simulated, observed) == factor * cost
    sampler = spotpy.algorithms.sceua(setup, dbname="none", dbformat="ram", random_state=1)
    sampler.sample(500, ngs=3)
    table = sampler.getdata()
    assert table["like1"].min() <= 1.01 * cost
    assert (table["parlog10_D1"] <= np.log10(6e-5)).all()


def test_a_member_that_fails_costs_1e30_as_does_one_outside_the_limits(scenario):
    setup = ensemble.spotpy_setup(scenario(), "tropical", "rope")
    failed = setup.simulation([np.nan, -5.0])
    assert set(failed) == {1e30}
    assert setup.objectivefunction(failed, setup.evaluation()) == -1e30
    limited = scenario("calibration.require={j: {range: [0, 1.0e-9]}}")
    setup = ensemble.spotpy_setup(limited, "tropical")
    assert setup.objectivefunction(setup.simulation([0.0, -5.0]), setup.evaluation()) == 1e30


def test_costs_of_other_kinds_are_those_of_searches(scenario):
    values = {"tau_extra": 1.2, "D1": 1e-5}
    for minimise in ("{rmse: j}", "{nse: j}"):
        loaded = scenario(f"calibration.minimise={minimise}", "calibration.groups=all")
        setup = ensemble.spotpy_setup(loaded, "all")
        layout = ensemble.plan_calibration(loaded).layout
        vector = np.array([[*values.values()]])
        told = Searching(layout, slice(0, 1)).places.evaluate(np.zeros(1, int), vector)
        simulated = setup.simulation(np.log10([*values.values()]))
        cost = setup.objectivefunction(simulated, setup.evaluation())
        np.testing.assert_allclose(cost, told.cost[0], rtol=1e-12)


def test_a_group_that_is_not_there_is_refused(scenario):
    with pytest.raises(PlanError, match="no group 'boral'; did you mean 'boreal'"):
        ensemble.spotpy_setup(scenario(), "boral")
    with pytest.raises(PlanError, match="no search 'sceau'; did you mean 'sceua'"):
        ensemble.spotpy_setup(scenario(), "boreal", "sceau")
    with pytest.raises(PlanError, match="has no calibration:"):
        ensemble.spotpy_setup(scenarios.load("tau-constraint"), "a")
