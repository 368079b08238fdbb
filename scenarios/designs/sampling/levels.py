"""Distinct rows by index arithmetic: what members may share, never found by comparing values."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from kernels import I8

Levels = tuple[I8, I8]
"""``(first, level)`` of `Design.levels`."""


def span(size: int, start: int, stop: int) -> None:
    """Check that a range of rows lies in the design.

    Raises
    ------
    IndexError
        It does not: a mistake of the program, not of the user.
    """
    if not 0 <= start <= stop <= size:
        raise IndexError(f"rows {start} to {stop} of a design of {size} rows")


def identity(start: int, stop: int) -> Levels:
    """Return levels that share nothing."""
    return np.arange(stop - start), np.arange(stop - start)


def single(start: int, stop: int) -> Levels:
    """Return levels of rows that are all alike."""
    return np.zeros(min(1, stop - start), dtype=np.int64), np.zeros(stop - start, dtype=np.int64)


def all_or_none(
    names: Collection[str], parameters: Collection[str], start: int, stop: int
) -> Levels:
    """Return levels where each row has its own value of every parameter."""
    varied = not set(names).isdisjoint(parameters)
    return identity(start, stop) if varied else single(start, stop)


def runs(fresh: NDArray[np.bool_]) -> Levels:
    """Return levels from marks of the rows that differ from the row before, shape (n,)."""
    if fresh.size:
        fresh[0] = True
    return np.flatnonzero(fresh), np.cumsum(fresh) - 1


def tiled(pattern: Levels, rows_together: int, start: int, stop: int) -> Levels:
    """Return levels of groups of rows that all repeat one pattern and share nothing.

    Parameters
    ----------
    pattern : (first, level)
        Of one group.
    rows_together : int
        Rows of it.
    start, stop : int
        Range of rows; need not begin or end at a group.
    """
    first, level = pattern
    begin, end = start // rows_together, -(-stop // rows_together)
    numbers = np.arange(end - begin)[:, None]
    firsts = (numbers * rows_together + first).reshape(-1)
    levels = (numbers * len(first) + level).reshape(-1)
    skip = start - begin * rows_together
    return trimmed((firsts, levels), skip, skip + stop - start)


def trimmed(levels: Levels, skip: int, stop: int) -> Levels:
    """Return levels of the rows ``skip`` to ``stop`` of a range."""
    level = levels[1]
    if skip == 0 and stop == len(level):
        return levels
    return by_appearance(level[skip:stop])


def by_appearance(keys: I8) -> Levels:
    """Return levels of rows told apart by an integer, numbered as they first appear."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[inverse.reshape(-1)]
