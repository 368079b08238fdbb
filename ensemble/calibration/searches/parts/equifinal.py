"""The candidates near the best so far: how many there are, and their range in each parameter.

A search evaluates tens of thousands of candidates, and which are near the best is known when it
ends. Until then the costs of all that may be are kept, and of their places only those that can be
an end of a range: where another candidate costs no more and lies as far out, a place is forgotten.
What is left in a direction is a *flight of stairs*, by cost up and by place outwards, mostly of
some ten steps.
"""

from typing import Any

import numpy as np

from kernels import compiled, equation


@equation
def _insert(stairs_cost: Any, stairs_out: Any, steps: Any, cost: Any, out: Any) -> Any:
    """Add a candidate to a flight; return its number of steps, -1 where there is no room.

    ``out`` is how far it lies: u, or -u where the lowest is looked for.
    """
    at = 0
    while at < steps and stairs_cost[at] <= cost:
        at += 1
    if at > 0 and stairs_out[at - 1] >= out:
        return steps
    beaten = at
    while beaten < steps and stairs_out[beaten] <= out:
        beaten += 1
    left = steps - beaten
    if at + 1 + left > len(stairs_cost):
        return -1
    if beaten > at:
        for i in range(left):
            stairs_cost[at + 1 + i] = stairs_cost[beaten + i]
            stairs_out[at + 1 + i] = stairs_out[beaten + i]
    else:
        for i in range(left - 1, -1, -1):
            stairs_cost[at + 1 + i] = stairs_cost[beaten + i]
            stairs_out[at + 1 + i] = stairs_out[beaten + i]
    stairs_cost[at] = cost
    stairs_out[at] = out
    return at + 1 + left


@compiled
def take(which, limit, pending, pending_u, pending_cost, costs, count, stairs, steps):  # type: ignore[no-untyped-def]
    """Add what searches have pending up to their limits, and forget what is above.

    Parameters
    ----------
    which : ndarray, shape (k,), int64
        Of S searches.
    limit : ndarray, shape (k,)
    pending : ndarray, shape (S,), int64
        Candidates that have been told since the last boundary; set to 0 where they are taken.
    pending_u : ndarray, shape (S, c, n)
    pending_cost : ndarray, shape (S, c)
    costs : ndarray, shape (S, e)
        Of which ``count`` (S,) are costs of candidates.
    stairs : ndarray, shape (S, n, 2, 2, f)
        Cost and place of each step, lowest and highest, of which ``steps`` (S, n, 2) are there.

    Returns
    -------
    short : int
        0; 1 where there are more costs than room, 2 where there are more steps: called again with
        more room it goes on where it was.
    """
    n = pending_u.shape[2]
    for k in range(len(which)):
        s = which[k]
        kept = 0
        for i in range(count[s]):
            if costs[s, i] <= limit[k]:
                costs[s, kept] = costs[s, i]
                kept += 1
        count[s] = kept
        for j in range(n):
            for side in range(2):
                while steps[s, j, side] > 0 and (
                    stairs[s, j, side, 0, steps[s, j, side] - 1] > limit[k]
                ):
                    steps[s, j, side] -= 1
        while pending[s] > 0:
            i = pending[s] - 1
            cost = pending_cost[s, i]
            if cost <= limit[k]:
                if count[s] == costs.shape[1]:
                    return 1
                for j in range(n):
                    for side in range(2):
                        flight = stairs[s, j, side]
                        out = pending_u[s, i, j] if side else -pending_u[s, i, j]
                        # A place that is there already, from a call that was short, changes none.
                        found = _insert(flight[0], flight[1], steps[s, j, side], cost, out)
                        if found < 0:
                            return 2
                        steps[s, j, side] = found
                costs[s, count[s]] = cost
                count[s] += 1
            pending[s] = i
    return 0


@compiled
def ranges(limit, costs, count, stairs, steps, low, high, found):  # type: ignore[no-untyped-def]
    """Fill ranges (S, n) and numbers (S,) of the candidates up to a limit (S,) of each search."""
    for s in range(len(limit)):
        found[s] = 0
        for i in range(count[s]):
            found[s] += costs[s, i] <= limit[s]
        for j in range(low.shape[1]):
            for side in range(2):
                out = np.nan
                for i in range(steps[s, j, side]):
                    if stairs[s, j, side, 0, i] <= limit[s]:
                        out = stairs[s, j, side, 1, i]
                if side:
                    high[s, j] = out
                else:
                    low[s, j] = -out
