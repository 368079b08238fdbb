"""Equilibria of MIMICS in lanes, all in one run: beside C, scipy, and a cold state of one member.

``pytest tests/benchmarks/test_lanes_speed.py --benchmark-enable``. One thread, times of one member
in words, medians of rounds in turn. C is scalar, from its own source; scipy is given compiled rates
and derivatives. Beside SALib with processes: ``test_morris_job.py``.
"""

import numpy as np
import pytest
from benchmarks import by_scipy, one_layer
from benchmarks import profile_reference as reference
from benchmarks.by_depth import FIVE, Job
from benchmarks.comparing import in_words
from mimics_cases import CASES as SITES
from mimics_cases import COLD
from profile_cases import PROFILE_POOLS, synthetic_air

from kernels.mimics.one_layer.equations import jacobian, rates

pytestmark = pytest.mark.skipif(not reference.gcc, reason="gcc is not here for the C source")

FEW = 8
"""Members that scipy is given."""

EXPONENT = reference.PARAMETERS.index("beta")


def row(compare, figure, times, counts, reach):
    """Add ours beside each reference, per member."""
    names = ("C", "scipy")
    ours, *others = (float(np.median(t)) / n for t, n in zip(times, counts, strict=False))
    for name, theirs in zip(names, others, strict=False):
        named, ratio = f"{in_words(theirs)} {name}", f"{ours / theirs:.2g}"
        compare.measured(figure, in_words(ours), named, ratio, reach if name == "C" else "")


def by_scipy_of(job, drawn):
    """Return the pools at rest of some members by depth, (member, layer, pool)."""
    found = []
    for one in drawn:
        k = reference.coefficients(job.case.preset, job.site, one, FIVE)
        cold = np.broadcast_to(reference.COLD, (20, 7))
        found.append(
            by_scipy.steady(
                lambda y, k=k: reference.rates(k, y.reshape(20, 7))[0].ravel(),
                lambda y, k=k: reference.jacobian(k, y.reshape(20, 7)),
                cold,
                band=7,
            )
        )
    return np.array(found)


@pytest.mark.parametrize("beta", [None, 1.0])
def test_equilibria_by_depth(benchmark, compare, beta):
    benchmark.group = "lanes"
    samples = 1000 if compare.enabled else 20
    job = Job("V2", samples)
    if beta is not None:
        job.batch.parameters["beta"][:] = job.drawn[:, EXPONENT] = beta
    some = slice(0, FEW if compare.enabled else 2)
    job.ours()
    mine, theirs = np.stack([job.out[p][0].T for p in PROFILE_POOLS], axis=-1), job.in_c()
    assert not job.status.any()
    if beta is None:
        np.testing.assert_allclose(mine, theirs.pools, rtol=1e-8)
        np.testing.assert_allclose(by_scipy_of(job, job.drawn[some]), mine[some], rtol=1e-8)
        runs = (job.ours, job.in_c, lambda: by_scipy_of(job, job.drawn[some]))
        figure, reach = "mimics_profile, 20 layers", "<= 25 us"
    else:
        # From the cold state C does not reach all of them in 300 solves, nor does scipy.
        rest = theirs.status == 0
        runs = (job.ours, job.in_c)
        figure = f"mimics_profile at an exponent of 1; C reaches {rest.mean():.0%} of them"
        reach = "<= 150 us"
    if times := compare.times(*runs, rounds=5):
        row(compare, figure, times, (samples, samples, some.stop), reach)


def test_equilibria_with_14c(benchmark, compare):
    benchmark.group = "lanes"
    samples = 1000 if compare.enabled else 20
    job = Job("V2", samples, carbon14="tracer")
    some = slice(0, FEW if compare.enabled else 2)
    years, air = synthetic_air()
    by_year = dict(zip(years.tolist(), air.tolist(), strict=True))
    # Litter of a year has the air's 14C of the year before; carbon was at rest with that of 1950.
    litter = [by_year[1949], *(by_year[y - 1] for y in range(1950, 2000))]

    def theirs():
        profiles = ((job.case.preset, job.site, one, FIVE) for one in job.drawn[some])
        return [reference.fraction_modern(litter, *profile) for profile in profiles]

    job.ours()
    assert not job.status.any()
    for k, modern in enumerate(theirs()):
        # Of what is measured: soil carbon, without litter and microbes.
        carbon = np.stack([job.out[p][0, :, k] for p in PROFILE_POOLS[4:]], axis=-1)
        whole = (modern[-1][:, 4:] * carbon).sum(axis=1) / carbon.sum(axis=1)
        np.testing.assert_allclose(job.out["fraction_modern"][0, :, k], whole, rtol=1e-6)
    if times := compare.times(job.ours, theirs, rounds=5):
        ours, other = (float(np.median(t)) / n for t, n in zip(times, (samples, some.stop),
                                                               strict=True))  # fmt: skip
        named = f"{in_words(other)} C and scipy.linalg.expm"
        compare.measured("mimics_profile with 50 years of 14C", in_words(ours), named,
                         f"{ours / other:.2g}", "<= 60 us")  # fmt: skip


@pytest.mark.parametrize("name", ["S1", "S4"])
def test_equilibria_of_one_layer(benchmark, compare, name):
    benchmark.group = "lanes"
    samples = 1024 if compare.enabled else 50
    job = one_layer.Job(SITES[name], samples)
    some = range(16 if compare.enabled else 2)

    def scipys():
        found = []
        for k in (job.ks[s] for s in some):
            # Respiration is in a row of its own, the last.
            f, j = np.empty(8), np.empty((8, 7))

            def rate(y, k=k, f=f):
                rates(job.form, k, y, f)
                return f[:7]

            def derivatives(y, k=k, j=j):
                jacobian(job.form, k, y, j)
                return j[:7]

            found.append(by_scipy.steady(rate, derivatives, COLD))
        return np.array(found)

    job.ours()
    job.in_c()
    job.agree()
    np.testing.assert_allclose(scipys(), job.theirs[: len(some)], rtol=1e-8)
    if times := compare.times(job.ours, job.in_c, scipys, rounds=5):
        counts = (samples, samples, len(some))
        row(compare, f"mimics, one layer, {name}", times, counts, "<= 1 x C")
