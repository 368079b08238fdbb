"""Rows of a one-at-a-time design: which parameter each changes, by what share."""

from collections.abc import Mapping
from typing import Any

FEWEST = 5
"""Changes of a parameter that are a curve; fewer are lines by depth, or marks on curves."""


def changed_rows(design: Mapping[str, Any]) -> dict[str, dict[float, int]]:
    """Return the row of every change of every parameter; row 0 changes none.

    Parameters
    ----------
    design : mapping
        As a store keeps it; ``change`` is a list for all parameters, or one for each.
    """
    rows: dict[str, dict[float, int]] = {}
    first = 1
    for name in design["parameters"]:
        change = design["change"]
        shares = change[name] if isinstance(change, Mapping) else change
        rows[name] = {float(share): first + k for k, share in enumerate(shares)}
        first += len(shares)
    return rows
