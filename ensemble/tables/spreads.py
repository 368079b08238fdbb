"""Table of spreads that are easily taken for each other: of totals, of locations, of single sites.

The standard deviation of totals over members is small where errors of locations differ, the sum
over locations of theirs is what it would be if all erred together, and neither is how far single
sites lie from what is predicted.
"""

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ensemble.tables.responses import NONE, Table, labels_of, number_form, of_forcing
from ensemble.tables.results import Results
from ensemble.tables.sums import over_samples
from scenarios.units import over_area

PREDICTED = re.compile(r"statistics/(\w+)_pred_q(\d+)_mean")
"""Means over members of quantiles of single sites."""


def spread_tables(results: Results) -> list[Table]:
    """Return spreads of sums over all locations whose members' are kept of each: a table a unit."""
    asked = results.store.attrs["identity"]["scenario"].get("aggregates") or {}
    targets = [target for target, aggregate in asked.items() if "global" in aggregate["over"]]
    if not results.complete:
        return []
    alike: dict[str, list[str]] = {}
    for target in targets:
        if _is_known(results, target):
            unit = str(results.store.specs[_std(target)].attrs["units"])
            alike.setdefault(unit, []).append(target)
    return [_table(results, unit, each) for unit, each in alike.items()]


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


def _table(results: Results, unit: str, targets: Sequence[str]) -> Table:
    units, scale = over_area(unit)
    area = results.whole("area") * scale
    rows, ends = list[list[str]](), {target: _widest(results, target) for target in targets}
    sites = any(ends.values())
    notes = [
        "totals: standard deviation over members; locations: sum of that of each, which totals "
        "come near only where all vary together"
    ]
    for target in targets:
        found = [
            over_samples(results, f"{target}_global")[1],
            results.whole(_std(target)) @ area,
        ]
        if between := ends[target]:
            low, high = (results.whole(f"statistics/{target}_pred_q{q}_mean") for q in between)
            found.append((high - low) @ area / 2)
            notes.append(
                f"single sites: sum over locations of half the predictive interval of {target}, "
                f"q{between[0]} to q{between[1]}, as mean over members"
            )
        form = number_form(*found)
        for f, forcing in enumerate(results.forcings):
            words = [form(float(values[f])) for values in found]
            words += [NONE] if sites and not between else []
            rows.append([*of_forcing(results, forcing), target, *words])
    header = [*of_forcing(results, "forcing"), "of", "totals", "locations"]
    header += ["single sites"] if sites else []
    return Table(f"spreads [{units}]", header, rows, [*notes, *labels_of(results.store)])


def _widest(results: Results, target: str) -> tuple[str, str] | None:
    """Return the digits of the outermost quantiles on both sides of the middle, if any are kept."""
    names = (PREDICTED.fullmatch(path) for path in results.store.specs)
    levels = {float(f"0.{m[2]}"): m[2] for m in names if m and m[1] == target}
    pairs = [p for p in combinations(sorted(levels), 2) if abs(sum(p) - 1.0) < 1e-9]
    return (levels[pairs[0][0]], levels[pairs[0][1]]) if pairs else None
