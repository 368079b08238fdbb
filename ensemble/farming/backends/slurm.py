"""Jobs of a SLURM cluster: Dask workers for `run`, a job array for `submit`."""

from typing import Literal

from pydantic import Field

from ensemble.farming.backends import Farm
from scenarios.clusters import Resources
from scenarios.execution import BackendSpec


class Spec(BackendSpec, Resources):
    """Jobs of a SLURM cluster: Dask workers for `run`, a job array for `submit`."""

    backend: Literal["slurm"]
    profile: str = Field(default="", description="a cluster of the profiles, whose keys are used")
    profiles: str = Field(
        default="", description="YAML file {name: {partition: ..., time: ...}} of clusters"
    )
    dashboard: bool = Field(default=False, description="serve Dask's pages")


def run(farm: Farm) -> None:
    """Push blocks to workers in a fixed number of jobs, replaced when they end."""
    from ensemble.farming.backends.parts.tending import push_to_jobs

    push_to_jobs(farm)
