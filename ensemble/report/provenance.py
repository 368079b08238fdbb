"""How a run was made: design, failures and provenance, as tables."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ensemble.report.data.failures import BINS, Account, Spread
from ensemble.report.html.markup import Html, joined, pairs, paragraphs, table, tag
from ensemble.store.journal import headers
from ensemble.store.store import Store
from ensemble.tables.limits import limit_lines, plain, table_of
from ensemble.tables.responses import NONE, Table
from ensemble.tables.results import Numbers
from kernels import BY_CODE, OK
from scenarios.units import ranged

MOST_ROWS = 60


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


# --- design ---

SHOWN_APART = {
    "parameters", "distributions", "plausible", "truncated_share", "outside_bounds", "admissible",
    "warnings", "cross", "values", "path", "stream", "chosen",
}  # fmt: skip


def design(
    attributes: Mapping[str, Any], numbers: Numbers, spreads: list[Spread]
) -> Iterable[Html]:
    """Yield the design's numbers, its factors, its distributions and its warnings."""
    for warning in attributes.get("warnings", []):
        yield tag("div", tag("p", warning), class_="banner bad")
    plain = [(k.replace("_", " "), words(v)) for k, v in attributes.items() if k not in SHOWN_APART]
    yield pairs(plain)
    if attributes.get("cross"):
        rows = [
            [
                "+".join(part.get("parameters", [])),
                str(part.get("method", "")),
                f"{part.get('size', 0):,}",
            ]
            for part in attributes["cross"]
        ]
        yield table(Table("factors, the first slowest", ["factor", "method", "rows"], rows))
    yield table(_parameters(attributes, numbers, {s.name: s for s in spreads}))


def _parameters(
    attributes: Mapping[str, Any], numbers: Numbers, spreads: Mapping[str, Spread]
) -> Table:
    names = list(attributes.get("parameters", []))
    rows = []
    for name in names[:MOST_ROWS]:
        spec = numbers.store.specs.get(f"control/{name}")
        units = str(spec.attrs.get("units", "")) if spec else ""
        drawn = spreads.get(name)
        span, control = (_span(drawn.span), _span(drawn.control)) if drawn else (NONE, NONE)
        law = attributes.get("distributions", {}).get(name) or attributes.get("values", {}).get(
            name
        )
        rows.append(
            [
                name,
                units,
                _law(law, attributes.get("plausible", {}).get(name, "")),
                _share(attributes.get("truncated_share", {}).get(name)),
                _share(attributes.get("outside_bounds", {}).get(name)),
                _bounds(attributes.get("admissible", {}).get(name) or {}),
                span,
                control,
            ]
        )
    header = ["parameter", "units", "distribution", "cut off", "outside the kernel's bounds"]
    header += ["admissible in the forcings", "drawn", "control members"]
    notes = [
        "cut off: probability of the distribution outside its bounds and the admissible range, "
        "which is the tightest over forcings; nothing is clipped"
    ]
    if len(names) > MOST_ROWS:
        notes.append(f"the first {MOST_ROWS} of {len(names)} parameters")
    return Table("parameters", header, rows, notes)


def _law(law: Any, source: str) -> str:
    """Return a distribution, and whose range it is where the scenario states none."""
    said = words(law) if law else NONE
    return f"{said}: the kernel's plausible range ({source})" if source else said


def _bounds(bounds: Mapping[str, Any]) -> str:
    """Return the admissible range; by location it is one itself."""
    parts = []
    for side, value in bounds.items():
        if isinstance(value, Mapping) and {"least", "most"} <= value.keys():
            parts.append(f"{side} {_span((value['least'], value['most']))}")
        else:
            parts.append(f"{side} {words(value)}")
    return ", ".join(parts) or NONE


def _span(values: Any) -> str:
    if not len(values):
        return NONE
    return ranged(float(np.min(values)), float(np.max(values)), ".4g")


def _share(value: float | None) -> str:
    if value is None:
        return NONE
    return "0" if value == 0 else f"{value:.2g}" if value < 1e-4 else f"{value:.2%}"


# --- failures ---


def failures(numbers: Numbers, account: Account) -> Iterable[Html]:
    """Yield how many members failed, which, and where."""
    control = _control(numbers)
    if control:
        yield tag("div", *(tag("p", line) for line in control), class_="banner bad")
    if not account.statuses:
        yield tag("p", f"None of {account.members:,} members failed.")
        return
    rows = [
        [f.name, f"{f.count:,}", f"{f.count / account.members:.2%}", ", ".join(f.first), f.advice]
        for f in account.statuses
    ]
    below = ["a member is FORCING/LOCATION/SAMPLE, as `soilsweep replay STORE MEMBER` takes it"]
    if account.looked_at < account.blocks:
        below.append(
            f"where they are: of the first {account.looked_at:,} of {account.blocks:,} blocks "
            "that hold some"
        )
    header = ["status", "members", "share", "the first", "what to do"]
    yield table(Table("failed members by status", header, rows, below))
    for axis, names, counts in (
        ("forcing", numbers.forcings, account.by_forcing),
        ("location", numbers.locations, account.by_location),
    ):
        if len(names) > 1:
            yield table(_counts(axis, names, counts))
    if account.spreads:
        yield table(_ranges(account.spreads))
    else:
        yield paragraphs(["Parameters are not stored, so where failures sit cannot be shown."])
    yield from _exceptions(numbers)


def _exceptions(numbers: Numbers) -> Iterable[Html]:
    """Yield what kernels raised: each text once, the most frequent first."""
    notes = Counter(note for entry in numbers.committed.values() for note in entry.notes)
    if not notes:
        return
    yield tag("h3", "Exceptions")
    for note, count in notes.most_common(10):
        text = note if len(note) <= 2000 else f"{note[:2000]} ..."
        yield tag("pre", f"{count:,} times noted: {text}")
    if len(notes) > 10:
        yield paragraphs([f"and {len(notes) - 10:,} other texts"])


def _control(numbers: Numbers) -> list[str]:
    """Return one line per control member that failed, at most ten."""
    status = numbers.cells("control/status")
    bad = np.argwhere(np.isfinite(status) & (status != OK))
    lines = []
    for at in map(tuple, bad[:10]):
        outcome = BY_CODE.get(int(status[at]))
        text = f"{outcome.name}: {outcome.advice}" if outcome else f"status {status[at]:.0f}"
        member = f"{numbers.forcings[at[0]]}/{numbers.locations[at[1]]}"
        lines.append(f"The control member of {member} failed, {text}")
    return [*lines, f"and {len(bad) - 10} more control members"] if len(bad) > 10 else lines


def _counts(axis: str, names: Sequence[str], counts: Any) -> Table:
    order = [k for k in np.argsort(-counts, kind="stable") if counts[k]]
    rows = [[names[k], f"{counts[k]:,}"] for k in order[:20]]
    notes = [f"{len(names) - len(order)} of {len(names)} without failure"]
    if len(order) > 20:
        notes.append(f"the 20 worst of {len(order)}")
    return Table(f"failed members by {axis}", [axis, "failed"], rows, notes)


def _ranges(spreads: list[Spread]) -> Table:
    """Return the range of each parameter over failed members and over all."""
    rows = []
    for s in sorted(spreads, key=lambda s: -s.contrast)[:MOST_ROWS]:
        parts = []
        for quarter in np.split(np.arange(BINS), 4):
            some = s.all[quarter].sum()
            parts.append(f"{s.failed[quarter].sum() / some:.1%}" if some else NONE)
        failed = _span(s.failed_span) if s.failed.any() else NONE
        rows.append([s.name, s.units, _span(s.span), failed, *parts])
    header = ["parameter", "units", "all members", "failed members"]
    header += [f"failed in quarter {k}" for k in (1, 2, 3, 4)]
    notes = ["quarters of the range of all members, lowest first; parameters that tell most first"]
    return Table("where failures sit", header, rows, notes)


# --- limits ---


def limits(numbers: Numbers) -> Iterable[Html]:
    """Yield which share of members holds more than a soil can, and where."""
    store, committed = numbers.store, numbers.committed
    if beyond := table_of(store, committed):
        yield table(beyond)
    yield paragraphs(limit_lines(plain(store, committed)), class_="")


# --- provenance ---


def provenance(store: Store, numbers: Numbers) -> Iterable[Html]:
    """Yield what has to be the same for the same numbers, and who computed them."""
    attrs, identity = store.attrs, store.attrs["identity"]
    yield pairs(
        [
            ("kernel", attrs["source"]),
            ("described in", attrs["references"]),
            # Stores of before have none.
            *(("of its files", said) for said in attrs.get("kernel_notes", ())),
            ("scenario, SHA-256", _hash(identity["scenario_sha256"])),
            ("seed", attrs["seed"]),
            ("block lengths", words(identity["block"])),
            ("versions at the start", words(identity["versions"])),
            (
                "store digest",
                joined([_hash(store.digest(numbers.committed)), _unfinished(numbers)]),
            ),
        ]
    )
    yield from _accepted(attrs["accepted_changes"])
    if identity["kernel"]:
        yield joined([tag("h3", "Kernel fingerprint"), _fingerprint(identity["kernel"])])
    yield joined([tag("h3", "Forcings"), *_forcings(store, numbers)])
    yield joined([tag("h3", "Processes"), *_processes(store, numbers)])


def _fingerprint(functions: Mapping[str, str]) -> Html:
    """Return one hash of all that the kernel calls, and the beginning of each part's."""
    text = json.dumps(dict(sorted(functions.items())))
    whole = tag("p", "All parts: ", _hash(hashlib.sha256(text.encode()).hexdigest()))
    parts = [
        joined([_hash(f"{name} {found[:12]}"), " "]) for name, found in sorted(functions.items())
    ]
    return joined([whole, tag("p", *parts, class_="hashes")])


def _forcings(store: Store, numbers: Numbers) -> Iterable[Html]:
    """Yield what all forcings have in common, then one row each."""
    origins = store.attrs["provenance"]
    first = origins[0] if origins else {}
    common = {k: v for k, v in first.items() if all(o.get(k) == v for o in origins)}
    if common:
        yield pairs((k.replace("_", " "), words(v)) for k, v in common.items())
    digests = store.attrs["identity"]["forcings"]
    rows = []
    for name, origin in zip(numbers.forcings, origins, strict=False):
        own = {k: v for k, v in origin.items() if k not in common and v != name}
        rows.append([name, _hash(digests.get(name, "")), words(own)])
    header = ["forcing", "SHA-256 of what it supplied", "of its own"]
    told = 3 if any(row[2] != "none" for row in rows) else 2
    yield _plain_table(header[:told], [row[:told] for row in rows])


def _hash(text: str) -> Html:
    return tag("code", text)


def _unfinished(numbers: Numbers) -> str:
    return "" if numbers.complete else " (of the blocks committed so far)"


def _plain_table(header: list[str], rows: list[list[Any]]) -> Html:
    head = tag("tr", *(tag("th", cell, scope="col") for cell in header))
    body = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="wide")


def _accepted(changes: Sequence[Mapping[str, Any]]) -> Iterable[Html]:
    if not changes:
        yield paragraphs(["No changes were accepted while it ran."])
        return
    items = [
        tag("li", f"{change['reason']}: ", "; ".join(map(str, change["changes"])))
        for change in changes
    ]
    text = tag("p", "The run went on although something had changed:")
    yield tag("div", text, tag("ul", *items, class_="plain"), class_="banner bad")


def _processes(store: Store, numbers: Numbers) -> Iterable[Html]:
    """Yield one row per process that committed blocks: host, time, blocks, seconds."""
    work: dict[str, list[float]] = {}
    for entry in numbers.committed.values():
        work.setdefault(entry.journal, []).append(entry.seconds)
    starts = headers(store.journal)
    rows = []
    for start in sorted(starts, key=lambda s: s["time"])[:MOST_ROWS]:
        seconds = work.get(start["journal"], [])
        rows.append(
            [
                str(start.get("host", "")),
                str(start.get("pid", "")),
                datetime.fromtimestamp(start["time"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
                f"{len(seconds):,}",
                f"{sum(seconds):,.1f}",
                str(start.get("cpu", "")),
            ]
        )
    header = ["host", "process", "first commit", "blocks", "worker seconds", "CPU"]
    notes = [f"the first {MOST_ROWS} of {len(starts)}"] if len(starts) > MOST_ROWS else []
    yield table(Table("", header, rows, notes))
