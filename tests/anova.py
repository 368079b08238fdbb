"""The analysis of variance of one full factorial in plain numpy, effect by effect.

The orthogonal decomposition of Hoeffding and Sobol': effect of U = mean over the other axes less
the effects of all proper subsets of U. What is compiled has the same from closed variances.
"""

import math

import numpy as np

from ensemble.analysis.factorial import REST, subsets


def shares_of(values, *, order=None, nested=False):
    """Return the share of variance of every subset of axes; they add to 1.

    Where ``nested``, the levels of axes 1 to k are other ones at each level of axis 0: a subset
    without axis 0 is the mean over its levels of the variance within them.
    """
    # Rounding of a constant is no variance.
    noise = (4 * np.finfo(np.float64).eps * float(np.abs(values).max(initial=0.0))) ** 2
    found = _nested(values, order) if nested else _variances(values, order)
    total = math.fsum(found.values())
    if not total > noise:
        return dict.fromkeys(found, math.nan)
    return {subset: v / total for subset, v in found.items()}


def _variances(values, order):
    """Return the variance of the effect of each subset."""
    effects = {(): values.mean(keepdims=True)}
    found = {}
    for subset in subsets(values.ndim, order):
        if subset == REST:
            found[REST] = max(0.0, float(values.var()) - math.fsum(found.values()))
            continue
        others = tuple(a for a in range(values.ndim) if a not in subset)
        effect = np.asarray(values.mean(axis=others, keepdims=True))
        for smaller, known in effects.items():
            if set(smaller) < set(subset):
                effect -= known
        found[subset] = float(np.vdot(effect, effect)) / effect.size
        if len(subset) < values.ndim:
            effects[subset] = effect
    return found


def _nested(values, order):
    """Return the variance between the levels of axis 0, and the mean of those within."""
    found = {(0,): float(values.reshape(len(values), -1).mean(axis=1).var())}
    parts = [_variances(part, order) for part in values]
    for subset in subsets(values.ndim - 1, order):
        inner = tuple(a + 1 for a in subset)
        found[inner] = math.fsum(part[subset] for part in parts) / len(parts)
    return found
