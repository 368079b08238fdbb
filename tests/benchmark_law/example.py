"""What a benchmark is tried on: a small run, files of what was observed, and its words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ensemble
import scenarios

GRID = """\
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 20
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
outputs: {rh: all, litter: all, stock: all}
block: {location: 7, sample: 8}
"""
"""Thirty cells of `gridded.forcing`, some without a value where ``level`` is above 9; 2000-2002."""


def nothing(folder: Path) -> None:
    """Write no file: the benchmark's words are all."""


@dataclass(frozen=True)
class Example:
    """What makes a benchmark compare.

    Attributes
    ----------
    words : mapping
        Of the benchmark, besides ``compare:``; its output is kept whole by the run.
    write : callable
        Makes the files that they name in a folder.
    scenario : str
        The run, with ``block:``; ``level`` of a gridded one is what makes members fail.
    failing : tuple of str
        What is replaced in it so that some members fail, and by what.
    section : mapping
        Of ``evaluation:`` beside the benchmarks: maps of classes.
    """

    words: Mapping[str, Any]
    write: Callable[[Path], None] = nothing
    scenario: str = GRID
    failing: tuple[str, str] = ("level: {uniform: [1, 8]}", "level: {uniform: [1, 10]}")
    section: Mapping[str, Any] = field(default_factory=dict)


def example(name: str) -> Example:
    """Return the example of a benchmark."""
    found: Example = import_module(f"benchmark_law.examples.{name}").EXAMPLE
    return found


def run(
    folder: Path,
    name: str,
    text: str,
    words: Mapping[str, Any],
    beside: Mapping[str, Any] = MappingProxyType({}),
    **evaluation: Any,
) -> Path:
    """Run a scenario against one benchmark, called ``it``, and others; return the store."""
    section = {"benchmarks": {"it": {"compare": name, **words}, **beside}, **evaluation}
    file = folder / "scenario.yaml"
    file.write_text(f"{text}evaluation: {section!r}\n".replace("'", '"').replace("None", "null"))
    planned = ensemble.plan(scenarios.load(file), store=folder / "run.zarr")
    assert ensemble.run(planned).complete
    return planned.path
