"""Clusters: what jobs ask of SLURM there, once per site and not in every scenario.

A scenario names one by ``profile:``, in the file of ``profiles:``; elsewhere a profile is of soil.

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
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scenarios.problems import Problem, ScenarioError, nearest, shown
from scenarios.reading.document import parse, read_text
from scenarios.reading.wording import needed


def _as_text(value: Any) -> Any:
    """Return minutes or megabytes, which YAML reads as a number, as SLURM takes them."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Amount = Annotated[str, BeforeValidator(_as_text)]


class Resources(BaseModel):
    """What jobs ask of SLURM; the file of clusters says the same keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jobs: int = Field(default=1, ge=1, le=100_000, description="jobs that run at the same time")
    cores: int = Field(default=1, ge=1, le=4096, description="worker processes of a job")
    memory: Amount = Field(default="2GiB", description="of a job, such as 8GiB")
    time: Amount = Field(default="01:00:00", description="walltime of a job, such as 04:00:00")
    partition: str = Field(default="", description="queue that jobs go to; default: the site's")
    account: str = Field(default="", description="that is charged; default: the user's own")
    qos: str = Field(default="", description="quality of service; default: the site's")
    constraint: str = Field(default="", description="features that nodes must have")
    reservation: str = Field(default="", description="that jobs may use")
    modules: tuple[str, ...] = Field(default=(), description="[names], loaded in every job")
    setup: tuple[str, ...] = Field(default=(), description="[shell lines], before the worker")
    extra: tuple[str, ...] = Field(default=(), description="[sbatch options], such as --exclusive")
    interface: str = Field(default="", description="network interface of workers, such as ib0")
    cache: str = Field(
        default="", description="folder of compiled kernels that nodes see; default: beside runs"
    )


def resources(chosen: Resources, cluster: str, file: Path) -> Resources:
    """Return what a scenario asks of SLURM, a cluster's keys where it says nothing itself.

    Parameters
    ----------
    chosen : Resources
        The scenario's section.
    cluster : str
        That it names; empty for none.
    file : Path
        Of clusters; read only if the scenario names one.

    Raises
    ------
    ScenarioError
        No such file or cluster, or keys in it that are not sound; all of them.
    """
    own = {k: v for k, v in chosen.model_dump().items() if k in chosen.model_fields_set}
    of_jobs = {k: v for k, v in own.items() if k in Resources.model_fields}
    if not cluster:
        return Resources(**of_jobs)
    return Resources(**{**_cluster(cluster, file), **of_jobs})


def _cluster(name: str, file: Path) -> dict[str, Any]:
    """Return one cluster's keys."""
    document = parse(read_text(file, "the YAML file of clusters"), str(file))
    if name not in document.data:
        text = f"no profile {name!r}{nearest(name, list(document.data))}"
        raise ScenarioError([*document.problems, Problem(text)], str(file))
    keys = document.data[name]
    problems = [*document.problems, *map(document.locate, _problems(name, keys))]
    if problems:
        raise ScenarioError(problems, str(file))
    return dict(keys)


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
