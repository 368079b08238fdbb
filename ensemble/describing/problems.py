"""Ranges of parameters as others have them: a SALib problem, or a table of key parameters."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.problems import Problem, ScenarioError

COLUMNS = ("parameter", "minimum", "maximum")


def read_ranges(file: Path) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest value of each parameter.

    Parameters
    ----------
    file : Path
        JSON of a SALib problem, ``{"names": [...], "bounds": [[low, high], ...]}``, or CSV with the
        columns ``parameter, minimum, maximum``.

    Raises
    ------
    ScenarioError
        It cannot be read, or is neither; all that is wrong with it.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError([Problem(f"cannot be read: {error}")], str(file)) from error
    try:
        pairs = _of_salib(text) if file.suffix == ".json" else _of_table(file)
        return _checked(pairs)
    except ValueError as error:
        raise ScenarioError(
            [Problem(line) for line in str(error).split("\n")], str(file)
        ) from error


def _of_salib(text: str) -> list[tuple[str, Any, Any]]:
    problem = json.loads(text)
    if not isinstance(problem, Mapping) or not {"names", "bounds"} <= problem.keys():
        raise ValueError(
            'is no SALib problem; needed {"names": [...], "bounds": [[low, high], ...]}'
        )
    if others := [d for d in problem.get("dists") or () if d != "unif"]:
        raise ValueError(
            f"has distributions {sorted(set(others))}, whose bounds are no ends; needed unif "
            "alone, or {normal: [mean, sd]} in the scenario itself"
        )
    names, bounds = problem["names"], problem["bounds"]
    if len(names) != len(bounds) or any(len(ends) != 2 for ends in bounds):
        raise ValueError(f"has {len(names)} names and {len(bounds)} bounds; needed a pair for each")
    return [(str(name), *ends) for name, ends in zip(names, bounds, strict=True)]


def _of_table(file: Path) -> list[tuple[str, Any, Any]]:
    table = pd.read_csv(file, comment="#", skipinitialspace=True)
    if lacking := [column for column in COLUMNS if column not in table.columns]:
        raise ValueError(f"has no column {', '.join(lacking)}; needed {', '.join(COLUMNS)}")
    return list(table[list(COLUMNS)].itertuples(index=False, name=None))


def _checked(pairs: list[tuple[str, Any, Any]]) -> dict[str, tuple[float, float]]:
    ranges: dict[str, tuple[float, float]] = {}
    wrong = []
    for name, low, high in pairs:
        try:
            ends = float(low), float(high)
        except (TypeError, ValueError):
            ends = float("nan"), float("nan")
        if name in ranges:
            wrong.append(f"{name} stands twice")
        elif not -float("inf") < ends[0] < ends[1] < float("inf"):
            wrong.append(f"{name}: found {low!r} to {high!r}; needed two numbers, the first lower")
        ranges[name] = ends
    if wrong or not ranges:
        raise ValueError("\n".join(wrong) or "has no parameter")
    return ranges
