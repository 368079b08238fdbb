"""How a run was made: what has to be the same for the same numbers, and who computed them."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ensemble.report.parts import Banner, Code, Fingerprint, Heading, Listing, Notes, Pairs, Part
from ensemble.report.reported import Known, Reported
from ensemble.report.texts.wording import MOST_ROWS, words
from ensemble.store.journal import headers
from ensemble.store.store import Store
from ensemble.tables.responses import Table


def provenance(run: Reported) -> Iterator[Part]:
    """Yield what has to be the same for the same numbers, and who computed them."""
    store, attrs, identity = run.store, run.attrs, run.attrs["identity"]
    unfinished = "" if run.known.complete else " (of the blocks committed so far)"
    yield Pairs(
        [
            ("kernel", attrs["source"]),
            ("described in", attrs["references"]),
            # Stores of before have none.
            *(("of its files", note) for note in attrs.get("kernel_notes", ())),
            ("scenario, SHA-256", Code(identity["scenario_sha256"])),
            ("seed", attrs["seed"]),
            ("block lengths", words(identity["block"])),
            ("versions at the start", words(identity["versions"])),
            ("store digest", Code(store.digest(run.known.committed), unfinished)),
        ]
    )
    yield _accepted(attrs["accepted_changes"])
    if identity["kernel"]:
        yield Heading("Kernel fingerprint")
        yield _fingerprint(identity["kernel"])
    yield Heading("Forcings")
    yield from _forcings(store, run.known)
    yield Heading("Processes")
    yield _processes(store, run.known)


def _fingerprint(functions: Mapping[str, str]) -> Fingerprint:
    """Return one hash of all that the kernel calls, and the beginning of each part's."""
    in_order = dict(sorted(functions.items()))
    whole = hashlib.sha256(json.dumps(in_order).encode()).hexdigest()
    return Fingerprint(whole, [f"{name} {digest[:12]}" for name, digest in in_order.items()])


def _forcings(store: Store, results: Known) -> Iterator[Part]:
    """Yield what all forcings have in common, then one row each."""
    origins = store.attrs["provenance"]
    first = origins[0] if origins else {}
    common = {k: v for k, v in first.items() if all(o.get(k) == v for o in origins)}
    if common:
        yield Pairs([(k.replace("_", " "), words(v)) for k, v in common.items()])
    digests = store.attrs["identity"]["forcings"]
    rows: list[list[str | Code]] = []
    for name, origin in zip(results.forcings, origins, strict=False):
        own = {k: v for k, v in origin.items() if k not in common and v != name}
        rows.append([name, Code(digests.get(name, "")), words(own)])
    header = ["forcing", "SHA-256 of what it supplied", "of its own"]
    columns = 3 if any(row[2] != "none" for row in rows) else 2
    yield Listing(header[:columns], [row[:columns] for row in rows])


def _accepted(changes: Sequence[Mapping[str, Any]]) -> Part:
    """Return what had changed when the run went on."""
    if not changes:
        return Notes(["No changes were accepted while it ran."])
    points = [f"{c['reason']}: {'; '.join(map(str, c['changes']))}" for c in changes]
    return Banner(["The run went on although something had changed:"], points=points)


def _processes(store: Store, results: Known) -> Table:
    """Return one row per process that committed blocks: host, time, blocks, seconds."""
    done = results.committed.by_journal()
    starts = headers(store.journal)
    rows = []
    for start in sorted(starts, key=lambda s: s["time"])[:MOST_ROWS]:
        blocks, seconds = done.get(start["journal"], (0, 0.0))
        rows.append(
            [
                str(start.get("host", "")),
                str(start.get("pid", "")),
                datetime.fromtimestamp(start["time"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
                f"{blocks:,}",
                f"{seconds:,.1f}",
                str(start.get("cpu", "")),
            ]
        )
    header = ["host", "process", "first commit", "blocks", "worker seconds", "CPU"]
    notes = [f"the first {MOST_ROWS} of {len(starts)}"] if len(starts) > MOST_ROWS else []
    return Table("", header, rows, notes)
