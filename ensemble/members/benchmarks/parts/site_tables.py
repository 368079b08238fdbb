"""Tables of records of sites beside one model: records, studies, straight lines, intervals."""

import numpy as np

from ensemble.members.benchmarks._contract import Prepared, Table
from ensemble.scores import bootstrap, seasons, signed_ranks
from kernels import F8, I8
from scenarios.designs.sampling.streams import named

WORDS = {code: name for name, code in signed_ranks.NAMES.items()}


def tables(rule: signed_ranks.Reading, prepared: Prepared, modelled: F8) -> dict[str, Table]:
    """Return the tables of one model, whose values of pairs are (p,)."""
    pairs, known = prepared.pairs["pairs"], prepared.arrays
    study = known["group_study"][pairs.group]
    both = np.stack([pairs.observed, modelled], axis=1)
    return {
        "records": _records(prepared, study, both),
        "studies": _studies(rule, prepared, study, both),
        "lines": _lines(prepared.units, both, study),
        "intervals": _intervals(prepared, study, both),
    }


def _records(prepared: Prepared, study: I8, both: F8) -> Table:
    known, units = prepared.arrays, prepared.units
    columns = {
        "record_study": known["study"][study],
        **{n: known[n] for n in ("record_lat", "record_lon", "record_year", "record_day")},
        "record_how": known["record_how"],
        "record_observed": both[:, 0],
        "record_modelled": both[:, 1],
    }
    about = {
        "record_study": ("", "study"),
        "record_lat": ("degrees_north", "latitude"),
        "record_lon": ("degrees_east", "longitude"),
        "record_year": ("1", "calendar year"),
        "record_day": ("1", "day of the year"),
        "record_how": ("", "what of the run it is compared with"),
        "record_observed": (units, "observed"),
        "record_modelled": (units, "modelled by the control member"),
    }
    return Table("record", columns, attrs(about))


def _studies(rule: signed_ranks.Reading, prepared: Prepared, study: I8, both: F8) -> Table:
    names = prepared.arrays["study"]
    off = (both[:, 1] - both[:, 0])[:, None]
    tests = signed_ranks.of_studies(off, study, len(names), rule)
    codes, enough = signed_ranks.classes(off, study, tests, rule)
    enough &= ~np.isin(names, rule.dropped)
    p = np.where(enough, tests.p[:, 0], np.nan)
    words = [WORDS[int(c)] if e else "" for c, e in zip(codes[:, 0], enough, strict=True)]
    rows = [np.flatnonzero(study == k) for k in range(len(names))]
    means = seasons.means(both, study, len(names)).mean
    columns = {
        "study": names,
        "study_n": np.bincount(study, minlength=len(names)),
        "study_zeros": tests.zeros[:, 0],
        "study_ties": tests.ties[:, 0],
        "study_exact": tests.exact[:, 0],
        "study_v": tests.v[:, 0],
        "study_p": p,
        "study_p_adjusted": signed_ranks.benjamini_hochberg(p),
        "study_observed": means[:, 0],
        "study_modelled": means[:, 1],
        "study_hodges_lehmann": np.array(
            [signed_ranks.hodges_lehmann(off[some])[0] for some in rows]
        ),
        "study_class": np.array(words),
    }
    units = prepared.units
    about = {
        "study": ("", "study"),
        "study_n": ("1", "pairs"),
        "study_zeros": ("1", "pairs without a difference, which the test drops"),
        "study_ties": ("1", "whether differences are of one size"),
        "study_exact": ("1", "whether p is of the exact distribution"),
        "study_v": ("1", "sum of ranks of positive differences"),
        "study_p": ("1", "two-sided p of Wilcoxon's signed ranks; NaN where pairs are too few"),
        "study_p_adjusted": ("1", "p adjusted for the number of studies, Benjamini-Hochberg"),
        "study_observed": (units, "mean of observed values"),
        "study_modelled": (units, "mean of modelled values"),
        "study_hodges_lehmann": (units, "Hodges-Lehmann estimate of the difference"),
        "study_class": ("", "over, under or well; empty where pairs are too few"),
    }
    return Table("study", columns, attrs(about))


def _lines(units: str, both: F8, study: I8) -> Table:
    """Return straight lines through records and through study means, either way round."""
    means = seasons.means(both, study, int(study.max()) + 1).mean
    rows = []
    for of in (both, means):
        for x, y in ((0, 1), (1, 0)):
            line = seasons.fit(of[:, x], of[:, y : y + 1])
            rows.append((line.n, *(v[0] for v in (line.slope, line.intercept, line.r2, line.p))))
    ways = ("modelled_on_observed", "observed_on_modelled")
    names = [f"{way}_{of}" for of in ("records", "studies") for way in ways]
    columns = dict(zip(("n", "slope", "intercept", "r2", "p"), np.array(rows).T, strict=True))
    found = {"line": np.array(names), **{f"line_{name}": v for name, v in columns.items()}}
    about = {
        "line": ("", "which on which, of what"),
        "line_n": ("1", "points"),
        "line_slope": ("1", "slope"),
        "line_intercept": (units, "intercept"),
        "line_r2": ("1", "share of variance"),
        "line_p": ("1", "two-sided p of the slope"),
    }
    return Table("line", found, attrs(about))


def _intervals(prepared: Prepared, study: I8, both: F8) -> Table:
    """Return means with their intervals: of whole studies, and of records as if each were alone."""
    values = np.column_stack([both, both[:, 1] - both[:, 0]])
    seed, name = prepared.about["seed"], prepared.about["name"]
    streams = (named(seed, "evaluation", name, of) for of in ("studies", "records"))
    by_study = bootstrap.of_studies(values, study, next(streams))
    by_record = bootstrap.of_records(values, next(streams))
    columns = {"mean": np.array(["observed", "modelled", "difference"])}
    columns["mean_value"] = values.mean(axis=0)
    for of, means in (("studies", by_study), ("records", by_record)):
        low, high = bootstrap.interval(means)
        columns |= {f"mean_low_by_{of}": low, f"mean_high_by_{of}": high}
        columns |= {f"mean_sd_by_{of}": means.std(axis=0, ddof=1)}
    units = prepared.units
    words = {"low": "2.5 % of", "high": "97.5 % of", "sd": "standard deviation of"}
    about = {"mean": ("", "of what"), "mean_value": (units, "mean over records")}
    about |= {
        f"mean_{end}_by_{of}": (units, f"{word} {bootstrap.RESAMPLES:,} means of resampled {of}")
        for of in ("studies", "records")
        for end, word in words.items()
    }
    return Table("mean", columns, attrs(about))


def attrs(about: dict[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Return the attributes of columns from their units and meanings; text has no unit."""
    return {
        name: {"long_name": meaning, **({"units": units} if units else {})}
        for name, (units, meaning) in about.items()
    }
