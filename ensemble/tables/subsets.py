"""Table of a search over subsets of predictors, and of how much its ranking is worth.

For runs that kept an error out of bag of each member and varied `SUBSET`, whose bits are the
predictors that a member used. What else a design varies, seeds as a rule, is chance: a subset's
error is the mean over it, and rankings of two such draws are held against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ensemble.tables.learned import PREDICTOR, keeps
from ensemble.tables.responses import NONE, Table, labels_of, names_along, of_forcing
from ensemble.tables.results import Results
from ensemble.tables.validation import FOLDS, in_order, over_members
from kernels import F8, I8

SUBSET, ERROR, HELD = "subset", "oob_rmse", "held_out_rmse"

FEWEST = 3
"""Subsets below which there is nothing to search."""

TOP = 20
"""Best subsets that two draws are asked to share; of fewer than a hundred a fifth."""

SHARED = 0.6
"""Part of the best that two draws share, below which their order is noise."""

SHOWN = 10


@dataclass(frozen=True)
class Search:
    """Errors of every subset under one forcing.

    Attributes
    ----------
    names : sequence of str
        Predictors, in the order of bits.
    subsets : ndarray, shape (n,), int64
        Rising.
    error : ndarray, shape (n, draws), float64
        Out of bag; NaN of members that failed.
    held : dict of str to ndarray, shape (n, draws), float64
        Without the fold, by the kind of folds; those that other places are predicted by first.
    units : str
    """

    names: Sequence[str]
    subsets: I8
    error: F8
    held: dict[str, F8]
    units: str

    @property
    def sizes(self) -> I8:
        """Return the number of predictors of each subset, (n,)."""
        return np.array([int(subset).bit_count() for subset in self.subsets])

    @property
    def mean(self) -> F8:
        """Return the mean error of each subset over draws, (n,); NaN where a draw failed."""
        return np.asarray(self.error.mean(axis=1))

    @property
    def spread(self) -> float:
        """Return the standard deviation of one subset's error over draws, pooled over subsets."""
        if self.error.shape[1] < 2:
            return float("nan")
        return float(np.sqrt(np.nanmean(self.error.var(axis=1, ddof=1))))

    @property
    def near(self) -> NDArray[np.bool_]:
        """Return which subsets are within one standard deviation of the best, (n,)."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.mean <= np.nanmin(self.mean) + self.spread)

    @property
    def top(self) -> int:
        """Return how many are called the best."""
        return min(TOP, max(1, self.subsets.size // 5))

    def best(self, values: F8, count: int) -> I8:
        """Return the places of the smallest values, the smallest first; NaN are none."""
        order = np.argsort(values, kind="stable")[:count]
        return np.asarray(order[np.isfinite(values[order])])

    def named(self, at: int) -> str:
        """Return the predictors of a subset in words."""
        bits = int(self.subsets[at])
        return ", ".join(name for k, name in enumerate(self.names) if bits >> k & 1)

    def agreement(self) -> tuple[float, float]:
        """Return how far two draws agree, as a mean over pairs of them.

        Returns
        -------
        correlation : float
            Of ranks, over subsets that both have.
        shared : float
            How many of the `top` best of one are among those of the other.
        """
        pairs = list(combinations(self.error.T, 2))
        shared = [
            len({*self.best(a, self.top).tolist()} & {*self.best(b, self.top).tolist()})
            for a, b in pairs
        ]
        return float(np.mean([ranked(a, b) for a, b in pairs])), float(np.mean(shared))


def ranked(one: F8, other: F8) -> float:
    """Return Spearman's correlation of what both know; NaN where ranks of one are all alike."""
    from scipy.stats import rankdata  # type: ignore[import-untyped]

    known = np.isfinite(one) & np.isfinite(other)
    ranks = [rankdata(values[known]) for values in (one, other)]
    if known.sum() < 2 or any(np.ptp(rank) == 0 for rank in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def searches(results: Results) -> dict[str, Search]:
    """Return the search of each forcing of a finished run over subsets; none where it is none.

    A forcing under which no subset has all of its members has no search either: failures say why.
    """
    specs = results.store.specs
    if not results.complete or not keeps(results, ERROR) or SUBSET not in specs:
        return {}
    given = results.whole(SUBSET).astype(np.int64)
    subsets, at = np.unique(given, return_inverse=True)
    counts = np.bincount(at)
    if subsets.size < FEWEST or np.ptp(counts):
        return {}
    # By subset, and within one as the design has them.
    order = np.argsort(at, kind="stable").reshape(subsets.size, -1)
    error = results.whole(ERROR)[:, 0][:, order]
    held = results.whole(HELD)[:, 0][:, :, order] if keeps(results, HELD, FOLDS) else error[:, :0]
    kinds = names_along(results.store, FOLDS, held.shape[1]) if held.shape[1] else []
    units = str(specs[ERROR].attrs["units"])
    bits = max(int(subsets[-1]).bit_length(), *specs[PREDICTOR].shape)
    names = names_along(results.store, PREDICTOR, bits)
    found = {
        forcing: Search(
            names, subsets, error[f], {kind: held[f, k] for k, kind in in_order(kinds)}, units
        )
        for f, forcing in enumerate(results.forcings)
    }
    return {forcing: one for forcing, one in found.items() if np.isfinite(one.mean).any()}


def subset_tables(results: Results) -> list[Table]:
    """Return the best subsets under each forcing, and what their ranking is worth."""
    return [_table(one, results, forcing) for forcing, one in searches(results).items()]


def _table(search: Search, results: Results, forcing: str) -> Table:
    first = search.best(search.mean, SHOWN).tolist()
    rank = {at: str(k + 1) for k, at in enumerate(search.best(search.mean, search.subsets.size))}
    rows = [_row(search, at, rank) for at in first]
    every = int(search.sizes.argmax())
    rules = tuple[int, ...]()
    if every not in first:
        rules = (len(rows),)
        rows.append(_row(search, every, rank))
    header = [
        "rank", "predictors", f"out of bag [{search.units}]",
        *(f"{kind} folds [{search.units}]" for kind in search.held),
    ]  # fmt: skip
    under = "".join(f" under {one}" for one in of_forcing(results, forcing))
    title = f"root mean square errors of subsets of predictors{under}"
    notes = [*worth(search), *labels_of(results.store)]
    return Table(title, header, rows, notes, rules)


def _row(search: Search, at: int, rank: dict[int, str]) -> list[str]:
    held = (over_members(values[at], 1) for values in search.held.values())
    words = search.named(at)
    return [rank.get(at, NONE), words, over_members(search.error[at], 1), *held]


def worth(search: Search) -> list[str]:
    """Return sentences on what the ranking is worth."""
    count, draws = search.error.shape
    lines = [
        f"{count:,} subsets of {len(search.names)} predictors, ranked by the mean over {draws} "
        "fits out of bag (standard deviations: ddof 1)"
    ]
    if lost := int((~np.isfinite(search.mean)).sum()):
        lines.append(f"{lost:,} subsets have a member that failed, and no rank")
    if draws < 2:
        return [*lines, "one fit a subset: vary seed, or nobody knows what ranks are worth"]
    correlation, shared = search.agreement()
    smallest = int(search.sizes[search.near].min())
    noise = "the ranking is noise at the top: " if shared < SHARED * search.top else ""
    lines.append(
        f"{noise}ranks of two fits correlate at {correlation:.2f}, their "
        f"best {search.top} share {shared:.1f}; {int(search.near.sum()):,} subsets are within "
        f"{search.spread:.1f} of the best, a standard deviation of one fit; the smallest of them "
        f"has {smallest} predictor{'s' * (smallest > 1)}"
    )
    return [*lines, *_elsewhere(search)]


def _elsewhere(search: Search) -> list[str]:
    """Return what the best out of bag are elsewhere, by the first kind of folds."""
    if not search.held:
        return ["no error by study folds is kept: out of bag, records of the same study help"]
    kind, held = next((kind, values.mean(axis=1)) for kind, values in search.held.items())
    best = held[search.best(search.mean, search.top)].mean()
    at = search.best(held, 1)
    if not at.size:
        return []
    every = held[int(search.sizes.argmax())]
    return [
        f"by {kind} folds ranks correlate with these at {ranked(search.mean, held):.2f}: the best "
        f"{search.top} out of bag have {best:.1f} there, all predictors {every:.1f}, and the least "
        f"is {held[at[0]]:.1f}, of {search.named(int(at[0]))}"
    ]
