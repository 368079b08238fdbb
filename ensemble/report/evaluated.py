"""The page of an evaluation: scores of models side by side, what they are of, what made them."""

from collections.abc import Iterator
from typing import Any

from ensemble.evaluation.storing import tables_of
from ensemble.report.html.rendering import rendered
from ensemble.report.parts import Banner, Code, Listing, Part, Section, Top, Verbatim
from ensemble.store.store import Store


def page(store: Store) -> str:
    """Return the whole page of a store of an evaluation."""
    attrs = store.attrs
    sections = [
        Section("results", "Results", [*tables_of(store)]),
        Section("provenance", "Provenance", [*_provenance(attrs)]),
        Section("scenario", "What was asked", [Verbatim(attrs["scenario_text"])]),
    ]
    return rendered("page.html", sections=sections, top=_top(attrs))


def _top(attrs: Any) -> Top:
    made = attrs["synthetic"]
    banner = Banner([f"Synthetic data: {made}"], "made-up", aside=True)
    banners = [banner if made else Banner(["Real data."], aside=True)]
    models, benchmarks = attrs["models"], next(iter(attrs["evaluation"].values()))
    cards = [
        (f"{len(models):,}", "models" if len(models) > 1 else "model"),
        (f"{len(benchmarks):,}", "benchmarks" if len(benchmarks) > 1 else "benchmark"),
    ]
    text = "No kernel ran: maps of models that were there already are held against observations."
    return Top(attrs["title"], attrs["source"], [text], banners, cards)


def _provenance(attrs: Any) -> Iterator[Part]:
    rows: list[tuple[str, str, Code]] = []
    for model, about in attrs["models"].items():
        for output, origin in about["outputs"].items():
            rows += [(f"{output} of {model}", f["name"], _hash(f)) for f in origin["files"]]
    for benchmarks in attrs["evaluation"].values():
        for name, about in benchmarks.items():
            files = about["provenance"].get("files", ())
            rows += [(name, one["name"], _hash(one)) for one in files]
    if rows:
        yield Listing(["of", "file", "SHA-256"], list(dict.fromkeys(rows)))
    else:
        yield "No file was read."


def _hash(file: Any) -> Code:
    """Return the hash of a file; of one too large to be hashed its length."""
    return Code(file["sha256"]) if "sha256" in file else Code("", f"{file['bytes']:,} bytes")
