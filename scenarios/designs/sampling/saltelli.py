"""Saltelli's layout and estimators on plain arrays; see ``sobol.py`` for the sources."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kernels import F8, U8
from scenarios.designs.sampling.bootstrap import (
    VALUES,
    counts,
    half_width,
    means_of,
    of_units,
    patterns,
)


def pattern(groups: int, second_order: bool) -> NDArray[np.bool_]:
    """Return where a row of a unit takes a group from B and not from A, (unit, groups)."""
    single = np.eye(groups, dtype=np.bool_)
    none = np.zeros((1, groups), dtype=np.bool_)
    return np.concatenate([none, single, ~single, ~none] if second_order else [none, single, ~none])


def indices(
    response: F8,
    *,
    groups: int,
    second_order: bool,
    resamples: int,
    confidence: float,
    stream: U8,
) -> dict[str, F8]:
    """Return Sobol indices; see `Sobol.analyze`.

    Parameters
    ----------
    response : ndarray, shape (..., size), float64
        Rows unit by unit; a value that is not finite removes its unit.
    groups : int
        G.
    second_order : bool
    resamples, confidence : int, float
        Of the bootstrap.
    stream : ndarray, shape (2,)
        Key of its draws.
    """
    lead = response.shape[:-1]
    flat = np.asarray(response, dtype=np.float64).reshape(-1, response.shape[-1])
    rows_together = len(pattern(groups, second_order))
    shapes: dict[str, tuple[int, ...]] = {"S1": (groups,), "ST": (groups,)}
    if second_order:
        shapes["S2"] = (groups, groups)
    estimates = {name: np.full((len(flat), *shape), np.nan) for name, shape in shapes.items()}
    if resamples > 1:
        estimates.update({f"{name}_conf": np.full_like(estimates[name], np.nan) for name in shapes})
    estimates["effective"] = np.zeros((len(flat), groups))
    for which, kept, values in patterns(flat, rows_together):
        units = values.shape[1]
        estimates["effective"][which] = units
        if units < 2:
            continue
        sample = Sample(values, groups)
        weights = iter([np.ones((1, units))])
        for name, estimate in sample.estimates(weights, second_order).items():
            estimates[name][which] = estimate[:, 0]
        if resamples > 1:
            weights = of_units(counts(stream, flat.shape[1] // rows_together, resamples), kept)
            for name, replicates in sample.estimates(weights, second_order).items():
                estimates[f"{name}_conf"][which] = _spread(replicates, confidence)
    return {name: array.reshape(*lead, *array.shape[1:]) for name, array in estimates.items()}


def _spread(replicates: F8, confidence: float) -> F8:
    """Return the half width over the resamples of (m, r, ...)."""
    flat = replicates.reshape(*replicates.shape[:2], -1)
    return half_width(flat, confidence).reshape(len(replicates), *replicates.shape[2:])


class Sample:
    """The outputs of m responses, normalised, as Saltelli's matrices.

    Parameters
    ----------
    values : ndarray, shape (m, units, unit), float64
    groups : int
    """

    def __init__(self, values: F8, groups: int) -> None:
        mean = values.mean(axis=(1, 2), keepdims=True)
        deviation = values.std(axis=(1, 2), keepdims=True)
        largest = np.abs(values).max(axis=(1, 2), keepdims=True)
        y = (values - mean) / np.where(is_constant(deviation, largest), np.nan, deviation)
        self.groups = groups
        self.a, self.b = y[..., 0], y[..., -1]
        self.ab, self.ba = y[..., 1 : groups + 1], y[..., groups + 1 : 2 * groups + 1]

    def estimates(self, weights: Iterator[F8], second_order: bool) -> dict[str, F8]:
        """Return the indices of each resample, shape (m, r, effects).

        Parameters
        ----------
        weights : iterator of ndarray, shape (r, units)
            How often each unit is in each resample.
        second_order : bool
        """
        parts = [self._estimate(weight, second_order) for weight in weights]
        return {name: np.concatenate([p[name] for p in parts], axis=1) for name in parts[0]}

    def _estimate(self, weight: F8, second_order: bool) -> dict[str, F8]:
        """Return the indices of a chunk of resamples; every term is a mean over units."""
        groups = self.groups
        a, b = self.a[..., None], self.b[..., None]
        # One matrix product for all: a call of BLAS costs more than its arithmetic here.
        terms = [(a + b) / 2.0, (a * a + b * b) / 2.0, a * b, b * (self.ab - a)]
        terms.append(0.5 * (a - self.ab) ** 2)
        means = means_of(weight, np.concatenate(terms, axis=-1))
        variance = means[..., 1:2] - means[..., 0:1] ** 2
        first = share(means[..., 3 : 3 + groups], variance)
        indices_by_name = {"S1": first, "ST": share(means[..., 3 + groups :], variance)}
        if second_order:
            indices_by_name["S2"] = second = np.full((*first.shape, groups), np.nan)
            j, k = np.triu_indices(groups, 1)
            width = max(groups, VALUES // weight.shape[1])
            for start in range(0, len(j), width):
                one, two = j[start : start + width], k[start : start + width]
                joint = means_of(weight, self.ba[..., one] * self.ab[..., two]) - means[..., 2:3]
                alone = first[..., one] + first[..., two]
                second[..., one, two] = share(joint, variance) - alone
        return indices_by_name


def is_constant(deviation: F8, largest: F8) -> NDArray[np.bool_]:
    """Return where a deviation is the rounding of values so large, and no variance.

    The indices are 0/0 there, and say so.
    """
    return np.asarray(deviation <= 4 * np.finfo(float).eps * largest)


def share(part: F8, variance: F8) -> F8:
    """Return ``part / variance``; as in SALib 0 where a resample does not vary."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance <= np.finfo(float).eps, 0.0, part / variance)
