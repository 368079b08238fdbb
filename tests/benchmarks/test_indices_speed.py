"""Indices inside a run beside the analysis of the same members, and SALib row by row.

``pytest tests/benchmarks/test_indices_speed.py --benchmark-enable --benchmark-group-by=group``
"""

import numpy as np
import pytest
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol

from ensemble.members.statistics import Target, reductions
from kernels import Parameter
from scenarios import designs
from scenarios.designs import Context

NAMES = [f"p{j}" for j in range(7)]
TABLE = {name: Parameter(name, "1", 0.5, 0.0, 1.0, "", "") for name in NAMES}
PROBLEM = {"num_vars": 7, "names": NAMES, "bounds": [[0.0, 1.0]] * 7}
CELLS, UNITS = 100, 256
METHODS = {
    "morris": ({"trajectories": UNITS}, ["mu", "theta", "mu_star", "mu_star_conf"]),
    "sobol": ({"n": UNITS}, ["S1", "ST", "S1_conf", "ST_conf"]),
}


def case(method):
    words, requests = METHODS[method]
    spec = designs.get(method).model_validate({"method": method, "parameters": "all", **words})
    design = spec.open(Context(0, "design", TABLE))
    rows = np.concatenate(list(design.rows(0, design.size).values())).T
    power = np.linspace(1, 3, CELLS)[:, None]
    return design, requests, rows, np.sin(6 * rows[:, 0]) * rows[:, 1] ** power + rows.sum(axis=1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.benchmark(group="indices of 100 cells")
class TestIndices:
    @pytest.mark.slow
    def test_inside_a_run(self, benchmark, method):
        design, requests, _, values = case(method)
        target = Target("x", "1", "x", CELLS, np.zeros((1, 2)), design=lambda location: design)
        (reduction,) = reductions(requests, target).values()
        units = values.reshape(CELLS, UNITS, design.rows_together)

        def gather():
            partial = reduction.start(slice(0, 1))
            for first in range(0, UNITS, 64):
                part = np.ascontiguousarray(units[:, first : first + 64])
                reduction.update_groups(partial, part, first, slice(0, CELLS), 0)
            return reduction.finish(partial)

        found, expected = benchmark(gather), design.analyze(values)
        for name in requests:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-11, atol=1e-11)

    def test_of_stored_members(self, benchmark, method):
        design, _, _, values = case(method)
        assert len(benchmark(lambda: design.analyze(values))["effective"]) == CELLS

    def test_salib(self, benchmark, method):
        _, _, rows, values = case(method)

        def each():
            if method == "morris":
                return [
                    salib_morris.analyze(PROBLEM, rows, v, num_resamples=100) for v in values[:5]
                ]
            return [
                salib_sobol.analyze(PROBLEM, v, calc_second_order=False, num_resamples=100)
                for v in values[:5]
            ]

        # Five cells; times twenty for the others' hundred.
        assert len(benchmark.pedantic(each, rounds=2)) == 5
