"""How far shares of variance would move with other draws.

Levels of a factor that were drawn, samples, trajectories, are what another run would have others
of; models, forcings and stated values stay. So the units of the design are taken a little heavier
one by one, with all that was run with them, in every cell at once; never the cells.

Sources: the jackknife in the limit of small weights: Efron, B. (1982), The jackknife, the bootstrap
and other resampling plans, SIAM, chapter 6, https://doi.org/10.1137/1.9781611970319; of several
samples, of which each factor is one: Arvesen, J. N. (1969), Jackknifing U-statistics, Annals of
Mathematical Statistics 40, 2076-2100.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ensemble.analysis.factorial import REST, Subset, needed_of, signed, terms_of
from kernels import F8, I8
from scenarios.designs.sampling.bootstrap import quantile

VALUES = 2**18
"""Members of the cells that are looked at together: what is made of them stays in the cache."""

CONFIDENCE = 0.95
"""As of the intervals of other indices."""

Nest = tuple[int, int] | None


@dataclass(frozen=True)
class Drawn:
    """A factor whose levels were drawn.

    Attributes
    ----------
    factor : int
        Its place among the factors.
    units : ndarray, shape (levels,), int64
        The unit that each level belongs to: a trajectory has several.
    whole : int
        Units of the design; those that have lost a level may be missing in ``units``.
    """

    factor: int
    units: I8
    whole: int


def moves(
    values: F8, drawn: Sequence[Drawn], *, order: int | None = None, nest: Nest = None
) -> list[F8]:
    """Return how far each unit moves the shares of each cell.

    Parameters
    ----------
    values : ndarray, shape (cell, *levels), float64, all finite
        An axis for each factor.
    drawn : sequence of Drawn
    order, nest
        As those of `ensemble.analysis.factorial.shares`.

    Returns
    -------
    list of ndarray, shape (cell, stratum, unit, term)
        For each drawn factor; a stratum is a level of the factor within which it was drawn anew,
        else there is one. Terms are those of `terms_of`. The sum of squares over strata and
        units, and over drawn factors, is the variance of a share.

    Notes
    -----
    A share is a ratio of sums of second moments of means, S(U) = E[E[Y|U]^2]. Level i of a factor,
    a little heavier, moves S(U) by E[E[Y|U]^2 | i] where the factor is of U, and by
    2 E[E[Y|U] E[Y|U, i]] where it is not, less what all levels move it by on average. A mean of
    moves over cells is how far their mean share moves, as a unit is the same one in all cells.
    """
    step = max(1, VALUES // max(1, values[0].size))
    parts = [
        _Moments(values[k : k + step], order, nest).moves(drawn)
        for k in range(0, len(values), step)
    ]
    return [np.concatenate([part[k] for part in parts]) for k in range(len(drawn))]


class Spread:
    """Adds up moves of shares, cell by cell.

    Parameters
    ----------
    shape : tuple of int
        Of the shares, (place, ..., term).
    own_draws : bool
        Whether places have draws of their own; else a unit is the same one everywhere.
    """

    def __init__(self, shape: tuple[int, ...], *, own_draws: bool) -> None:
        self._squares = np.full(shape, np.nan)
        self._own_draws = own_draws
        self._whole: list[F8] = []
        self._of_places = np.zeros(shape[-1])
        self._cells = 0

    def add(self, places: I8, found: Sequence[F8]) -> None:
        """Add the moves (place, ..., stratum, unit, term) of each drawn factor at some places."""
        if not found:
            return
        # Strata, units and terms are behind.
        self._squares[places] = sum((one**2).sum(axis=(-3, -2)) for one in found)
        flat = [one.reshape(len(places), -1, *one.shape[-3:]) for one in found]
        self._cells += int(np.isfinite(flat[0]).all(axis=(2, 3, 4)).sum())
        sums = [np.nan_to_num(one).sum(axis=1) for one in flat]
        if self._own_draws:
            for place in sum((one**2).sum(axis=(1, 2)) for one in sums):
                self._of_places += place
        else:
            self._whole = self._whole or [np.zeros_like(one[0]) for one in sums]
            # Place by place, so that how many are read at a time changes no bit.
            for whole, one in zip(self._whole, sums, strict=True):
                for place in one:
                    whole += place

    def half_widths(self) -> F8:
        """Return the half width of each share; NaN where nothing is known."""
        return np.asarray(quantile(CONFIDENCE) * np.sqrt(self._squares))

    def of_mean(self) -> F8:
        """Return the half width of the mean share over cells, (term,)."""
        if not self._cells:
            return np.full(len(self._of_places), np.nan)
        squares = self._of_places + sum((one**2).sum(axis=(0, 1)) for one in self._whole)
        return np.asarray(quantile(CONFIDENCE) * np.sqrt(squares) / self._cells)


def mean_shares(values: F8) -> F8:
    """Return the mean shares (term,) of (..., term) over the cells that have any; else NaN."""
    flat = values.reshape(-1, values.shape[-1])
    whole = flat[np.isfinite(flat).all(axis=1)]
    return whole.mean(axis=0) if len(whole) else np.full(values.shape[-1], np.nan)


class _Moments:
    """Means of the values of some cells by every subset of factors that is asked for."""

    def __init__(self, values: F8, order: int | None, nest: Nest) -> None:
        self.factors, self.nest = values.ndim - 1, nest
        every = tuple(range(1, values.ndim))
        # Less their mean, and of size one: squares of large values have no digits to lose.
        off = values - values.mean(axis=every, keepdims=True)
        size = np.abs(off).max(axis=every, keepdims=True)
        self.means: dict[Subset, F8] = {
            tuple(range(self.factors)): off / np.where(size > 0, size, 1.0)
        }
        self.terms = terms_of(self.factors, order, nest)

    def mean(self, subset: Subset) -> F8:
        """Return the mean over all factors but a subset, (cell, levels or 1, ...)."""
        if subset not in self.means:
            more = next(f for f in reversed(range(self.factors)) if f not in subset)
            whole = self.mean(tuple(sorted({*subset, more})))
            self.means[subset] = whole.mean(axis=more + 1, keepdims=True)
        return self.means[subset]

    def moves(self, drawn: Sequence[Drawn]) -> list[F8]:
        """Return the moves (cell, stratum, unit, term) by each drawn factor."""
        needed = needed_of(self.terms, self.factors, self.nest)
        rest = tuple(range(1, self.factors + 1))
        variances = self._of_terms({s: (self.mean(s) ** 2).mean(axis=rest) for s in needed})
        total = variances.sum(axis=-1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (variances / total)[:, None, None]
        found = []
        for one in drawn:
            by_level = self._of_terms({s: self._by_level(s, one.factor) for s in needed})
            with np.errstate(invalid="ignore", divide="ignore"):
                moved = by_level - share * by_level.sum(axis=-1, keepdims=True)
                moved /= total[:, None, None]
            found.append(_by_unit(moved, one))
        return found

    def _by_level(self, subset: Subset, factor: int) -> F8:
        """Return the moment of a subset with one level of a factor heavier, (cell, stratum, n)."""
        within = self.nest is not None and factor >= self.nest[1]
        kept = (self.nest[0], factor) if self.nest is not None and within else (factor,)
        mean = self.mean(subset)
        if factor in subset:
            product = mean**2
        else:
            product = 2.0 * mean * self.mean(tuple(sorted({*subset, *kept})))
        over = tuple(f + 1 for f in range(self.factors) if f not in kept)
        by_level = product.mean(axis=over)
        return np.asarray(by_level if within else by_level[:, None])

    def _of_terms(self, moments: dict[Subset, F8]) -> F8:
        """Return what moments (...) make of each term, (..., term)."""
        found: dict[Subset, F8] = {}
        for term in self.terms:
            if term == REST:
                # The moment of the mean of all is 0.
                found[REST] = moments[tuple(range(self.factors))] - sum(found.values())
            else:
                parts = signed(term, self.nest)
                found[term] = np.asarray(sum(sign * moments[part] for part, sign in parts))
        return np.stack(list(found.values()), axis=-1)


def _by_unit(moved: F8, drawn: Drawn) -> F8:
    """Return the moves by levels (cell, stratum, level, term) as those by units."""
    strata, levels = moved.shape[1:3]
    off = (moved - moved.mean(axis=2, keepdims=True)) / (levels * strata)
    there = np.unique(drawn.units)
    off *= np.sqrt(len(there) / max(1, len(there) - 1))
    if len(there) == levels == drawn.whole:
        return np.asarray(off)
    belongs = (drawn.units[None] == np.arange(drawn.whole)[:, None]).astype(np.float64)
    return np.asarray(np.einsum("ul,cslt->csut", belongs, off, optimize=True))
