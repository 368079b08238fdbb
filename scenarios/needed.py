"""The files that a scenario names and that are not there, looked for without opening any."""

from collections.abc import Iterator, Mapping
from glob import has_magic, iglob
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import kernels
from scenarios.designs import DesignSpec
from scenarios.forcing import Declared
from scenarios.paths import placed
from scenarios.problems import Problem, ScenarioError
from scenarios.reading.checks import as_written, linked, make_kernel, read_options
from scenarios.reading.load import Loaded


def absent(scenario: Loaded) -> list[Problem]:
    """Return one problem for each file that is not there, with the first section that names it.

    Of readers and designs the files and folders that they say they open; of the kernel what it
    says of its files, which it reads to know its tables.
    """
    found: list[Problem] = []
    for name in sorted(type(scenario).model_fields.keys() & scenario.model_fields_set):
        found += _below(getattr(scenario, name), name, scenario.base_of(name))
    once = {problem.file: problem for problem in reversed(found)}
    return [*reversed(once.values()), *_of_kernel(scenario)]


def _below(part: Any, where: str, base: Path) -> Iterator[Problem]:
    if isinstance(part, Declared):
        yield from _missing(dict.fromkeys(part.files()), where, base)
    elif isinstance(part, DesignSpec):
        files = part.files(base).values()
        yield from (
            Problem("is not there", where, str(file)) for file in files if not file.exists()
        )
    if isinstance(part, Mapping | BaseModel):
        for name, below in dict(part).items():
            yield from _below(below, f"{where}.{name}", base)
    elif isinstance(part, list | tuple):
        for below in part:
            yield from _below(below, where, base)


def _missing(written: Mapping[str, None], where: str, base: Path) -> Iterator[Problem]:
    for text in written:
        try:
            file = placed(base, text, where)
        except ScenarioError as error:
            yield from error.problems
            continue
        there = next(iglob(str(file)), "") if has_magic(text) else file.exists()
        if not there:
            yield Problem("is not there", where, str(file))


def _of_kernel(scenario: Loaded) -> Iterator[Problem]:
    """Yield what the kernel says of its files; those of other packages are not imported."""
    if not all(map(kernels.is_ours, (scenario.kernel.name, *linked(scenario.kernel.options)))):
        return
    base = scenario.base_of("kernel")
    kernel, asked = as_written(scenario.kernel, kernels.get(scenario.kernel.name, base))
    try:
        make_kernel(kernel, read_options(asked, kernel), base)
    except ScenarioError as error:
        yield from error.problems
