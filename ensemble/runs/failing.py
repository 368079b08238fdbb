"""What failed in a store, and why: for people who ask for its state."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ensemble.members.layout import Layout
from ensemble.planning.notices import percent
from ensemble.planning.reasons import reasons
from ensemble.report.data.failures import Account, Failed, Spread, account
from ensemble.tables.results import Results
from kernels import I8
from scenarios.units import labelled, ranged

BLOCKS = 64
"""Blocks with failures that are opened: a state is asked for again and again."""

CONTRAST = 0.3
"""Gap of the two distributions from which on a parameter tells where failures are."""


def failures(numbers: Results, layout: Layout | None) -> list[dict[str, Any]]:
    """Return one account for each status that is not ok.

    Parameters
    ----------
    numbers : Results
    layout : Layout or None
        None where the kernel may not be imported: then nothing is said of ranges.

    Returns
    -------
    list of dict
        ``status``, ``members``, ``share`` of those that ran, ``advice``, ``first`` members as
        `replay` takes them, ``why``: what is out of range of these; ``where``: forcings,
        locations and parameters in which failures of any status sit.
    """
    if not any(code for entry in numbers.committed.values() for code in entry.status):
        return []
    found = account(numbers, most=BLOCKS)
    where = [*_places(numbers, found), *_regions(found.spreads)]
    return [
        {
            "status": one.name,
            "members": one.count,
            "share": one.count / found.members,
            "advice": one.advice,
            "first": one.first,
            "why": _why(numbers, layout, one) if layout else [],
            "where": where,
        }
        for one in found.statuses
    ]


def _why(numbers: Results, layout: Layout, one: Failed) -> list[str]:
    """Return what is out of range of the first members of a status, each once."""
    # Here, as it imports what runs end with, and that what is said of them.
    from ensemble.runs.verify import parse_member

    said: dict[str, None] = {}
    for member in one.first:
        forcing, place, sample = parse_member(member, numbers.store)
        here, row = slice(place, place + 1), slice(sample, sample + 1)
        values = layout.sampler.rows(forcing, here, row).values
        mine = {name: float(value[0, 0]) for name, value in values.items()}
        said.update(dict.fromkeys(reasons(layout.experiment, forcing, place, mine)))
    return list(said)


def _places(numbers: Results, found: Account) -> list[str]:
    """Return forcings and locations that hold more failures than others."""
    lines = []
    for axis, names, counts in (
        ("forcing", numbers.forcings, found.by_forcing),
        ("location", numbers.locations, found.by_location),
    ):
        if text := _most(axis, names, counts):
            lines.append(text)
    return lines


def _most(axis: str, names: Sequence[str], counts: I8) -> str:
    """Return where along an axis failures are; nothing where they are everywhere."""
    holding = np.flatnonzero(counts)
    if len(names) < 2 or not holding.size or holding.size == len(names):
        return ""
    first = ", ".join(repr(names[k]) for k in holding[np.argsort(-counts[holding])][:3])
    return f"in {holding.size:,} of {len(names):,} {axis}s, most of all {first}"


def _regions(spreads: Sequence[Spread]) -> list[str]:
    """Return parameters of whose range failed members have another part than all."""
    told = sorted((s for s in spreads if s.contrast >= CONTRAST), key=lambda s: -s.contrast)
    return [
        f"{s.name} of failed members is {_span(s.failed_span, s.units)}, "
        f"of all {_span(s.span, s.units)}"
        for s in told[:3]
    ]


def _span(ends: tuple[float, float], units: str) -> str:
    low, high = (float(f"{end:.4g}") for end in ends)
    return labelled(ranged(low, high, ",.6g"), units)


def lines(failed: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return an account in lines for people."""
    texts = []
    for one in failed:
        share = percent(one["share"])
        texts.append(f"{one['status']}: {one['members']:,} members, {share}; {one['advice']}")
        texts += [f"  {text}" for text in one["why"]]
        texts.append(f"  such as {', '.join(one['first'])}")
    return texts + [f"failed members are {text}" if text.startswith("in ") else text
                    for text in (failed[0]["where"] if failed else ())]  # fmt: skip
