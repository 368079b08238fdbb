"""Signed ranks against R, SciPy and every study of the acceptance tables."""

import csv

import numpy as np
import pytest
import scipy
import site_pairs
from scipy.stats import wilcoxon
from support import needs_data

from ensemble.scores import signed_ranks
from ensemble.scores.signed_ranks import OVER, READINGS, UNDER, WELL

TIED = np.array([0.5, -0.5, 1, 1, -0.5, 2, 0, 0.25])
WHOLE = np.array([0.1, 0.2, -0.3, 0.4, 0.5, 0.6])


def thirds(n):
    """Return n whole numbers, of which each third is negative."""
    return np.arange(1, n + 1) * np.where(np.arange(1, n + 1) % 3 == 0, -0.1, 0.1)


NORMAL = "approx" if scipy.__version__.startswith(("1.13.", "1.14.")) else "asymptotic"
"""What SciPy calls it."""


@pytest.mark.parametrize(
    ("differences", "v", "p", "exact"),
    [
        # R 4.2.2: wilcox.test(x), of x[8] with exact = FALSE.
        (TIED, 22.0, 0.200825122695145, False),
        (WHOLE, 18.0, 0.15625, True),
        (thirds(5), 12.0, 0.3125, True),
        (thirds(49), 817.0, 0.0417038542324235, True),
        (thirds(50), 867.0, 0.0270634921760479, False),
    ],
)
def test_v_and_p_are_r_s(differences, v, p, exact):
    found = signed_ranks.signed_ranks(differences[:, None])
    assert (found.v[0], found.exact[0]) == (v, exact)
    assert found.p[0] == pytest.approx(p, rel=1e-12)
    method = "exact" if exact else NORMAL
    by_scipy = wilcoxon(differences, zero_method="wilcox", correction=True, method=method)
    assert found.p[0] == pytest.approx(by_scipy.pvalue, rel=1e-12)


def test_members_are_tested_each_for_itself():
    rng = np.random.default_rng(4)
    members = np.stack([np.round(rng.normal(0.3, 1.0, 12), k) for k in (0, 1, 12)], axis=1)
    together = signed_ranks.signed_ranks(members)
    for k in range(3):
        alone = signed_ranks.signed_ranks(members[:, k : k + 1])
        assert (alone.p[0], alone.v[0]) == (together.p[k], together.v[k])
    assert list(together.exact) == [False, False, True]


def test_nothing_is_tested_of_zeros_alone_or_of_a_member_that_failed():
    zeros = np.zeros((6, 1))
    failed = np.array([1.0, 2.0, np.nan, 3.0, 4.0, 5.0])[:, None]
    found = signed_ranks.of_studies(
        np.concatenate([zeros, failed]), np.repeat([0, 1], 6), 2, READINGS["paper"]
    )
    assert np.isnan(found.p).all()
    assert list(found.n[:, 0]) == [0, 6]
    named, enough = signed_ranks.classes(
        np.concatenate([zeros, failed]), np.repeat([0, 1], 6), found, READINGS["paper"]
    )
    assert list(named[:, 0]) == [WELL, WELL]
    assert enough.all()


def test_the_estimate_of_hodges_and_lehmann_is_the_median_of_walsh_averages():
    estimate = signed_ranks.hodges_lehmann(np.stack([WHOLE, np.append(WHOLE[:-1], 0.0)], axis=1))
    assert estimate[0] == pytest.approx(0.30, abs=1e-12)
    # A zero is dropped: five are left.
    walsh = [(a + b) / 2 for k, a in enumerate(WHOLE[:5]) for b in WHOLE[k:5]]
    assert estimate[1] == pytest.approx(np.median(walsh), rel=1e-12)


def test_p_is_adjusted_as_r_s_p_adjust_does():
    adjusted = signed_ranks.benjamini_hochberg(np.array([0.01, 0.04, np.nan, 0.03, 0.005, 0.5]))
    assert adjusted == pytest.approx([0.025, 0.05, np.nan, 0.05, 0.025, 0.5], nan_ok=True)


def test_five_pairs_are_never_more_than_well():
    study = np.repeat([0], 5)
    up = np.arange(1.0, 6.0)[:, None]
    for reading, code in (("paper", WELL), ("authors_code", WELL)):
        tests = signed_ranks.of_studies(up, study, 1, READINGS[reading])
        named, enough = signed_ranks.classes(up, study, tests, READINGS[reading])
        assert named[0, 0] == code
        assert enough[0] == (reading == "authors_code")


def judged(manipulation, reading):
    observed, modelled, study = site_pairs.pairs(manipulation)
    names, code = np.unique(study, return_inverse=True)
    off = (modelled - observed)[:, None]
    tests = signed_ranks.of_studies(off, code, len(names), reading)
    named, enough = signed_ranks.classes(off, code, tests, reading)
    return names, tests, named[:, 0], enough


def counted(named, enough):
    return [int((named[enough] == code).sum()) for code in (OVER, UNDER, WELL)]


@needs_data
@pytest.mark.parametrize(
    ("manipulation", "reading", "counts", "exact"),
    [
        # Specification, table T3d; R and SciPy agree on every p.
        ("None", "paper", [109, 41, 38], 55),
        ("None", "authors_code", [109, 41, 40], 0),
        ("all", "paper", [116, 45, 40], 51),
    ],
)
def test_studies_are_over_under_and_well_as_r_has_them(manipulation, reading, counts, exact):
    _, tests, named, enough = judged(manipulation, READINGS[reading])
    assert counted(named, enough) == counts
    assert tests.exact[enough].sum() == exact


@needs_data
@pytest.mark.parametrize("manipulation", ["None", "all"])
def test_every_study_is_that_of_the_acceptance_tables(manipulation):
    names, tests, named, _ = judged(manipulation, READINGS["paper"])
    at = {name: k for k, name in enumerate(names)}
    with (site_pairs.TABLES / f"studies_{manipulation.lower()}.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == {"None": 190, "all": 201}[manipulation]
    for row in rows:
        k = at[row["study"]]
        assert (tests.n[k, 0] + tests.zeros[k, 0], tests.zeros[k, 0]) == (
            int(row["n"]),
            int(row["zeros"]),
        )
        assert tests.v[k, 0] == float(row["V"])
        assert tests.p[k, 0] == pytest.approx(float(row["p"]), rel=1e-10)
        assert tests.mean[k, 0] == pytest.approx(float(row["me"]), rel=1e-10)
        assert ("exact" if tests.exact[k, 0] else "normal") == row["method"]
        assert {OVER: "over", UNDER: "under", WELL: "well"}[int(named[k])] == row["class"]


@needs_data
def test_fewer_studies_differ_once_there_are_190_tests_at_once():
    _, tests, _, enough = judged("None", READINGS["authors_code"])
    exact = judged("None", signed_ranks.Reading(least=5))[1]
    adjusted = signed_ranks.benjamini_hochberg(exact.p[enough, 0])
    apart = adjusted <= signed_ranks.LEVEL
    sign = np.sign(tests.mean[enough, 0])
    counts = [int((apart & (sign == s)).sum()) for s in (1, -1)]
    # Specification, table T3d.
    assert [*counts, int((~apart).sum())] == [108, 40, 42]


@needs_data
def test_all_pairs_in_one_test():
    observed, modelled, _ = site_pairs.pairs("None")
    found = signed_ranks.signed_ranks((modelled - observed)[:, None])
    # Specification, table T3b.
    assert found.v[0] == 14_966_777
    assert found.p[0] == pytest.approx(1.78e-265, rel=3e-3)
