"""Checks of a scenario that need the ensemble's own vocabulary."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ensemble.members.block_needs import COPIES
from ensemble.members.block_rule import HELD_NBYTES
from scenarios import Problem

if TYPE_CHECKING:
    from ensemble.members.layout import Layout

MOST_SUMS_BYTES = 512 << 20
"""Of one target at one location, for indices computed inside the run."""


def check_resources(sections: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield times, amounts and options of jobs that SLURM does not take, as the scenario has them.

    What a profile of a cluster says is judged when it is read.
    """
    chosen = sections.get("execution")
    if chosen is None or chosen.backend != "slurm":
        return
    from slurm.resources import Resources, faults

    named = chosen.model_fields_set & {field.name for field in fields(Resources)}
    for name, text in faults({name: getattr(chosen, name) for name in sorted(named)}):
        yield Problem(text, f"execution.{name}")


def check_statistics(sections: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield statistics that no family knows, or that are not of this design."""
    if sections.get("aggregates"):
        yield from _of_aggregates(sections["aggregates"])
    if not sections.get("statistics"):
        return
    from ensemble.members.statistics import canonical, unfit

    # Of a design that is not sound and has a message of its own, what it is called is enough.
    design = sections.get("design") or SimpleNamespace(method=sections.get("design method", ""))
    evaluation, responses = sections.get("evaluation"), sections.get("responses") or ()
    for target, requests in sections["statistics"].items():
        yield from _repeated(requests, f"statistics.{target}")
        of_score = evaluation and target not in responses and evaluation.named(target)
        for i, request in enumerate(requests):
            try:
                why = unfit(request, design)
                if not why and of_score and canonical(request)[1] == "histogram":
                    why = "found histogram; scores of all samples are stored: needed a quantile"
            except LookupError as error:
                why = str(error)
            if why:
                yield Problem(why, f"statistics.{target}[{i}]")


def _repeated(requests: Sequence[Any], where: str) -> Iterator[Problem]:
    """Yield requests of a statistic that an earlier one asks for, in whatever spelling.

    A run makes one array of both, but a second one that was meant otherwise would be missed.
    """
    from ensemble.members.statistics import canonical

    first: dict[tuple[str, str, float], int] = {}
    for i, request in enumerate(requests):
        try:
            family, name = canonical(request)
        except LookupError:
            continue
        number = _NUMBERED.fullmatch(name)
        # q97.5 and q97.50 are arrays of two names.
        asked = (family, number[1], float(number[2])) if number else (family, name, 0.0)
        if asked in first:
            text = f"{name} is {where}[{first[asked]}] already; name it once"
            yield Problem(text, f"{where}[{i}]", other=f"{where}[{first[asked]}]")
        first.setdefault(asked, i)


_NUMBERED = re.compile(r"(q|above_|below_)(-?\d.*)")


OF_AGGREGATES = ("moments", "histogram", "exceedance")
"""Families whose statistics sums over space have."""


def _of_aggregates(asked: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield statistics of aggregates that no family knows, or that need whole trajectories."""
    from ensemble.members.statistics import canonical

    for target, aggregate in asked.items():
        yield from _repeated(
            aggregate.statistics if aggregate else (), f"aggregates.{target}.statistics"
        )
        for i, request in enumerate(aggregate.statistics if aggregate else ()):
            try:
                family, name = canonical(request)
            except LookupError as error:
                yield Problem(str(error), f"aggregates.{target}.statistics[{i}]")
                continue
            if family not in OF_AGGREGATES or name == "histogram":
                text = f"found {name}; needed mean, std, variance, min, max, a quantile or a share"
                yield Problem(
                    f"{text}: sums of every sample are stored, to be looked at in any other way",
                    f"aggregates.{target}.statistics[{i}]",
                )


def check_scores(layout: "Layout") -> Iterator[Problem]:
    """Yield benchmarks whose sums of one group of rows would fill a block."""
    held = layout.evaluation.nbytes()
    together = layout.rows_together
    if sum(held.values()) * together * COPIES <= HELD_NBYTES:
        return
    for name, nbytes in sorted(held.items(), key=lambda pair: -pair[1]):
        groups = len(layout.evaluation.prepared[name].groups)
        text = (
            f"found sums of {nbytes / 2**20:,.1f} MiB a sample, {groups:,} groups, of "
            f"{sum(held.values()) / 2**20:,.1f} MiB of all benchmarks, and {together:,} samples "
            f"belong together; needed {HELD_NBYTES / 2**20:,.0f} MiB at most, sums held "
            f"{COPIES} times: fewer groups, or fewer scores"
        )
        yield Problem(text, f"evaluation.benchmarks.{name}")


def check_sums(layout: "Layout") -> Iterator[Problem]:
    """Yield targets whose sums of whole groups of rows would fill the memory of every worker."""
    most = MOST_SUMS_BYTES / 2**20
    for target, nbytes in layout.sums_nbytes.items():
        if nbytes > MOST_SUMS_BYTES:
            text = (
                f"found sums of {nbytes / 2**20:,.1f} MiB at each location; needed at most "
                f"{most:,.1f} MiB: leave out the requests that end in _conf, say fewer resamples: "
                "in design:, or ask them of a response instead of an output with dims"
            )
            yield Problem(text, f"statistics.{target}")
