"""Changed scenarios: which sections leave members as they are, of those that were accepted too."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

WORDS = ("title", "description", "failed_limit", "reference")
"""Sections that readers of a store are told of, and no member rests on."""

JUDGED = (
    "name",
    "kernel",
    "forcing",
    "locations",
    "block",
    "outputs",
    "responses",
    "statistics",
    "aggregates",
    "evaluation",
    "histograms",
)
"""Sections whose effect is looked at; a change of any other is one of the members."""

_LEAVES = {*WORDS, *JUDGED} - {"kernel"}
"""Sections whose accepted changes left members as they were, or they would have been refused."""


def of_members(accepted: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return accepted changes after which members are not all of one kind: of code above all.

    Parameters
    ----------
    accepted : sequence of mapping
        A store's attribute ``accepted_changes``.
    """
    texts = [text for one in accepted for text in one["changes"]]
    return [text for text in texts if not _leaves(text)]


def _leaves(text: str) -> bool:
    section = re.match(r"scenario: (\w+)", text)
    return section is not None and section[1] in _LEAVES
