"""The steps of shuffled complex evolution, for all searches of a block; see ``evolution``.

S searches of p complexes of m = 2 n + 1 points in n dimensions; q = n + 1 points in a sub-complex.
A point is better by the pair (violation, cost), and a failed one has both infinite.
"""

from typing import Any

import numpy as np

from kernels import compiled, equation

REFLECTION, CONTRACTION, MUTATION = 0, 1, 2
"""What the candidate of a complex is that is asked for."""

SPACE, COMPLEX, NORMAL = 0, 1, 2
"""Where a mutation is drawn from."""


@equation
def _better(violation: Any, cost: Any, other_violation: Any, other_cost: Any) -> Any:
    return violation < other_violation or (violation == other_violation and cost < other_cost)


@compiled
def deal(which, population, cost, violation, complexes, complex_cost, complex_violation):  # type: ignore[no-untyped-def]
    """Fill the complexes of searches from their sorted populations, dealt out like cards."""
    p, m = complexes.shape[1:3]
    for s in which:
        for k in range(p):
            for i in range(m):
                complexes[s, k, i] = population[s, k + p * i]
                complex_cost[s, k, i] = cost[s, k + p * i]
                complex_violation[s, k, i] = violation[s, k + p * i]


@compiled
def shuffle(which, population, cost, violation, complexes, complex_cost, complex_violation, span):  # type: ignore[no-untyped-def]
    """Put complexes back and sort the populations, stable; fill ``span`` with their range."""
    p, m = complexes.shape[1:3]
    s0 = population.shape[1]
    order = np.empty(s0, np.int64)
    for at in range(len(which)):
        s = which[at]
        back_cost, back_violation = np.empty(s0), np.empty(s0)
        for k in range(p):
            for i in range(m):
                back_cost[k + p * i] = complex_cost[s, k, i]
                back_violation[k + p * i] = complex_violation[s, k, i]
        _sort(back_violation, back_cost, order)
        for i in range(s0):
            j = order[i]
            population[s, i] = complexes[s, j % p, j // p]
            cost[s, i] = back_cost[j]
            violation[s, i] = back_violation[j]
        span[at] = _span(population[s])


@compiled
def settle(which, population, cost, violation, span):  # type: ignore[no-untyped-def]
    """Sort populations that have been evaluated for the first time; fill ``span``."""
    order = np.empty(population.shape[1], np.int64)
    for at in range(len(which)):
        s = which[at]
        _sort(violation[s], cost[s], order)
        population[s] = population[s][order]
        cost[s] = cost[s][order]
        violation[s] = violation[s][order]
        span[at] = _span(population[s])


@equation
def _sort(violation: Any, cost: Any, order: Any) -> Any:
    """Fill ``order`` with the places of points from the best on; equal ones as they stood."""
    for i in range(len(order)):
        at = i
        while at > 0 and _better(
            violation[i], cost[i], violation[order[at - 1]], cost[order[at - 1]]
        ):
            order[at] = order[at - 1]
            at -= 1
        order[at] = i


@equation
def _span(points: Any) -> Any:
    """Return the geometric mean of the ranges of points; one that has collapsed is no error."""
    total = 0.0
    for j in range(points.shape[1]):
        total += np.log(max(points[:, j].max() - points[:, j].min(), 1e-300))
    return np.exp(total / points.shape[1])


@compiled
def propose(  # type: ignore[no-untyped-def]
    which, mutation, uniforms, complexes, complex_cost, complex_violation, step, phase,
    chosen, centre, search, u, row, worst_cost, worst_violation,
):  # fmt: skip
    """Fill what searches ask for, a candidate of each complex that has steps left.

    Parameters
    ----------
    which : ndarray, shape (w,), int64
    mutation : int
        ``SPACE``, ``COMPLEX`` or ``NORMAL``.
    uniforms : ndarray, shape (S, p, beta, q + 2 n)
        Of the generation: q to choose by, n and n to mutate by.
    complexes, complex_cost, complex_violation : ndarray, shape (S, p, m, n), (S, p, m)
    step, phase : ndarray, shape (S, p), int64
    chosen : ndarray, shape (S, p, q), int64
        Filled for new steps with the ranks of the sub-complex, ascending.
    centre : ndarray, shape (S, p, n)
        Filled for new steps with the mean of all of it but the worst.
    search, u : ndarray, shape (c,), (c, n)
        Filled.
    row : ndarray, shape (c,), int64
        Filled with the complex, plus p where the candidate is a mutation.
    worst_cost, worst_violation : ndarray, shape (c,)
        Filled with those of the point that a candidate is to replace.

    Returns
    -------
    count : int
    """
    p, m, n = complexes.shape[1:]
    q, beta = n + 1, uniforms.shape[2]
    count = 0
    for s in which:
        for k in range(p):
            if step[s, k] == beta:
                continue
            words = uniforms[s, k, step[s, k]]
            points, ranks, g = complexes[s, k], chosen[s, k], centre[s, k]
            candidate, mutated = u[count], False
            if phase[s, k] == REFLECTION:
                _choose(words, m, ranks)
                worst = points[ranks[q - 1]]
                for j in range(n):
                    total = 0.0
                    for i in range(q - 1):
                        total += points[ranks[i], j]
                    g[j] = total / (q - 1)
                    candidate[j] = 2.0 * g[j] - worst[j]
                    mutated = mutated or not (0.0 <= candidate[j] <= 1.0)
            elif phase[s, k] == CONTRACTION:
                worst = points[ranks[q - 1]]
                for j in range(n):
                    candidate[j] = (g[j] + worst[j]) / 2.0
            else:
                mutated = True
            if mutated:
                first = q if phase[s, k] == REFLECTION else q + n
                for j in range(n):
                    candidate[j] = words[first + j]
                    if mutation == COMPLEX:
                        low, high = points[:, j].min(), points[:, j].max()
                        candidate[j] = low + candidate[j] * (high - low)
            search[count] = s
            row[count] = k + p if mutated else k
            worst_cost[count] = complex_cost[s, k, ranks[q - 1]]
            worst_violation[count] = complex_violation[s, k, ranks[q - 1]]
            count += 1
    return count


@equation
def _choose(words: Any, m: Any, ranks: Any) -> Any:
    """Fill ``ranks`` with some of m, ascending: without replacement, the best m times as likely."""
    taken = np.zeros(m, np.bool_)
    left = m * (m + 1) // 2
    for i in range(len(ranks)):
        at = int(words[i] * left)
        for rank in range(m):
            if taken[rank]:
                continue
            if at < m - rank:
                taken[rank] = True
                left -= m - rank
                break
            at -= m - rank
    count = 0
    for rank in range(m):
        if taken[rank]:
            ranks[count] = rank
            count += 1


@compiled
def accept(  # type: ignore[no-untyped-def]
    search, u, cost, violation, row, beta, complexes, complex_cost, complex_violation, step, phase,
    chosen,
):  # fmt: skip
    """Take what became of the candidates of `propose`: replace the worst, or go on."""
    p = complexes.shape[1]
    for i in range(len(search)):
        s, k = search[i], row[i] % p
        at = chosen[s, k, -1]
        points, costs, violations = complexes[s, k], complex_cost[s, k], complex_violation[s, k]
        if phase[s, k] != MUTATION and not _better(
            violation[i], cost[i], violations[at], costs[at]
        ):
            phase[s, k] += 1
            continue
        while at > 0 and _better(violation[i], cost[i], violations[at - 1], costs[at - 1]):
            points[at] = points[at - 1]
            costs[at] = costs[at - 1]
            violations[at] = violations[at - 1]
            at -= 1
        while at < len(costs) - 1 and _better(
            violations[at + 1], costs[at + 1], violation[i], cost[i]
        ):
            points[at] = points[at + 1]
            costs[at] = costs[at + 1]
            violations[at] = violations[at + 1]
            at += 1
        points[at] = u[i]
        costs[at] = cost[i]
        violations[at] = violation[i]
        step[s, k] += 1
        phase[s, k] = REFLECTION


@compiled
def still(which, generation, kstop, pcento, cost, violation, stopped):  # type: ignore[no-untyped-def]
    """Fill ``stopped`` (w,) with whether the best of searches has made no progress.

    ``cost`` and ``violation`` (S, g) are of the best one in every generation. While that violates
    a limit its violation is what has to fall, and to keep within all limits is progress.
    """
    for at in range(len(which)):
        s, now = which[at], generation[which[at]]
        stopped[at] = False
        if now < kstop:
            continue
        before = now - kstop
        outside = violation[s, now] > 0.0
        if not outside and violation[s, before] > 0.0:
            continue
        values = violation[s] if outside else cost[s]
        total = 0.0
        for i in range(before + 1, now + 1):
            total += abs(values[i])
        stopped[at] = abs(values[now] - values[before]) <= pcento * (total / kstop)
