"""Values of a store in words, and ranges and shares as cells."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ensemble.tables.responses import NONE
from kernels import F8
from scenarios.units import ranged

MOST_ROWS = 60
"""Rows of a table that are shown; the store holds all."""


def words(value: Any) -> str:
    """Return a JSON value in words: ``normal (mean 10.3, sd 1.4), lower 2``."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case float():
            return f"{value:.6g}"
        case Mapping():
            inner = (
                f"{k} ({words(v)})" if isinstance(v, Mapping) else f"{k} {words(v)}"
                for k, v in value.items()
            )
            return ", ".join(inner) or "none"
        case str():
            return value
        case Sequence():
            return ", ".join(words(v) for v in value) or "none"
        case _:
            return "none" if value is None else str(value)


def span(values: Sequence[float] | F8) -> str:
    """Return the least and greatest of some values, or a dash where there are none."""
    if not len(values):
        return NONE
    return ranged(float(np.min(values)), float(np.max(values)), ".4g")


def share(value: float | None) -> str:
    """Return a share in per cent; small ones keep their size."""
    if value is None:
        return NONE
    return "0" if value == 0 else f"{value:.2g}" if value < 1e-4 else f"{value:.2%}"
