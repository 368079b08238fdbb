"""Table of spreads that are easily taken for each other: of totals, of locations, of single sites.

The standard deviation of totals over members is small where errors of locations differ, the sum
over locations of theirs is what it would be if all erred together, and neither is how far single
sites lie from what is predicted.
"""

import re
from itertools import combinations

import numpy as np

from ensemble.tables.responses import Table, labels_of, number_form
from ensemble.tables.results import Results
from ensemble.tables.sums import over_samples
from scenarios.units import over_area

PREDICTED = re.compile(r"statistics/(\w+)_pred_q(\d+)_mean")
"""Means over members of quantiles of single sites."""


def spread_tables(results: Results) -> list[Table]:
    """Return a table for each sum over all locations whose members' spread is kept of each."""
    asked = results.store.attrs["identity"]["scenario"].get("aggregates") or {}
    targets = [target for target, aggregate in asked.items() if "global" in aggregate["over"]]
    if not results.complete:
        return []
    return [_table(results, target) for target in targets if _is_known(results, target)]


def _is_known(results: Results, target: str) -> bool:
    """Return whether total and location each have one number and its standard deviation."""
    specs = results.store.specs
    total, each = (specs.get(p) for p in (f"aggregates/control/{target}_global", _std(target)))
    if total is None or each is None or total.dims != ("forcing",):
        return False
    spread = over_samples(results, f"{target}_global")[1]
    return each.dims == ("forcing", "location") and bool(np.isfinite(spread).any())


def _std(target: str) -> str:
    return f"statistics/{target}_std"


def _table(results: Results, target: str) -> Table:
    units, scale = over_area(str(results.store.specs[_std(target)].attrs["units"]))
    area = results.whole("area") * scale
    found = {
        "standard deviation of totals": over_samples(results, f"{target}_global")[1],
        "sum over locations of the standard deviation of each": results.whole(_std(target)) @ area,
    }
    notes = [
        "standard deviations are over members; that of totals comes near the sum only where all "
        "locations vary together"
    ]
    if ends := _widest(results, target):
        low, high = (results.whole(f"statistics/{target}_pred_q{end}_mean") for end in ends)
        words = f"sum over locations of half the predictive interval, q{ends[0]} to q{ends[1]}"
        found[words] = (high - low) @ area / 2
        notes.append("the predictive interval is that of single sites, as mean over members")
    form = number_form(*found.values())
    many = len(results.forcings) > 1
    rows = [
        [*([forcing] if many else []), words, form(float(values[f]))]
        for f, forcing in enumerate(results.forcings)
        for words, values in found.items()
    ]
    header = [*(["forcing"] if many else []), "spread", units]
    return Table(f"spreads of {target}", header, rows, [*notes, *labels_of(results.store)])


def _widest(results: Results, target: str) -> tuple[str, str] | None:
    """Return the digits of the outermost quantiles on both sides of the middle, if any are kept."""
    names = (PREDICTED.fullmatch(path) for path in results.store.specs)
    levels = {float(f"0.{m[2]}"): m[2] for m in names if m and m[1] == target}
    pairs = [p for p in combinations(sorted(levels), 2) if abs(sum(p) - 1.0) < 1e-9]
    return (levels[pairs[0][0]], levels[pairs[0][1]]) if pairs else None
