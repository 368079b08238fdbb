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


def failures(results: Results, layout: Layout | None) -> list[dict[str, Any]]:
    """Return one account for each status that is not ok.

    Parameters
    ----------
    results : Results
    layout : Layout or None
        None where the kernel may not be imported: then nothing is said of ranges.

    Returns
    -------
    list of dict
        ``status``, ``members``, ``share`` of those that ran, ``advice``, ``first`` members as
        `replay` takes them, ``why``: what is out of range of these; ``of``: links of a chain, or
        what stands side by side, that noted it; ``where``: forcings, locations and parameters in
        which failures of any status sit.
    """
    if not results.committed.failing:
        return []
    failed = account(results, most=BLOCKS)
    where = [*_places(results, failed), *_regions(failed.spreads)]
    return [
        {
            "status": status.name,
            "members": status.count,
            "share": status.count / failed.members,
            "advice": status.advice,
            "first": status.first,
            "why": _why(results, layout, status) if layout else [],
            "of": _parts(results, layout, status) if layout else [],
            "where": where,
        }
        for status in failed.statuses
    ]


def _why(results: Results, layout: Layout, status: Failed) -> list[str]:
    """Return what is out of range of the first members of a status, each once."""
    # Here, as it imports what runs end with, and that what is said of them.
    from ensemble.runs.verify import parse_member

    why: dict[str, None] = {}
    for member in status.first:
        forcing, place, sample = parse_member(member, results.store)
        here, row = slice(place, place + 1), slice(sample, sample + 1)
        values = layout.sampler.rows(forcing, here, row).values
        mine = {name: float(value[0, 0]) for name, value in values.items()}
        why.update(dict.fromkeys(reasons(layout.experiment, forcing, place, mine)))
    return list(why)


def _parts(results: Results, layout: Layout, status: Failed) -> list[str]:
    """Return which of several kernels noted a status, the most frequent first."""
    if not layout.experiment.kernel.parts:
        return []
    noted = (text.rpartition(": ") for text, _ in results.committed.totals.notes.most_common())
    return [who for who, _, name in noted if who and name == status.name]


def _places(results: Results, failed: Account) -> list[str]:
    """Return forcings and locations that hold more failures than others."""
    texts = []
    for axis, names, counts in (
        ("forcing", results.forcings, failed.by_forcing),
        ("location", results.locations, failed.by_location),
    ):
        if text := _most(axis, names, counts):
            texts.append(text)
    return texts


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
    for status in failed:
        share, count = percent(status["share"]), status["members"]
        texts.append(f"{status['status']}: {count:,} members, {share}; {status['advice']}")
        texts += [f"  in {', '.join(status['of'])}"] * bool(status["of"])
        texts += [f"  {text}" for text in status["why"]]
        texts.append(f"  such as {', '.join(status['first'])}")
    return texts + [f"failed members are {text}" if text.startswith("in ") else text
                    for text in (failed[0]["where"] if failed else ())]  # fmt: skip
