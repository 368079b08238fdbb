"""Random words that a search finds by number: Philox-4x64-10, of all searches in one call.

Salmon, J. K. et al. (2011), Parallel random numbers: as easy as 1, 2, 3, SC11,
https://doi.org/10.1145/2063384.2063405. Word i is a function of (key, i) alone, so nothing of a
stream need survive a kill, and no search can disturb another's. The words are those of
`numpy.random.Philox(key=key, counter=0).random_raw`; an object of numpy for each search and
generation takes 15 us, which is more than all else that a search does.
"""

import hashlib
import json
from typing import Any

import numpy as np

from kernels import F8, I8, U8, compiled, equation


def key(seed: int, group: str, restart: int, purpose: str) -> U8:
    """Return the key of a stream of a search, shape (2,)."""
    text = json.dumps([int(seed), "calibration", str(group), int(restart), purpose])
    digest = hashlib.sha256(text.encode()).digest()
    return np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64)


def keys(seed: int, groups: tuple[str, ...], restarts: tuple[int, ...], purpose: str) -> U8:
    """Return the keys of a purpose of many searches, shape (S, 2)."""
    each = [key(seed, g, r, purpose) for g, r in zip(groups, restarts, strict=True)]
    return np.array(each, dtype=np.uint64).reshape(-1, 2)


def words(of: U8, first: I8, count: int) -> U8:
    """Return ``count`` words of each stream ``of`` (k, 2) from ``first`` (k,) on: (k, count)."""
    out = np.empty((len(of), count), np.uint64)
    _fill(of, first, out)
    return out


def uniforms(of: U8, first: I8, count: int) -> F8:
    """Return as many uniform numbers of each stream, (k, count); never 0 and never 1.

    A number is the midpoint of its word's cell of width 2^-52.
    """
    found = words(of, first, count)
    return ((found >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


@equation
def _times(a: Any, b: Any) -> Any:
    """Return the high and the low word of a product of two words."""
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    a0, a1, b0, b1 = a & low, a >> half, b & low, b >> half
    first = a0 * b0
    middle = a1 * b0 + (first >> half)
    other = a0 * b1 + (middle & low)
    return a1 * b1 + (middle >> half) + (other >> half), (other << half) | (first & low)


@equation
def _philox(counter: Any, key0: Any, key1: Any) -> Any:
    """Return the four words of a counter below 2^64."""
    zero = np.uint64(0)
    a, b, c, d = counter, zero, zero, zero
    for _ in range(10):
        high0, low0 = _times(np.uint64(0xD2E7470EE14C6C93), a)
        high1, low1 = _times(np.uint64(0xCA5A826395121157), c)
        a, b, c, d = high1 ^ b ^ key0, low1, high0 ^ d ^ key1, low0
        key0 += np.uint64(0x9E3779B97F4A7C15)
        key1 += np.uint64(0xBB67AE8584CAA73B)
    return a, b, c, d


@compiled
def _fill(keys, first, out):  # type: ignore[no-untyped-def]
    four = np.uint64(4)
    for i in range(out.shape[0]):
        start = np.uint64(first[i])
        # numpy counts before it draws: its word 0 is of the counter 1.
        counter = start // four + np.uint64(1)
        skip, at = int(start % four), 0
        while at < out.shape[1]:
            four_words = _philox(counter, keys[i, 0], keys[i, 1])
            for k in range(skip, 4):
                if at < out.shape[1]:
                    out[i, at] = four_words[k]
                    at += 1
            skip = 0
            counter += np.uint64(1)
