"""An evaluation of models that were there already: its tables, and what it read."""

from collections.abc import Iterator
from typing import Any

from ensemble.evaluation.storing import tables_of
from ensemble.members.evaluation.asked import GROUP
from ensemble.report.models import Models
from ensemble.report.parts import Code, Listing, Part, Verbatim


def tables(run: Models) -> Iterator[Part]:
    """Yield the tables that the command printed."""
    yield from tables_of(run.store)


def files(run: Models) -> Iterator[Part]:
    """Yield the files that were read, with their hashes."""
    rows: list[tuple[str, str, Code]] = []
    for model, about in run.models.items():
        for output, origin in about["outputs"].items():
            rows += [(f"{output} of {model}", f["name"], _hash(f)) for f in origin["files"]]
    for benchmarks in run.attrs[GROUP].values():
        for name, about in benchmarks.items():
            read = about["provenance"].get("files", ())
            rows += [(name, one["name"], _hash(one)) for one in read]
    if rows:
        yield Listing(["of", "file", "SHA-256"], list(dict.fromkeys(rows)))
    else:
        yield "No file was read."


def asked(run: Models) -> Iterator[Part]:
    """Yield the file of the evaluation, as it was written."""
    yield Verbatim(run.attrs["scenario_text"])


def _hash(file: Any) -> Code:
    """Return the hash of a file; of one too large to be hashed its length."""
    return Code(file["sha256"]) if "sha256" in file else Code("", f"{file['bytes']:,} bytes")
