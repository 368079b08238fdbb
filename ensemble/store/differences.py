"""What differs between what a store was begun with and what is there now, in words."""

import json
from collections.abc import Mapping
from typing import Any

from ensemble.store.machine import libraries_in

NUMERICAL = ("numpy", "numba", "llvmlite")
"""Libraries whose versions may change the last bits of a block, whatever the kernel."""


def other_code(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs in the code that makes the numbers of a block: kernel and libraries.

    Of a calibration also its search. A store of before a search or a kernel's own libraries were
    kept says nothing of them.
    """
    own = set(libraries_in(stored["versions"])) & set(libraries_in(now["versions"]))
    names = (*NUMERICAL, *own)
    libraries = ({n: one["versions"].get(n, "") for n in names} for one in (stored, now))
    parts = [("kernel", stored["kernel"], now["kernel"]), ("version", *libraries)]
    if "search" in stored and "search" in now:
        parts.append(("search", stored["search"], now["search"]))
    return [f"{what}: {t}" for what, old, new in parts for t in differences(old, new, "")]


def differences(old: Any, new: Any, where: str) -> list[str]:
    """Return what differs between two nested values, one text each with its place."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = sorted(old.keys() | new.keys())
        return [
            text
            for name in names
            for text in differences(old.get(name), new.get(name), f"{where}.{name}".lstrip("."))
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [text for i, (a, b) in pairs for text in differences(a, b, f"{where}[{i}]")]
    if old == new:
        return []
    if isinstance(old, str) and isinstance(new, str) and len(old) == len(new) == 64:
        return [f"{where} has changed"]
    return [f"{where} was {_short(old)} and is now {_short(new)}"]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
