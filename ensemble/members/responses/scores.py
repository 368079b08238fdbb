"""Scores: a metric of what a member holds against what was observed at its location."""

from dataclasses import dataclass

import numpy as np

from ensemble.members.responses.pairs import Data, Pairs, Unanswered, pairs_of
from kernels import F8, Variable
from scenarios.expressions.unit_algebra import apart
from scenarios.metrics import Metric, Seen, Sums, metric, seen
from scenarios.response_sections import MetricOf


@dataclass(frozen=True)
class Score:
    """A metric over the observations of each location.

    Attributes
    ----------
    name, output, units, meaning : str
    pairs : Pairs
    metric : Metric
    seen : tuple of Seen
        Of every forcing, by location.
    notes : tuple of (int, str)
        Forcing, and locations without a metric.
    """

    name: str
    output: str
    units: str
    meaning: str
    pairs: Pairs
    metric: Metric
    seen: tuple[Seen, ...]
    notes: tuple[tuple[int, str], ...]

    def apply(self, values: F8, forcing: int, locations: slice) -> F8:
        """Return the metric (l, s) of ``values`` (l, *dims, s), NaN where there is none."""
        whole = self.seen[forcing]
        here = Seen(whole.count[locations], whole.mean[locations], whole.variance[locations])
        sums = self.sums(values, forcing, locations, here)
        with np.errstate(all="ignore"):
            found = self.metric.value(sums)
        fit = self.metric.unfit(here) == ""
        return np.where(fit[:, None], found, np.nan)

    def sums(self, values: F8, forcing: int, locations: slice, here: Seen) -> Sums:
        """Return the sums of differences, observation after observation."""
        first, second, cross = np.zeros((3, values.shape[0], values.shape[-1]))
        observed, there = (
            self.pairs.observed[forcing, locations],
            self.pairs.there[forcing, locations],
        )
        for i, modelled in self.pairs.each(values, forcing, locations):
            apart = np.where(there[:, i, None], modelled - observed[:, i, None], 0.0)
            beside = np.where(there[:, i], observed[:, i] - here.mean, 0.0)
            first += apart
            second += apart**2
            cross += apart * beside[:, None]
        return Sums(here, first, second, cross)


@dataclass(frozen=True)
class Summed:
    """The sums of a score over the observations of all locations, to be added up in space.

    Attributes
    ----------
    score : Score
    whole : tuple of Seen
        Of every forcing: the observations of all locations as one place.
    """

    score: Score
    whole: tuple[Seen, ...]

    def apply(self, values: F8, forcing: int, locations: slice) -> F8:
        """Return the three sums of each location around the mean of all, (l, 3, s)."""
        count = self.score.seen[forcing].count[locations]
        mean = np.full(count.shape, self.whole[forcing].mean[0])
        sums = self.score.sums(values, forcing, locations, Seen(count, mean, mean))
        return np.stack([sums.first, sums.second, sums.cross], axis=1)

    def value(self, total: F8, forcing: int) -> F8:
        """Return the metric (1, s) of the sums of all locations, (1, 3, s)."""
        whole = self.whole[forcing]
        with np.errstate(all="ignore"):
            found = self.score.metric.value(Sums(whole, *np.moveaxis(total, 1, 0)))
        fit = (self.score.metric.unfit(whole) == "") & np.isfinite(found)
        return np.where(fit, found, np.nan)


def over_all(score: Score) -> Summed:
    """Return the sums of a score over the observations of all locations."""
    pairs = score.pairs
    flat = zip(pairs.observed, pairs.there, strict=True)
    return Summed(score, tuple(seen(o.reshape(1, -1), t.reshape(1, -1)) for o, t in flat))


def score_of(name: str, asked: MetricOf, variable: Variable, data: Data) -> Score:
    """Return the metric of an output against what every forcing's locations observed.

    Raises
    ------
    Unanswered
        As `pairs_of`; no location has such a metric.
    """
    pairs = pairs_of(asked.observed, asked.years, variable, data, "metric")
    one = metric(asked.name)
    every = tuple(seen(o, t) for o, t in zip(pairs.observed, pairs.there, strict=True))
    notes, why = list(pairs.notes), ""
    for f, of_forcing in enumerate(every):
        unfit = one.unfit(of_forcing)
        for place in np.flatnonzero(unfit != "").tolist():
            why = str(unfit[place])
            if np.isfinite(data.observations[f][asked.observed].values[place]).any():
                notes.append((f, f"location {data.locations[place]!r}: {why}; it has no metric"))
    if all((one.unfit(of_forcing) != "").all() for of_forcing in every):
        raise Unanswered(f"no location has {asked.name} of {asked.observed!r}: {why}", ".metric")
    meaning = f"{one.MEANING} of {variable.meaning} against {asked.observed!r} as observed"
    units = one.units(apart(variable.units))
    return Score(name, variable.name, units, meaning, pairs, one, every, tuple(notes))
