"""What a calibration was asked for, what it found, and why its searches ended."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ensemble.calibration.layout import GROUP
from ensemble.report.calibrated import Calibrated
from ensemble.report.data.compared import IN_WORDS
from ensemble.report.parts import Banner, Notes, Pairs, Part
from ensemble.report.texts.wording import MOST_ROWS, span, words
from ensemble.tables.calibration import (
    WIDE,
    apart_of,
    groups_table,
    parameters_table,
    spread,
    worse,
)
from ensemble.tables.responses import NONE, Table
from kernels import OK

NO_RESULT = "No search that is committed came to a result; see Failures."


def asked(run: Calibrated) -> Iterator[Part]:
    """Yield groups, parameters, search and budget as they were asked for."""
    section, found = run.section, run.found
    algorithm = section["algorithm"] or {"name": run.attrs["design"]["search"]}
    restarts = int(section["restarts"])
    limits = section["require"]
    rows = [
        ("made small", _minimised(run)),
        ("groups", _groups(run)),
        ("search", _search(algorithm)),
        ("searches of each group", _restarts(restarts)),
        ("budget", f"{section['budget']:,} evaluations of a search at most"),
        ("held back", words(_said(section["validation"])) if section["validation"] else "nothing"),
        *([("required", words(_said(limits)))] if limits else []),
    ]
    yield Pairs(rows)
    yield _ranges(run)
    if run.compared:
        header = ["response", "observed", *IN_WORDS.values(), "share of the cost at the best"]
        yield Table("what is compared", header, list(_compared(run)))
    if found.forcings[1:] and section["forcings"]:
        together = section["forcings"] == "together"
        yield Notes(["one set for all forcings" if together else "a set for each forcing"])


def _restarts(count: int) -> str:
    return f"{count:,}, each from random numbers of its own" if count > 1 else "1"


def _said(value: Any) -> Any:
    """Return words without those that say nothing."""
    if isinstance(value, Mapping):
        return {k: _said(v) for k, v in value.items() if v is not None}
    return value


def _search(asked: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in _said(asked).items() if key != "name"}
    return f"{asked['name']}, {words(rest)}" if rest else str(asked["name"])


def _minimised(run: Calibrated) -> str:
    asked = run.section["minimise"]
    parts = (run.scenario["responses"].get(asked["response"]) or {}).get("combine")
    if not parts:
        return str(run.attrs["design"]["cost"])
    total = " + ".join(name if w == 1 else f"{w:g} x {name}" for name, w in parts.items())
    return f"{run.cost} = {total}"


def _groups(run: Calibrated) -> str:
    asked, count = run.section["groups"], len(run.found.groups)
    if isinstance(asked, Mapping):
        return f"by the column {asked['column']} of locations: {count:,}"
    return "all locations are one" if asked == "all" else f"every location by itself: {count:,}"


def _ranges(run: Calibrated) -> Table:
    """Return where each parameter was searched."""
    found, section = run.found, run.section
    units = found.units
    lower, upper = found.read("lower"), found.read("upper")
    rows = []
    for j, name in enumerate(found.parameters[:MOST_ROWS]):
        log = (section["parameters"].get(name) or {}).get("loguniform")
        other, parent = section["search_ratio"].get(name), found.tied_to[j]
        how = f"as {name} / {other}" if other else "in its logarithm" if log else "evenly"
        how = f"no: it follows {parent}" if parent else how
        rows.append([name, units[j], span((lower[j], upper[j])), how])
    return Table("parameters", ["parameter", "units", "range", "searched"], rows)


def _compared(run: Calibrated) -> Iterator[list[str]]:
    """Yield a row for each response: its observations by part, and what of the cost is its."""
    terms = run.found.of_best("cost_terms")
    # A cost of zero has no shares.
    terms = terms[terms.sum(axis=1) > 0]
    shares = np.full(terms.shape[1], np.nan)
    if len(terms):
        shares = np.median(terms / terms.sum(axis=1, keepdims=True), axis=0)
    for one, share in zip(run.compared, shares.tolist(), strict=True):
        counts = [f"{int((one.part == p).sum()):,}" for p in range(len(IN_WORDS))]
        if one.predicted is not None:
            counts[1] = "all, in turn"
        part = f"{share:.1%}" if np.isfinite(share) else NONE
        yield [one.name, one.meaning, *counts, part]


def best(run: Calibrated) -> Iterator[Part]:
    """Yield the best parameters of each group, and how far restarts are apart."""
    if not run.any_result:
        yield NO_RESULT
        return
    if lines := list(worse(run.found)):
        head = "Calibrated parameters do worse than the kernel's defaults, by RMSE:"
        yield Banner([head], points=lines)
    yield groups_table(run.found)
    yield parameters_table(run.found)
    if run.found.read("cost").shape[1] > 1:
        yield _apart(run)


def _apart(run: Calibrated) -> Table:
    """Return how far the restarts of a group come apart, by parameter."""
    found, apart = run.found, apart_of(run.found)
    bound, groups = found.read("at_bound"), len(found.groups)
    rows = []
    for j, name in enumerate(found.searched[:MOST_ROWS]):
        here = apart[:, j][np.isfinite(apart[:, j])]
        middle, most = (f"{f(here):.1%}" if len(here) else NONE for f in (np.median, np.max))
        wide = f"{int((here > WIDE).sum()):,}"
        ends = [f"{int((bound[:, j] == side).sum()):,}" for side in (-1, 1)]
        rows.append([name, middle, most, wide, *ends])
    limit = f"groups above {WIDE:.0%}"
    header = ["parameter", "median", "largest", limit, "groups at the lower end", "at the upper"]
    notes = [f"in shares of the range that is searched, over {groups:,} groups", *spread(found)]
    return Table("how far the restarts of a group are apart", header, rows, notes)


def failures(run: Calibrated) -> Iterator[Part]:
    """Yield why searches stopped, groups without a result, and what befell candidates."""
    found = run.found
    reasons = Counter(found.reasons)
    rows = [[word, f"{count:,}"] for word, count in reasons.most_common()]
    yield Table("why searches stopped", ["reason", "searches"], rows)
    if lost := list(_lost(run)):
        notes = [f"the first {MOST_ROWS} of {len(lost):,}"] if len(lost) > MOST_ROWS else []
        header = ["group", "reasons of its searches"]
        yield Table("groups without a result", header, lost[:MOST_ROWS], notes)
    tallies = found.read("tallies").sum(axis=(0, 1)).tolist()
    names = found.store.read_strings(f"{GROUP}/tally")
    evaluations = int(found.read("evaluations").sum())
    befell = [
        [name.replace("_", " "), f"{int(n):,}", f"{n / max(1, evaluations):.2%}"]
        for name, n in zip(names, tallies, strict=True)
        if n
    ]
    if befell:
        notes = ["a candidate that failed is worse than any other; one outside a limit is ordered"]
        yield Table("what befell candidates", ["what", "candidates", "share"], befell, notes)
    else:
        yield f"None of {evaluations:,} candidates failed, broke a limit or left its range."


def _lost(run: Calibrated) -> Iterator[list[str]]:
    """Yield the groups of which no search came to a result, with their reasons."""
    found = run.found
    restarts = found.read("cost").shape[1]
    without = (found.array("status") != OK).all(axis=1) & found.done
    for g in np.flatnonzero(without).tolist():
        reasons = dict.fromkeys(found.reasons[g * restarts : (g + 1) * restarts])
        yield [found.groups[g], ", ".join(reasons)]
