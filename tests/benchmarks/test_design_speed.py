"""Morris and Sobol, sampling and analysis, beside SALib in the same run.

``pytest tests/benchmarks/test_design_speed.py --benchmark-enable --benchmark-group-by=group``
"""

import numpy as np
import pytest
from SALib.analyze import morris as salib_morris_analysis
from SALib.analyze import sobol as salib_sobol_analysis
from SALib.sample import morris as salib_morris
from SALib.sample import sobol as salib_sobol

from kernels import Parameter
from scenarios import designs
from scenarios.designs import Context

D = 10
NAMES = [f"p{j}" for j in range(D)]
TABLE = {name: Parameter(name, "1", 0.5, 0.0, 1.0, "", "") for name in NAMES}
PROBLEM = {"num_vars": D, "names": NAMES, "bounds": [[0.0, 1.0]] * D}
RESAMPLES = 100
SOBOL = 1024
MORRIS = 1000


def opened(method, **words):
    spec = designs.get(method).model_validate({"method": method, "parameters": "all", **words})
    return spec.open(Context(0, "design", TABLE))


def response_of(rows):
    return np.sin(6 * rows[:, 0]) * rows[:, 1] + rows @ np.linspace(0, 1, D)


def table(design):
    return np.concatenate(list(design.rows(0, design.size).values())).T


@pytest.mark.parametrize("second", [False, True], ids=["first+total", "second"])
@pytest.mark.benchmark(group="sobol sampling")
class TestSobolSampling:
    def test_ours(self, benchmark, second):
        design = opened("sobol", n=SOBOL, second_order=second)
        rows = benchmark(lambda: design.rows(0, design.size))
        assert len(rows) == D

    def test_ours_opened_anew(self, benchmark, second):
        def sample():
            design = opened("sobol", n=SOBOL, second_order=second)
            return design.rows(0, design.size)

        assert len(benchmark(sample)) == D

    def test_salib(self, benchmark, second):
        rows = benchmark.pedantic(
            lambda: salib_sobol.sample(dict(PROBLEM), SOBOL, calc_second_order=second, seed=1),
            rounds=5,
        )
        assert rows.shape[1] == D


@pytest.mark.parametrize("second", [False, True], ids=["first+total", "second"])
@pytest.mark.benchmark(group="sobol analysis with bootstrap")
class TestSobolAnalysis:
    def test_ours(self, benchmark, second):
        design = opened("sobol", n=SOBOL, second_order=second, resamples=RESAMPLES)
        response = response_of(table(design))
        assert "S1_conf" in benchmark(lambda: design.analyze(response))

    def test_salib(self, benchmark, second):
        design = opened("sobol", n=SOBOL, second_order=second)
        response = response_of(table(design))
        found = benchmark.pedantic(
            lambda: salib_sobol_analysis.analyze(
                PROBLEM, response, calc_second_order=second, num_resamples=RESAMPLES, seed=1
            ),
            rounds=3,
        )
        assert "S1_conf" in found


@pytest.mark.benchmark(group="morris sampling")
class TestMorrisSampling:
    @pytest.mark.slow
    def test_ours(self, benchmark):
        design = opened("morris", trajectories=MORRIS)
        assert len(benchmark(lambda: design.rows(0, design.size))) == D

    def test_salib(self, benchmark):
        rows = benchmark.pedantic(
            lambda: salib_morris.sample(dict(PROBLEM), MORRIS, seed=1), rounds=5
        )
        assert rows.shape == (MORRIS * (D + 1), D)


@pytest.mark.benchmark(group="morris analysis with bootstrap")
class TestMorrisAnalysis:
    def test_ours(self, benchmark):
        design = opened("morris", trajectories=MORRIS, resamples=RESAMPLES)
        response = response_of(table(design))
        assert "mu_star_conf" in benchmark(lambda: design.analyze(response))

    def test_salib(self, benchmark):
        design = opened("morris", trajectories=MORRIS)
        rows = table(design)
        response = response_of(rows)
        found = benchmark.pedantic(
            lambda: salib_morris_analysis.analyze(
                dict(PROBLEM), rows, response, num_resamples=RESAMPLES, seed=1
            ),
            rounds=10,
        )
        assert "mu_star_conf" in found
