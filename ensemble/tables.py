"""Tables of a finished run, as text cells: the console and the report print the same ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ensemble.store import Store, read

MAX_ROWS = 60


@dataclass(frozen=True)
class Table:
    """A title, a header, rows of text, and lines below."""

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    rules: tuple[int, ...] = ()


def response_tables(path: Path) -> list[Table]:
    """Return one table per location: each response unconstrained and over the ensemble."""
    store = read(path)
    responses = [n for n in _responses(store) if f"statistics/{n}_mean" in store.specs]
    if not responses:
        return []
    names = store.read_strings("location")
    return [_at_location(store, responses, k, name) for k, name in enumerate(names[:MAX_ROWS])]


def _responses(store: Store) -> list[str]:
    return list(store.attrs["identity"]["scenario"]["responses"])


def _at_location(store: Store, responses: list[str], place: int, location: str) -> Table:
    forcings = store.read_strings("forcing")
    numbers = {n: _numbers(store, n, place) for n in responses}
    header = ["forcing"]
    for name in responses:
        units = store.specs[f"statistics/{name}_mean"].attrs["units"]
        header += [f"{name} [{units}] control", "ensemble"]
    rows = [
        [f, *(cell for n in responses for cell in _cells(numbers[n], k))]
        for k, f in enumerate(forcings[:MAX_ROWS])
    ]
    rules: tuple[int, ...] = ()
    if len(forcings) > 1:
        rules = (len(rows),)
        rows.append(
            ["all, mean of means", *(cell for n in responses for cell in _means(numbers[n]))]
        )
    rows += _published(store, responses)
    notes = ["control: the kernel's defaults; ensemble: mean +- standard deviation over samples"]
    if store.attrs["synthetic"]:
        notes.append(store.attrs["synthetic"])
    title = store.attrs["title"] + ("" if location == "global" else f", {location}")
    return Table(title, header, rows, notes, rules)


def _numbers(store: Store, name: str, place: int) -> dict[str, np.ndarray[Any, Any]]:
    """Return control, mean and std of a response, each (forcing,)."""
    found = {"control": store.read_whole(f"control/{name}")[:, place]}
    for word in ("mean", "std"):
        if f"statistics/{name}_{word}" in store.specs:
            found[word] = store.read_whole(f"statistics/{name}_{word}")[:, place]
    return found


def _cells(numbers: Mapping[str, Any], k: int) -> list[str]:
    spread = f" +- {numbers['std'][k]:.1f}" if "std" in numbers else ""
    return [f"{numbers['control'][k]:.1f}", f"{numbers['mean'][k]:.1f}{spread}"]


def _means(numbers: Mapping[str, Any]) -> list[str]:
    spread = f" +- {np.mean(numbers['std']):.1f}" if "std" in numbers else ""
    return [f"{np.mean(numbers['control']):.1f}", f"{np.mean(numbers['mean']):.1f}{spread}"]


def _published(store: Store, responses: list[str]) -> list[list[str]]:
    """Return the published numbers beside ours, labelled as what they are."""
    reference = store.attrs["identity"]["scenario"]["reference"]
    if not reference:
        return []
    row = [reference["label"]]
    for name in responses:
        known = reference["responses"].get(name, {})
        for word in ("unconstrained", "constrained"):
            value = known.get(word)
            row.append("" if value is None else f"{value:g}")
    return [row]
