"""Profiles of clusters: what jobs ask of SLURM there, once per site and not in every scenario.

.. code-block:: yaml

    perlmutter:
      account: m1234
      qos: regular
      constraint: cpu
      cores: 128
      memory: 480GiB
      modules: [python]
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scenarios.execution import Resources, Slurm
from scenarios.problems import Problem, ScenarioError, nearest, shown
from scenarios.reading.document import parse, read_text
from scenarios.reading.wording import needed


def resources(chosen: Slurm, file: Path) -> Resources:
    """Return what a scenario asks of SLURM, its profile's keys where it says nothing itself.

    Parameters
    ----------
    chosen : Slurm
        The scenario's section.
    file : Path
        Of the profiles; read only if the scenario names one.

    Raises
    ------
    ScenarioError
        No such file or profile, or keys in it that are not sound; all of them.
    """
    own = {k: v for k, v in chosen.model_dump().items() if k in chosen.model_fields_set}
    known = {k: v for k, v in own.items() if k in Resources.model_fields}
    if not chosen.profile:
        return Resources(**known)
    return Resources(**{**_profile(chosen.profile, file), **known})


def _profile(name: str, file: Path) -> dict[str, Any]:
    """Return one profile's keys."""
    document = parse(read_text(file, "the YAML file of clusters"), str(file))
    if name not in document.data:
        text = f"no profile {name!r}{nearest(name, list(document.data))}"
        raise ScenarioError([*document.problems, Problem(text)], str(file))
    found = document.data[name]
    problems = [*document.problems, *map(document.locate, _problems(name, found))]
    if problems:
        raise ScenarioError(problems, str(file))
    return dict(found)


def _problems(name: str, found: Any) -> Iterator[Problem]:
    keys = list(Resources.model_fields)
    if not isinstance(found, dict):
        listed = f"'key: value' lines ({', '.join(keys)})"
        yield Problem(f"found {shown(found)}; needed {listed}", name)
        return
    try:
        Resources.model_validate(found)
    except ValidationError as error:
        for finding in error.errors():
            where = ".".join([name, *map(str, finding["loc"])])
            if finding["type"] == "extra_forbidden":
                key = str(finding["loc"][0])
                yield Problem(f"unknown key {key!r}{nearest(key, keys)}", where)
            else:
                yield Problem(f"found {shown(finding['input'])}; needed {needed(finding)}", where)
