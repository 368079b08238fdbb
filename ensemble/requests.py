"""Checks of a scenario that need the ensemble's own vocabulary."""

from collections.abc import Iterator, Mapping
from typing import Any

from scenarios import Problem


def check_statistics(sections: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield statistics that no family knows."""
    if not sections.get("statistics"):
        return
    from ensemble.statistics import canonical

    for target, requests in sections["statistics"].items():
        for i, request in enumerate(requests):
            try:
                canonical(request)
            except LookupError as error:
                yield Problem(str(error), f"statistics.{target}[{i}]")
