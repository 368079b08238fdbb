"""Scores that follow from sums over pairs, as benchmarks declare and make them."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from ensemble.members.benchmarks._contract import Sums
from ensemble.scores import skill
from kernels import F8
from scenarios.benchmarks import Score, plain

SCORES: Mapping[str, Score] = {
    "bias": Score("mean of modelled less observed", "nearest 0"),
    "rmse": Score("root mean square error", "smaller"),
    "crmse": Score("root mean square error without the bias", "smaller", default=False),
    "mae": Score("mean of the sizes of errors", "smaller", default=False),
    "r": Score("correlation", "larger", plain),
    "r2": Score("share of variance, the square of r", "larger", plain, default=False),
    "sd_ratio": Score("standard deviation, modelled over observed", "nearest 1", plain),
    "kge": Score("Kling-Gupta efficiency", "larger", plain, default=False),
    "nse": Score("Nash-Sutcliffe efficiency", "larger", plain, default=False),
    "taylor": Score("Taylor's score of the pattern", "larger", plain, default=False),
}


def some(
    names: Collection[str], *, default: Collection[str] = (), grouped: bool = True
) -> dict[str, Score]:
    """Return scores by name, for a benchmark's ``SCORES``; ``default`` are made unasked."""
    found = {}
    for name in names:
        one = SCORES[name]
        usual = name in default if default else one.default
        found[name] = Score(one.meaning, one.better, one.units, usual, grouped)
    return found


def skills(sums: Sums, names: Collection[str]) -> dict[str, F8]:
    """Return those of the named scores that follow from sums, (groups, s) each.

    NaN of a group that has no such score, as one of a single value has no correlation, and of a
    member that has no value of a pair.
    """
    found = {}
    for name in names:
        if name == "mae":
            found[name] = np.asarray(sums.of["absolute"] / sums.seen.count[:, None])
        elif name in skill.SCORES:
            why = skill.unfit(sums.seen, sums.count, name)
            with np.errstate(invalid="ignore", divide="ignore"):
                value = skill.SCORES[name](sums.of_metric)
            found[name] = np.where((why == "")[:, None], value, np.nan)
    return found


def added(members: Sums) -> Sums:
    """Return the sums of values that were kept pair by pair, group by group."""
    pairs, modelled = members.pairs, members.modelled
    assert modelled is not None
    off = modelled - pairs.observed[:, None]
    apart = pairs.observed - pairs.seen.mean[pairs.group]

    def total(values: F8) -> F8:
        # One member at a time, pair by pair: no cut into members changes a bit.
        return np.stack([np.bincount(pairs.group, v, pairs.groups) for v in values.T], axis=1)

    weight = pairs.weight[:, None]
    of = {"first": total(weight * off), "second": total(weight * off**2)}
    of |= {"cross": total((pairs.weight * apart)[:, None] * off)}
    return replace(members, of=of | {"absolute": total(weight * np.abs(off))})


def needed(names: Collection[str]) -> tuple[str, ...]:
    """Return the sums that scores need, of `ensemble.members.benchmarks.SUMS`."""
    three = ("first", "second", "cross")
    return (*three, "absolute") if "mae" in names else three
