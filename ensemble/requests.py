"""Checks of a scenario that need the ensemble's own vocabulary."""

from collections.abc import Iterator, Mapping
from typing import Any

from scenarios import Problem


def check_statistics(sections: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield statistics that no family knows, or that are not of this design."""
    if not sections.get("statistics"):
        return
    from ensemble.statistics import unfit

    design = sections.get("design")
    for target, requests in sections["statistics"].items():
        for i, request in enumerate(requests):
            try:
                why = unfit(request, design)
            except LookupError as error:
                why = str(error)
            if why:
                yield Problem(why, f"statistics.{target}[{i}]")
