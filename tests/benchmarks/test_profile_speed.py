"""MIMICS by depth: equilibria, 14C and steps in time, beside the second way in C.

``pytest tests/benchmarks/test_profile_speed.py --benchmark-enable``. One thread, 20 layers. The
second way makes its own coefficients, as the kernel does.
"""

import time

import numpy as np
import pytest
from benchmarks import profile_reference as reference
from benchmarks.by_depth import FIVE, Job
from benchmarks.comparing import Against, in_words
from profile_cases import PROFILE_POOLS

YEARS_TO_REST = 29_658
"""Years of stepping until the worst pool of V2 is within 1e-6 of its steady state, as published."""

pytestmark = pytest.mark.skipif(not reference.gcc, reason="gcc is not here for the C source")


@pytest.mark.parametrize("name", ["V2", "V3"])
def test_steady_states_against_c(benchmark, compare, name):
    benchmark.group = "mimics_profile, steady states"
    samples = 1000 if compare.enabled else 30
    job = Job(name, samples)
    job.ours()
    theirs = job.in_c()
    assert not job.status.any()
    mine = np.stack([job.out[p][0].T for p in PROFILE_POOLS], axis=-1)
    np.testing.assert_allclose(mine, theirs.pools, rtol=1e-8)
    figure = f"mimics_profile {name}, {samples} steady states"
    times = compare.times(job.ours, job.in_c)
    if times:
        ours, c = (float(np.median(t)) for t in times)
        compare.measured(figure, in_words(ours), f"{in_words(c)} C", f"{ours / c:.2f}")
        compare.measured("one of them", in_words(ours / samples), "", "", "<= 25 us")


def test_steady_states_at_an_exponent_of_1(benchmark, compare):
    benchmark.group = "mimics_profile, steady states"
    samples = 300 if compare.enabled else 5
    job = Job("V2", samples)
    job.batch.parameters["beta"][:] = 1.0
    times = compare.times(job.ours)
    assert not job.status.any()
    if times:
        one = in_words(float(np.median(times[0])) / samples)
        figure = "mimics_profile V2, a steady state at an exponent of 1"
        compare.measured(figure, one, "", "", "<= 150 us")


def test_the_equilibrium_against_hourly_steps(benchmark, compare):
    """One model year of hourly implicit steps is timed, and what V2 needs follows."""
    benchmark.group = "mimics_profile, steady states"
    job = Job("V2", 100 if compare.enabled else 3)
    job.ours()
    k = reference.coefficients(job.case.preset, job.site, job.case.changed, FIVE)
    rest = reference.steady(k).pools
    years = 1 if compare.enabled else 0.01
    # At rest hourly steps stay where the equilibrium is.
    np.testing.assert_allclose(reference.hourly_years(years, k, start=rest), rest, rtol=1e-6)
    begun = time.perf_counter()
    reference.hourly_years(years, k)
    stepped = (time.perf_counter() - begun) / years * YEARS_TO_REST
    times = compare.times(job.ours)
    if times:
        ours = float(np.median(times[0])) / job.status.size
        compare.measured(
            "an equilibrium against hourly steps to 1e-6, extrapolated", in_words(ours),
            f"{in_words(stepped)} hourly, in C", f"{ours / stepped:.1e}",
        )  # fmt: skip


@pytest.mark.parametrize("mode", ["tracer", "separate"])
def test_equilibria_with_14c(benchmark, compare, mode):
    benchmark.group = "mimics_profile, 14C"
    samples = (1000 if mode == "tracer" else 20) if compare.enabled else 3
    job, plain = Job("V2", samples, carbon14=mode), Job("V2", samples)
    job.ours()
    assert not job.status.any()
    figure = f"mimics_profile, {samples} equilibria and 50 years of 14C, {mode}"
    times = compare.times(job.ours, plain.ours)
    if times:
        ours, without = (float(np.median(t)) for t in times)
        named = f"{in_words(without)} without 14C"
        compare.measured(figure, in_words(ours), named, f"{ours / without:.2f}")
        reach = "<= 60 us" if mode == "tracer" else ""
        compare.measured("one of them", in_words(ours / samples), "", "", reach)


@pytest.mark.parametrize("stability", ["sign", "spectrum"])
def test_equilibria_with_their_stability(benchmark, compare, stability):
    benchmark.group = "mimics_profile, stability"
    samples = 100 if compare.enabled else 3
    job, plain = Job("V2", samples, stability=stability), Job("V2", samples)
    job.ours()
    compare(
        f"mimics_profile, {samples} equilibria and stability: {stability}", job.ours,
        Against("without", plain.ours),
    )  # fmt: skip
