"""MIMICS: steady states and hourly years of many members, beside the same loops in C.

``pytest tests/benchmarks/test_mimics_speed.py --benchmark-enable``. One thread. The C loops are
given the coefficients of every member, which the kernel makes itself.
"""

import pytest
from benchmarks.comparing import Against
from benchmarks.one_layer import Job, gcc
from mimics_cases import CASES, YEAR

needs_gcc = pytest.mark.skipif(not gcc, reason="gcc is not here for the C loops")


@needs_gcc
@pytest.mark.parametrize("name", ["S1", "S2", "S4"])
def test_steady_states_against_c(benchmark, compare, name):
    benchmark.group = "mimics, steady states"
    job = Job(CASES[name], 1024 if compare.enabled else 50)
    job.in_c()
    job.ours()
    job.agree()
    compare(
        f"mimics {name}, {job.samples} steady states", job.ours, Against("C loop", job.in_c, "<= 1")
    )


@needs_gcc
@pytest.mark.parametrize("name", ["S1", "S2", "S4"])
def test_hourly_years_against_c(benchmark, compare, name):
    benchmark.group = "mimics, years"
    chosen = {"mode": "transient", "integrator": "hourly", "start": "cold"}
    job = Job(CASES[name], 20 if compare.enabled else 3, **chosen)

    def in_c():
        job.hours_in_c(int(YEAR))

    in_c()
    job.ours()
    job.agree()
    compare(f"mimics {name}, {job.samples} hourly years", job.ours, Against("C loop", in_c))


@pytest.mark.parametrize("name", [pytest.param("S1", marks=pytest.mark.slow), "S4"])
def test_adaptive_years(benchmark, compare, name):
    benchmark.group = "mimics, years"
    job = Job(CASES[name], 200 if compare.enabled else 3, mode="transient", start="cold")
    compare(f"mimics {name}, {job.samples} adaptive years", job.ours)
