"""Worker processes of a Dask cluster: a running one, or one of the run's own on this host."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ensemble.farming.backends import Farm
from scenarios.execution import BackendSpec


class Certificates(BaseModel):
    """PEM files of a Dask cluster that takes nobody without them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca: str = Field(description="file of the authority's certificate")
    cert: str = Field(description="file of this client's certificate")
    key: str = Field(description="file of this client's key")


class Spec(BackendSpec):
    """Worker processes of a Dask cluster: a running one, or one of the run's own on this host."""

    backend: Literal["dask"]
    workers: int | None = Field(
        default=None, ge=1, le=1024, description="processes of an own cluster; default: cores"
    )
    address: str | None = Field(
        default=None, description="of a running scheduler, such as tls://10.0.0.5:8786"
    )
    scheduler_file: str | None = Field(
        default=None, description="file that a running scheduler wrote, in place of an address"
    )
    tls: Certificates | None = Field(
        default=None, description="{ca: FILE, cert: FILE, key: FILE} of a running scheduler"
    )
    dashboard: bool = Field(default=False, description="serve Dask's pages from an own cluster")

    @model_validator(mode="after")
    def _one_cluster(self) -> "Spec":
        clusters = ("workers", "address", "scheduler_file")
        named = [word for word in clusters if getattr(self, word) is not None]
        if len(named) > 1:
            raise ValueError(
                f"found {' and '.join(named)}; needed one of workers: (an own cluster), address: "
                "and scheduler_file: (a running one)"
            )
        if self.tls and not (self.address or self.scheduler_file):
            raise ValueError(
                "found tls: without address: or scheduler_file:; leave it out, an "
                "own cluster makes its certificates itself"
            )
        return self


def run(farm: Farm) -> None:
    """Push blocks to a Dask cluster."""
    from ensemble.farming.backends.parts.pushing import push

    push(farm)
