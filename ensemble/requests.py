"""Checks of a scenario that need the ensemble's own vocabulary."""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from scenarios import Problem

if TYPE_CHECKING:
    from ensemble.layout import Layout

MOST_SUMS_BYTES = 512 << 20
"""Of one target at one location, for indices computed inside the run."""


def check_statistics(sections: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield statistics that no family knows, or that are not of this design."""
    if sections.get("aggregates"):
        yield from _of_aggregates(sections["aggregates"])
    if not sections.get("statistics"):
        return
    from ensemble.statistics import unfit

    # Of a design that is not sound and has a message of its own, what it is called is enough.
    design = sections.get("design") or SimpleNamespace(method=sections.get("design method", ""))
    for target, requests in sections["statistics"].items():
        for i, request in enumerate(requests):
            try:
                why = unfit(request, design)
            except LookupError as error:
                why = str(error)
            if why:
                yield Problem(why, f"statistics.{target}[{i}]")


OF_AGGREGATES = ("moments", "histogram", "exceedance")
"""Families whose statistics sums over space have."""


def _of_aggregates(asked: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield statistics of aggregates that no family knows, or that need units of a design."""
    from ensemble.statistics import canonical

    for target, one in asked.items():
        for i, request in enumerate(one.statistics if one else ()):
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


def check_sums(layout: "Layout") -> Iterator[Problem]:
    """Yield targets whose sums of whole units would fill the memory of every worker."""
    most = MOST_SUMS_BYTES / 2**20
    for target, nbytes in layout.sums_nbytes.items():
        if nbytes > MOST_SUMS_BYTES:
            text = (
                f"found sums of {nbytes / 2**20:,.1f} MiB at each location; needed at most "
                f"{most:,.1f} MiB: leave out the requests that end in _conf, say fewer resamples: "
                "in design:, or ask them of a response instead of an output with dims"
            )
            yield Problem(text, f"statistics.{target}")
