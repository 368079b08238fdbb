"""Ranks that mpiexec or srun started, each of which takes blocks from a shared counter."""

from typing import Literal

from ensemble.farming.backends import Farm
from scenarios.execution import BackendSpec


class Spec(BackendSpec):
    """Ranks that mpiexec or srun started, each of which takes blocks from a shared counter."""

    backend: Literal["mpi"]


def run(farm: Farm) -> None:
    """Run blocks with all ranks; called on rank 0, the others follow it."""
    from ensemble.farming.backends.parts.ranks import lead

    lead(farm)
