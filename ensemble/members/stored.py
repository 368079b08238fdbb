"""The store of an ensemble: what it holds beside what every store does, and is looked at for.

Whoever reads members, statistics or the design of a store opens it here.
"""

from collections.abc import Mapping
from pathlib import Path

from ensemble.errors import PlanError
from ensemble.store.reading import damaged, read
from ensemble.store.shapes import (
    Fits,
    amiss,
    anything,
    either,
    is_count,
    is_mapping,
    is_number,
    is_text,
    keyed,
    listed,
    mapped,
    nothing,
)
from ensemble.store.store import Store

WORK = "ensemble.members"
"""The module that opens the work of such a store."""

AXES = ("forcing", "location", "sample")
"""Of its blocks."""

_END = either(is_number, keyed({"least": is_number, "most": is_number}))

DESIGN = keyed(
    {"method": is_text},
    {
        **dict.fromkeys(("parameters", "effects", "warnings"), listed(is_text)),
        **dict.fromkeys(("distributions", "values"), mapped(anything)),
        **dict.fromkeys(("truncated_share", "outside_bounds"), mapped(is_number)),
        **{"plausible": mapped(is_text), "shape": listed(is_count)},
        **{"admissible": mapped(either(nothing, mapped(_END)))},
        "cross": listed(keyed({}, {"parameters": listed(is_text), "size": is_count})),
        "change": either(listed(is_number), mapped(listed(is_number))),
    },
)
"""What readers look for in the attribute ``design``."""

IDENTITY = keyed(
    {
        **{"scenario": is_mapping, "scenario_sha256": is_text, "locations": is_text},
        **dict.fromkeys(("kernel", "forcings", "versions"), mapped(is_text)),
        "block": mapped(is_count),
    },
    {
        "limits": mapped(is_mapping),
        **dict.fromkeys(("recipes", "evaluation", "search"), mapped(is_text)),
    },
)

EVALUATED = keyed(
    {
        "units": is_text,
        **dict.fromkeys(("groups", "notes"), listed(is_text)),
        **dict.fromkeys(("about", "provenance"), is_mapping),
        "left_out": mapped(is_count),
        "pairs": mapped(keyed({"output": is_text, "groups": is_count, "sums": listed(is_text)})),
        "digest": is_text,
    },
    {"asked": is_mapping},
)
"""What is said of a benchmark beside its arrays; of one that came after the run also its words."""

ROOT: tuple[Mapping[str, Fits], Mapping[str, Fits]] = (
    {
        **dict.fromkeys(("source", "references", "scenario"), is_text),
        **{"identity": IDENTITY, "design": DESIGN, "seed": is_number},
        "provenance": listed(is_mapping),
    },
    {
        "noticed": listed(keyed({"text": is_text})),
        **dict.fromkeys(("kernel_notes", "limits_not_looked_at", "with_data"), listed(is_text)),
        "data": is_text,
        **dict.fromkeys(("evaluation", "evaluated"), mapped(EVALUATED)),
    },
)
"""Attributes of the root beside those of every store: of every version, and of later ones."""

WHOLE: Mapping[str, Fits] = {"whole": either(is_count, listed(is_count))}
"""Of arrays that count what is left: how much there was."""


REAL = "real data"
"""What is shown where made-up data have their label."""


def kind_of_data(synthetic: str) -> str:
    """Return ``real``, or ``synthetic`` where data have a label that says how they were made."""
    return "synthetic" if synthetic else "real"


def about_data(synthetic: str) -> dict[str, str]:
    """Return what each command says of data to programs: ``data`` and ``synthetic``."""
    return {"data": kind_of_data(synthetic), "synthetic": synthetic}


def data_of(store: Store) -> dict[str, str]:
    """Return the same of a store; nothing of another's work, which has no data of that kind."""
    return about_data(str(store.attrs["synthetic"])) if "synthetic" in store.attrs else {}


def is_ensemble(store: Store) -> bool:
    """Return whether blocks are of forcings, locations and samples; others' works differ."""
    return store.work == WORK


def check(store: Store) -> None:
    """Refuse a store of another work, or one whose attributes are not those of an ensemble.

    Raises
    ------
    PlanError
        It is one.
    """
    check_root(store, WORK, "an ensemble", AXES)
    for path, spec in store.specs.items():
        if wrong := amiss(spec.attrs, {}, WHOLE):
            raise damaged(store.path, f"of the attributes of array {path!r} {wrong}")


def check_root(store: Store, work: str, what: str, axes: tuple[str, ...]) -> None:
    """Refuse a store that is not of a work, or whose root is not as that of every run is.

    Parameters
    ----------
    store : Store
    work : str
        The module that opens it.
    what : str
        What that is, for people.
    axes : tuple of str
        Of its blocks.

    Raises
    ------
    PlanError
    """
    if store.work != work:
        raise PlanError(f"{store.path}: is a store of {store.work!r}; needed one of {what}")
    if wrong := amiss(store.attrs, *ROOT):
        raise damaged(store.path, f"of its attributes {wrong}")
    if store.specs["status"].dims != axes:
        *others, last = axes
        names = f"{', '.join(others)} and {last}"
        raise damaged(store.path, f"its blocks have other axes than {names}")


def read_ensemble(path: str | Path) -> Store:
    """Return the store of an ensemble; raises `PlanError` for any other."""
    store = read(path)
    check(store)
    return store


def is_apart(store: Store) -> bool:
    """Return whether what a run ends with has a chunk for the locations of each block.

    Stores of earlier versions are so. The status of control members tells, as none takes less.
    """
    ends = store.specs.get("control/status")
    return ends is not None and ends.chunks[1:] == store.specs["status"].chunks[1:2]


def lengths_of(store: Store) -> tuple[int, int]:
    """Return how many locations and samples the blocks of a store have, whatever rule made them."""
    _, location, sample = store.specs["status"].chunks
    return location, sample
