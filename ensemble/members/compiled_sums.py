"""Compiled sums over members: everything that touches each member's values once."""

from typing import Any

import numpy as np

from kernels import F8, I8, compiled, equation


def expand(values: F8, level: I8, out: F8) -> F8:
    """Fill ``out`` (..., S) with ``values[..., level]``; ``values`` (..., R), ``level`` (S,)."""
    _expand(values.reshape(-1, values.shape[-1]), level, out.reshape(-1, out.shape[-1]))
    return out


@compiled
def _expand(values, level, out):  # type: ignore[no-untyped-def]
    for r in range(out.shape[0]):
        for i in range(out.shape[1]):
            out[r, i] = values[r, level[i]]


LANES = 64
"""Sums run in this many lanes, folded in a fixed order: vectorised without reassociation."""

_ABREAST = 16
"""Lanes of `row_sums`, which takes four values into a lane at once: four reads for one write."""


@compiled
def row_sums(values, times, members, out):  # type: ignore[no-untyped-def]
    """Fill mean, squared deviations and extremes of rows, in one pass over each.

    Deviations are from the row's first value, so the variance does not cancel where the
    spread is small beside the level.

    Parameters
    ----------
    values : ndarray, shape (r, s), float64
    times : ndarray, shape (s,), float64
        How many members have each value.
    members : float
        Their sum.
    out : ndarray, shape (4, r), float64
    """
    lanes, width = np.uintp(_ABREAST), np.uintp(values.shape[1])
    total, square, least, most = np.empty((4, _ABREAST))
    whole = width // (4 * lanes) * (4 * lanes)
    for r in range(values.shape[0]):
        row = values[r]
        pivot = row[0]
        for j in range(lanes):
            total[j] = square[j] = 0.0
            least[j] = most[j] = pivot
        for base in range(np.uintp(0), whole, 4 * lanes):
            for j in range(lanes):
                a = base + j
                b, c, d = a + lanes, a + 2 * lanes, a + 3 * lanes
                x, y, z, w = row[a], row[b], row[c], row[d]
                da, db, dc, dd = x - pivot, y - pivot, z - pivot, w - pivot
                ta, tb, tc, td = da * times[a], db * times[b], dc * times[c], dd * times[d]
                total[j] += (ta + tb) + (tc + td)
                square[j] += (da * ta + db * tb) + (dc * tc + dd * td)
                low, less = x if x < y else y, z if z < w else w
                high, more = x if x > y else y, z if z > w else w
                low, high = low if low < less else less, high if high > more else more
                least[j] = low if low < least[j] else least[j]
                most[j] = high if high > most[j] else most[j]
        for k in range(whole, width):
            x, j = row[k], int(k % lanes)
            d = x - pivot
            total[j] += d * times[k]
            square[j] += d * d * times[k]
            least[j] = x if x < least[j] else least[j]
            most[j] = x if x > most[j] else most[j]
        for j in range(np.uintp(1), lanes):
            total[0] += total[j]
            square[0] += square[j]
            least[0] = least[j] if least[j] < least[0] else least[0]
            most[0] = most[j] if most[j] > most[0] else most[0]
        shift = total[0] / members
        out[0, r] = pivot + shift
        out[1, r] = max(square[0] - total[0] * shift, 0.0)
        out[2, r] = least[0]
        out[3, r] = most[0]


@compiled
def pool(members, sums, n, mean, spread, low, high):  # type: ignore[no-untyped-def]
    """Merge `row_sums` (4, r) of so many members into those of rows, by Chan's formula."""
    for r in range(len(n)):
        both = n[r] + members
        step = sums[0, r] - mean[r]
        mean[r] += step * (members / both)
        spread[r] += sums[1, r] + step * step * (n[r] * members / both)
        n[r] = both
        low[r] = min(low[r], sums[2, r])
        high[r] = max(high[r], sums[3, r])


@compiled
def add_weighted(values, weight, region, first, high, low):  # type: ignore[no-untyped-def]
    """Add ``values`` (l, r, s) x ``weight`` (l,) to the sums (n, r, S) of their regions.

    What rounding takes from ``high`` is added up in ``low`` (Knuth's sum of two, exact), one
    location after the other, so how a block is cut into tiles changes no bit.
    """
    places, rows, width = values.shape
    for k in range(places):
        w = weight[k]
        n = region[k]
        for r in range(rows):
            for i in range(width):
                x = values[k, r, i] * w
                h = high[n, r, first + i]
                both = h + x
                back = both - h
                low[n, r, first + i] += (h - (both - back)) + (x - back)
                high[n, r, first + i] = both


_PART = 1024
"""Values whose bins are found together, without a branch, before any is counted."""


@compiled
def histogram(values, times, edges, counts):  # type: ignore[no-untyped-def]
    """Count rows of values into equal bins; the first and last count what is out of range.

    Parameters
    ----------
    values : ndarray, shape (n, s), float64
    times : ndarray, shape (s,), dtype of ``counts``
        How many members have each value.
    edges : ndarray, shape (n, 2), float64
        Lowest and highest.
    counts : ndarray, shape (n, bins + 2), unsigned

    Notes
    -----
    A counter of fewer than 32 bits that neighbouring values share makes each wait for the one
    before, so rows are counted in wider ones, and long rows in four sets of them.
    """
    width, n = np.uintp(values.shape[1]), np.uintp(counts.shape[1])
    bins = float(counts.shape[1] - 2)
    at = np.empty(_PART, np.int32)
    four = np.uintp(4)
    aside = 4 * width >= n and counts.itemsize <= 4
    apart = n if width >= four * n else np.uintp(0)
    own = np.zeros(n + np.uintp(3) * apart, np.uint32)
    for r in range(values.shape[0]):
        first = edges[r, 0]
        per = bins / (edges[r, 1] - first)
        row, count = values[r], counts[r]
        for start in range(np.uintp(0), width, np.uintp(_PART)):
            some = min(np.uintp(_PART), width - start)
            for i in range(some):
                position = (row[start + i] - first) * per
                inside = position if position < bins else bins
                at[i] = np.int32(inside if inside >= 0.0 else -1.0) + np.int32(1)
            fours = some // four * four if aside else np.uintp(0)
            for i in range(np.uintp(0), fours, four):
                j = start + i
                own[np.uint32(at[i])] += times[j]
                own[apart + np.uint32(at[i + np.uintp(1)])] += times[j + np.uintp(1)]
                own[np.uintp(2) * apart + np.uint32(at[i + np.uintp(2)])] += times[j + np.uintp(2)]
                own[np.uintp(3) * apart + np.uint32(at[i + np.uintp(3)])] += times[j + np.uintp(3)]
            for i in range(fours, some):
                count[np.uint32(at[i])] += times[start + i]
        if aside:
            for base in range(np.uintp(0), np.uintp(len(own)), n):
                for k in range(n):
                    count[k] += own[base + k]
            own[:] = 0


@compiled
def exceed(values, times, threshold, counts):  # type: ignore[no-untyped-def]
    """Count members of each row of ``values`` (n, s) above the threshold, ``times`` (s,) each."""
    for r in range(values.shape[0]):
        n = 0.0
        for i in range(values.shape[1]):
            n += times[i] if values[r, i] > threshold else 0.0
        counts[r] += n


@equation
def _edge(k: Any, bins: Any, edges: Any) -> Any:
    """Return an edge of equal bins between the lowest and the highest, as numpy.linspace does."""
    step = (edges[1] - edges[0]) / bins
    return edges[1] if k == bins else k * step + edges[0]


@equation
def _ends(k: Any, bins: Any, edges: Any, extremes: Any) -> Any:
    """Return both ends of bin k; the outer two reach to the extremes, none beyond them."""
    left = extremes[0] if k == 0 else _edge(k - 1, bins, edges)
    right = extremes[1] if k == bins + 1 else _edge(k, bins, edges)
    return (
        min(max(left, extremes[0]), extremes[1]),
        min(max(right, extremes[0]), extremes[1]),
    )


@compiled
def quantiles(counts, edges, extremes, level, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (n,) with a quantile of each histogram (n, bins + 2); NaN where empty."""
    bins = counts.shape[1] - 2
    for r in range(len(out)):
        # Whole numbers are added up without waiting for one another as long as fractions do.
        target, below = level * counts[r].sum(), np.int64(0)
        out[r] = np.nan
        for k in range(counts.shape[1]):
            count = np.int64(counts[r, k])
            if count > 0 and below + count >= target:
                left, right = _ends(k, bins, edges[r], extremes[r])
                out[r] = left + (right - left) * ((target - below) / count)
                break
            below += count


@equation
def _share_below(x: Any, below: Any, edges: Any, extremes: Any) -> Any:
    """Return the share of a histogram's members below x; ``below`` (bins + 3,) is cumulative."""
    if x <= extremes[0]:
        return 0.0
    if x >= extremes[1]:
        return 1.0
    bins = len(below) - 3
    # As many edges as are not above x: about where x is between the ends, give or take rounding.
    about = (x - edges[0]) / (edges[1] - edges[0]) * bins
    k = 0 if about < 0.0 else int(about) + 1 if about < bins else bins + 1
    while k > 0 and _edge(k - 1, bins, edges) > x:
        k -= 1
    while k <= bins and _edge(k, bins, edges) <= x:
        k += 1
    left, right = _ends(k, bins, edges, extremes)
    inside = (x - left) / (right - left) if right > left else 1.0
    return (below[k] + (below[k + 1] - below[k]) * inside) / below[-1]


@equation
def _shares_below(x: Any, below: Any, edges: Any, extremes: Any) -> Any:
    """Return the sum of the shares below x of histograms; those without a member have none."""
    share = 0.0
    for f in range(len(below)):
        if below[f, -1] > 0:
            share += _share_below(x, below[f], edges[f], extremes[f])
    return share


@equation
def _crossing(wanted: Any, below: Any, edges: Any, extremes: Any, low: Any, high: Any) -> Any:
    """Return the least number above ``low`` at which the shares below reach ``wanted``.

    Shares never fall, so it is one number whatever the way to it. Between edges they are lines:
    where the chord meets ``wanted`` is soon within some last bits of it, which a look just
    beyond tells; halving what is left makes sure of an end.
    """
    at_low, at_high = 0.0, _shares_below(high, below, edges, extremes)
    while low < 0.5 * (low + high) < high:
        x = low + (high - low) * ((wanted - at_low) / (at_high - at_low))
        beyond = 8 * 2.0**-52 * abs(x)
        for k in range(3):
            if k == 1:
                x += -beyond if x == high else beyond
            elif k == 2:
                x = 0.5 * (low + high)
            if low < x < high:
                share = _shares_below(x, below, edges, extremes)
                if share >= wanted:
                    high, at_high = x, share
                else:
                    low, at_low = x, share
    return high


@compiled
def mixture_quantiles(counts, edges, extremes, levels, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (q, n) with q quantiles of F equal-weight histograms (F, n, bins + 2).

    Each to the last bit of the number at which the mixture's distribution function reaches it.
    """
    parts = counts.shape[0]
    # Whole numbers: adding them waits for one another a quarter as long as fractions do.
    below = np.zeros((parts, counts.shape[2] + 1), np.int64)
    for r in range(out.shape[1]):
        used, low, high = 0, np.inf, -np.inf
        for f in range(parts):
            members = np.int64(0)
            for k in range(counts.shape[2]):
                members += np.int64(counts[f, r, k])
                below[f, k + 1] = members
            if members > 0:
                used += 1
                low, high = min(low, extremes[f, r, 0]), max(high, extremes[f, r, 1])
        for q in range(len(levels)):
            out[q, r] = np.nan
            if used:
                wanted = levels[q] * used
                out[q, r] = _crossing(wanted, below, edges[:, r], extremes[:, r], low, high)


@equation
def _sum(row: Any, lanes: Any, squares: Any) -> Any:
    """Return the sum of a row, or of its squares, in lanes that are folded in order."""
    lanes[:] = 0.0
    width = len(row)
    whole = width // LANES * LANES
    if squares:
        for base in range(0, whole, LANES):
            for j in range(LANES):
                lanes[j] += row[base + j] * row[base + j]
        for j in range(width - whole):
            lanes[j] += row[whole + j] * row[whole + j]
    else:
        for base in range(0, whole, LANES):
            for j in range(LANES):
                lanes[j] += row[base + j]
        for j in range(width - whole):
            lanes[j] += row[whole + j]
    half = LANES // 2
    while half:
        for j in range(half):
            lanes[j] += lanes[j + half]
        half //= 2
    return lanes[0]


@compiled
def closed_variances(flat, cells, groups, width, level, with_last, out, middle):  # type: ignore[no-untyped-def]
    """Fill the variance of the means of each cell's values by each subset of factors.

    Parameters
    ----------
    flat : ndarray, float64
        Runs of ``width`` values, the levels of the last factor.
    cells, groups : ndarray, int64
        Where the runs of a cell, and of the levels of all other factors, begin.
    width : int
    level : ndarray, shape (subset, group), int64
        The level of a subset without the last factor that each group is in.
    with_last : ndarray, shape (subset,), bool
        Whether the last factor is of the subset.
    out : ndarray, shape (subset, cell), float64
    middle : ndarray, shape (cell,), float64
        The mean of all values.
    """
    count, kinds = len(groups), len(level)
    lanes, mean = np.empty(LANES), np.empty(count)
    off = np.empty((count, width))
    rows, few = np.empty((count, width)), np.empty(count)
    for c in range(len(cells)):
        for g in range(count):
            start = cells[c] + groups[g]
            row = flat[start : start + width]
            mean[g] = _sum(row, lanes, False) / width
        centre = _sum(mean, lanes, False) / count
        for g in range(count):
            start = cells[c] + groups[g]
            mean[g] -= centre
            for i in range(width):
                off[g, i] = flat[start + i] - centre
        middle[c] = centre
        for k in range(kinds):
            levels = level[k].max() + 1
            share = float(levels) / count
            total = 0.0
            if with_last[k]:
                if levels < count:
                    rows[:levels] = 0.0
                    for g in range(count):
                        n = level[k, g]
                        for i in range(width):
                            rows[n, i] += off[g, i]
                for n in range(levels):
                    total += _sum(rows[n] if levels < count else off[n], lanes, True)
                out[k, c] = total * share * share / (levels * width)
            else:
                few[:levels] = 0.0
                for g in range(count):
                    few[level[k, g]] += mean[g]
                for n in range(levels):
                    total += few[n] * few[n]
                out[k, c] = total * share * share / levels
