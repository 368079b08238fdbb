"""What searches take of their own, with a function that costs nothing, beside spotpy's.

``pytest tests/benchmarks/test_search_speed.py --benchmark-enable``; times are CPU seconds of one
core, without the function.
"""

import time

import numpy as np
import pytest
import spotpy
from benchmarks.comparing import in_words

from ensemble.calibration.searches import Task, Told, begin
from ensemble.calibration.searches.levenberg_marquardt import Spec as Descent
from ensemble.calibration.searches.sceua import Spec as Evolution

N, COMPLEXES = 7, 7


def rows_of(u):
    return u - np.linspace(0.2, 0.8, N)


def own(spec, groups, budget, residuals=False):
    """Return the seconds that an evaluation of so many searches takes, but for its cost."""
    sizes = np.full(groups, N) if residuals else None
    names = tuple(f"group {k}" for k in range(groups))
    task = Task(1, names, (0,) * groups, N, budget, residuals=sizes)
    begun = time.process_time()
    batch = begin(spec, task)
    spent, elsewhere = 0, 0.0
    while len(asked := batch.ask()):
        started = time.process_time()
        rows = rows_of(asked.u)
        told = Told((rows**2).sum(axis=1), None, rows if residuals else None)
        elsewhere += time.process_time() - started
        batch.tell(told)
        spent += len(asked)
    return (time.process_time() - begun - elsewhere) / spent


class Sphere:
    def __init__(self):
        self.calls, self.elsewhere = 0, 0.0
        said = {"step": 0.1, "optguess": 0.5, "minbound": 0.0, "maxbound": 1.0}
        names = [f"u{j}" for j in range(N)]
        self.uniform = [spotpy.parameter.Uniform(name, 0, 1, **said) for name in names]

    def parameters(self):
        return spotpy.parameter.generate(self.uniform)

    def simulation(self, vector):
        started = time.process_time()
        found = [float((rows_of(np.array(list(vector))) ** 2).sum())]
        self.elsewhere += time.process_time() - started
        self.calls += 1
        return found

    def evaluation(self):
        return [0.0]

    def objectivefunction(self, simulation, evaluation, params=None):
        return simulation[0]


def theirs(repetitions):
    """Return the seconds that an evaluation takes of spotpy's own search, but for its cost."""
    sphere = Sphere()
    sampler = spotpy.algorithms.sceua(
        sphere, dbname="none", dbformat="ram", save_sim=False, random_state=1
    )
    begun = time.process_time()
    sampler.sample(repetitions, ngs=COMPLEXES, peps=0.0, pcento=0.0)
    return (time.process_time() - begun - sphere.elsewhere) / sphere.calls


CASES = {
    "sceua": (Evolution(name="sceua", complexes=COMPLEXES, peps=0.0), False, "<= 2 us, 0.04"),
    "sceua, polished": (Evolution(name="sceua", complexes=COMPLEXES), True, ""),
    "levenberg_marquardt, 24 starts": (Descent(name="levenberg_marquardt"), True, ""),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n == "sceua" else ()) for n in CASES]
)
@pytest.mark.filterwarnings("ignore")
def test_own_cost_of_an_evaluation(compare, name):
    spec, residuals, reach = CASES[name]
    groups, budget = (1000, 3000) if compare.enabled else (5, 700)
    own(spec, 2, budget, residuals)

    def both():
        turns = range(3 if compare.enabled else 1)
        times = [(own(spec, groups, budget, residuals), theirs(2 * budget)) for _ in turns]
        return np.median(times, axis=0)

    ours, spotpys = compare.once(both)
    figure = f"{name}: own cost of an evaluation, {groups} groups"
    ratio = f"{ours / spotpys:.3f}"
    compare.measured(figure, in_words(ours), f"{in_words(spotpys)} spotpy", ratio, reach)


@pytest.mark.filterwarnings("ignore")
def test_a_round_of_few_searches(compare):
    """What Python takes of it stands out where one search is left."""
    spec = CASES["sceua"][0]
    budget = 3000 if compare.enabled else 700
    own(spec, 1, budget)
    ours, spotpys = compare.once(
        lambda: np.median([(own(spec, 1, budget), theirs(2 * budget)) for _ in range(3)], axis=0)
    )
    figure = "sceua: own cost of an evaluation, one group"
    ratio = f"{ours / spotpys:.3f}"
    compare.measured(figure, in_words(ours), f"{in_words(spotpys)} spotpy", ratio)
