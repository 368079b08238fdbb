"""What every design writes into its attributes."""

from typing import Any

from scenarios.designs._contract import Context

Account = dict[str, Any]


def account(context: Context, method: str, size: int, *parts: Account, **more: Any) -> Account:
    """Return JSON-able attributes: method, size, seed and place, then the design's own.

    Parameters
    ----------
    context : Context
    method : str
    size : int
        Rows.
    *parts : dict
        Such as the account of `resolve`.
    **more
        Numbers that the analysis needs.
    """
    attributes: Account = {
        "method": method,
        "size": size,
        "seed": context.seed,
        "path": context.path,
        "stream": context.stream,
        **more,
    }
    for part in parts:
        attributes.update(part)
    return attributes


KEYED = ("distributions", "plausible", "truncated_share", "outside_bounds", "admissible")


def joined(parts: list[Account]) -> Account:
    """Return the accounts of a factorial's factors as one, parameters in order."""
    whole: Account = {"parameters": [name for part in parts for name in part["parameters"]]}
    for key in KEYED:
        whole[key] = {name: value for part in parts for name, value in part.get(key, {}).items()}
    whole["warnings"] = [text for part in parts for text in part.get("warnings", [])]
    return whole


def factors(parts: list[Account]) -> Account:
    """Return the axes of a factorial: sizes, and labels made of the parameters' names."""
    return {
        "shape": [part["size"] for part in parts],
        "factors": ["+".join(part["parameters"]) for part in parts],
    }
