"""Morris trajectories and their effects on plain arrays; see ``morris.py`` for the sources."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import F8, I8, U8
from scenarios.designs.sampling.bootstrap import (
    VALUES,
    counts,
    half_width,
    means_of,
    of_units,
    patterns,
)
from scenarios.designs.sampling.streams import WORDS, uniform, words

INDICES = ("mu", "mu_star", "sigma", "theta")
"""Each has a bootstrap interval, ``_conf``: trajectories are what is drawn anew."""


@dataclass(frozen=True)
class Steps:
    """What defines T trajectories.

    Attributes
    ----------
    low : ndarray, shape (T, D), int64
        The lower of the two levels of each parameter, below half the levels.
    up : ndarray, shape (T, D), bool
        Whether the parameter moves up, from the lower level to the higher.
    rank : ndarray, shape (T, G), int64
        The step, from 0, at which each group moves.
    half : int
        Levels between the two: half of all.
    """

    low: I8
    up: NDArray[np.bool_]
    rank: I8
    half: int

    def take(self, which: list[int]) -> "Steps":
        """Return some of the trajectories."""
        return Steps(self.low[which], self.up[which], self.rank[which], self.half)

    def levels(self, group: I8) -> I8:
        """Return the level of each parameter in each row, shape (D, T, G + 1)."""
        trajectories, groups = self.rank.shape
        laid = np.empty((len(group), trajectories, groups + 1), dtype=np.int64)
        step = np.arange(groups + 1)
        for j, g in enumerate(group):
            moved = self.rank[:, g, None] < step
            high = moved == self.up[:, j, None]
            np.add(self.low[:, j, None], self.half * high, out=laid[j])
        return laid


@dataclass(frozen=True)
class Source:
    """Trajectories found by their number: t uses a fixed range of words of the stream.

    Attributes
    ----------
    stream : ndarray, shape (2,)
        Key.
    levels, parameters, groups : int
        Levels of the grid, D, G.
    """

    stream: U8
    levels: int
    parameters: int
    groups: int

    @property
    def delta(self) -> float:
        """Return the step in the unit cube, levels / (2 (levels - 1))."""
        return self.levels / (2.0 * (self.levels - 1))

    @property
    def grid(self) -> F8:
        """Return the levels in the unit cube, shape (levels,), with SALib's rounding."""
        lower = np.linspace(0.0, 1.0 - self.delta, self.levels // 2)
        grid: F8 = np.minimum(np.concatenate([lower, lower + self.delta]), 1.0)
        return grid

    def draw(self, begin: int, end: int) -> Steps:
        """Return trajectories ``begin`` to ``end``."""
        used = self.parameters + self.groups
        # Whole steps of Philox' counter, so that nothing is drawn to be thrown away.
        width = -(-used // WORDS) * WORDS
        drawn = words(self.stream, begin * width, end * width).reshape(-1, width)
        place = drawn[:, : self.parameters]
        half = self.levels // 2
        low = (uniform(place) * half).astype(np.int64)
        # The lowest bit is not among the 52 of the uniform number.
        up = (place & np.uint64(1)).astype(np.bool_)
        order = np.argsort(drawn[:, self.parameters : used], axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(self.groups)[None], axis=1)
        return Steps(low, up, rank, half)


def effects(
    response: F8,
    steps: Steps,
    group: I8,
    *,
    delta: float,
    resamples: int,
    confidence: float,
    stream: U8,
    theta_ddof: int = 1,
) -> dict[str, F8]:
    """Return the statistics of the elementary effects; see `Morris.analyze`.

    Parameters
    ----------
    response : ndarray, shape (..., size), float64
        Rows trajectory by trajectory; a value that is not finite removes its trajectory.
    steps : Steps
        The trajectories of the design.
    group : ndarray, shape (D,), int64
    delta : float
        Step in the unit cube.
    resamples, confidence : int, float
        Of the bootstrap.
    stream : ndarray, shape (2,)
        Key of its draws.
    theta_ddof : int
        Of the standard deviations in theta: 1 divides by n - 1, 0 by n.
    """
    lead = response.shape[:-1]
    flat = np.asarray(response, dtype=np.float64).reshape(-1, response.shape[-1])
    units, groups = steps.rank.shape
    names = [*INDICES, *(f"{name}_conf" for name in INDICES if resamples > 1)]
    statistics = {name: np.full((len(flat), groups), np.nan) for name in names}
    statistics["effective"] = np.zeros((len(flat), groups))
    signs = directions(steps, group)
    several = np.bincount(group, minlength=groups) > 1
    for which, kept, values in patterns(flat, groups + 1):
        number = values.shape[1]
        statistics["effective"][which] = number
        if number < 2:
            continue
        # Row g + 1 less row g is the effect of the group that moves at step g.
        moved = np.take_along_axis(np.diff(values, axis=-1), steps.rank[kept][None], axis=-1)
        moved /= delta
        sizes = np.abs(moved)
        signed = moved * signs[kept]
        statistics["mu"][which] = signed.mean(axis=1)
        statistics["mu_star"][which] = sizes.mean(axis=1)
        statistics["sigma"][which] = np.where(several, np.nan, signed.std(axis=1, ddof=1))
        sd = statistics["sigma"][which] * np.sqrt((number - 1) / (number - theta_ddof))
        statistics["theta"][which] = theta(statistics["mu"][which], sd, theta_ddof)
        if resamples > 1:
            drawn = list(of_units(counts(stream, units, resamples), kept))
            signed -= statistics["mu"][which][:, None]
            middle = statistics["mu"][which], statistics["sigma"][which]
            widths = _half_widths(drawn, sizes, signed, middle, confidence, theta_ddof)
            for name, width in widths.items():
                statistics[f"{name}_conf"][which] = width
    return {name: array.reshape(*lead, groups) for name, array in statistics.items()}


def _half_widths(
    drawn: list[F8],
    sizes: F8,
    signed: F8,
    middle: tuple[F8, F8],
    confidence: float,
    theta_ddof: int,
) -> dict[str, F8]:
    """Return the half width of each of `INDICES`, (m, effect), some responses at a time.

    Parameters
    ----------
    drawn : list of ndarray, shape (r, units)
        How often each trajectory is in each resample.
    sizes, signed : ndarray, shape (m, units, effect)
        Of the effects; signed ones less their mean, or squares would lose their digits.
    middle : two ndarrays, shape (m, effect)
        That mean, and sigma, NaN for a group of several.
    """
    responses, units, groups = sizes.shape
    resamples = sum(len(weight) for weight in drawn)
    step = max(1, VALUES // (resamples * groups))
    # Of a part of a unit's weight as of the whole sample: sigma is of n - 1, theta of its ddof.
    own, ours = units / (units - 1), units / (units - theta_ddof)
    widths: dict[str, list[F8]] = {name: [] for name in INDICES}
    for start in range(0, responses, step):
        some = slice(start, start + step)
        terms = np.concatenate([sizes[some], signed[some], signed[some] ** 2], axis=-1)
        means = np.concatenate([means_of(weight, terms) for weight in drawn], axis=1)
        size, off, square = np.split(means, 3, axis=-1)
        spread = np.maximum(square - off**2, 0.0) + 0.0 * middle[1][some][:, None]
        mu = middle[0][some][:, None] + off
        replicates = {
            "mu": mu,
            "mu_star": size,
            "sigma": np.sqrt(own * spread),
            "theta": theta(mu, np.sqrt(ours * spread), theta_ddof),
        }
        for name, values in replicates.items():
            widths[name].append(half_width(values, confidence))
    return {name: np.concatenate(parts) for name, parts in widths.items()}


ALIKE = 1e-12
"""A spread below this share of the largest size is rounding: the sizes are all the same."""


def theta(mu: F8, sd: F8, ddof: int) -> F8:
    """Return how important each parameter is beside the others, (..., effect).

    Parameters
    ----------
    mu, sd : ndarray, shape (..., effect), float64
        Mean and standard deviation of the signed elementary effects.
    ddof : int
        Of the standard deviation over the parameters: 1 divides by n - 1, 0 by n. The paper
        does not say; ``sd`` is best of the same form.

    Returns
    -------
    ndarray, shape (..., effect)
        ``sqrt(mu**2 + sd**2)`` over its standard deviation over the parameters; NaN where
        that is 0, where there is a single parameter, or a group of several.

    Notes
    -----
    Wang, Y.-P. et al. (2021), JGR Biogeosciences, https://doi.org/10.1029/2020JG006205.
    """
    size = np.hypot(mu, sd)
    if size.shape[-1] <= ddof:
        return np.full_like(size, np.nan)
    spread = size.std(axis=-1, ddof=ddof, keepdims=True)
    alike = spread <= ALIKE * size.max(axis=-1, keepdims=True)
    return np.asarray(size / np.where(alike, np.nan, spread))


def directions(steps: Steps, group: I8) -> F8:
    """Return the direction of each group, (T, G): the mean over its parameters of +1 or -1.

    The mean effect of a group is the mean of its parameters' effects, as in SALib.
    """
    signs = np.where(steps.up, 1.0, -1.0)
    member = group[:, None] == np.arange(steps.rank.shape[1])
    return np.asarray(signs @ (member / member.sum(axis=0)))


def farthest(points: F8, keep: int) -> tuple[int, ...]:
    """Return the trajectories that SALib's local search finds far from each other.

    Parameters
    ----------
    points : ndarray, shape (T, G + 1, D), float64
        In the unit cube.
    keep : int
        How many, below T.

    Notes
    -----
    The search is SALib's; its distance matrix, two calls of scipy per pair of
    trajectories, is replaced by the same numbers from one call per trajectory.
    """
    from SALib.sample.morris.local import LocalOptimisation  # 2 s, with pandas

    class Search(LocalOptimisation):  # type: ignore[misc]
        def compute_distance_matrix(self, *_: Any, **__: Any) -> NDArray[np.float32]:
            return _distances(points)

    count, rows, parameters = points.shape
    sample = points.reshape(-1, parameters)
    numbers = Search().find_local_maximum(sample, count, parameters, keep, rows - 1)
    return tuple(int(number) for number in numbers)


def _distances(points: F8) -> NDArray[np.float32]:
    """Return the summed distances between the points of each two trajectories, (T, T)."""
    from scipy.spatial.distance import cdist  # type: ignore[import-untyped]

    count, rows, parameters = points.shape
    flat = points.reshape(-1, parameters)
    matrix = np.zeros((count, count), dtype=np.float32)
    for t in range(count - 1):
        # Laid out as one block per pair, the sums round as SALib's do.
        pairs = cdist(points[t], flat[(t + 1) * rows :]).reshape(rows, -1, rows)
        sums = np.ascontiguousarray(pairs.transpose(1, 0, 2)).reshape(count - t - 1, -1).sum(axis=1)
        same = (points[t + 1 :] == points[t]).all(axis=(1, 2))
        matrix[t, t + 1 :] = matrix[t + 1 :, t] = np.where(same, 0.0, sums)
    return matrix
