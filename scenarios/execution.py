"""Where a scenario runs: one model per backend; none of it can change a byte of the store."""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    model_validator,
)


class _Execution(BaseModel):
    """What every backend takes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    sync: bool = Field(default=True, description="fsync every chunk before it is committed")
    hang_seconds: float = Field(
        default=60.0,
        gt=0,
        description="a block hangs after 100 x the median block, and never before so many seconds",
    )


class Local(_Execution):
    """Threads of this process."""

    backend: Literal["local"] = "local"
    workers: int | None = Field(default=None, ge=1, le=1024, description="threads; default: cores")


class Certificates(BaseModel):
    """PEM files of a Dask cluster that takes nobody without them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca: str = Field(description="file of the authority's certificate")
    cert: str = Field(description="file of this client's certificate")
    key: str = Field(description="file of this client's key")


class Dask(_Execution):
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
    def _one_cluster(self) -> "Dask":
        said = [w for w in ("workers", "address", "scheduler_file") if getattr(self, w) is not None]
        if len(said) > 1:
            raise ValueError(
                f"found {' and '.join(said)}; needed one of workers: (an own cluster), address: "
                "and scheduler_file: (a running one)"
            )
        if self.tls and not (self.address or self.scheduler_file):
            raise ValueError(
                "found tls: without address: or scheduler_file:; leave it out, an "
                "own cluster makes its certificates itself"
            )
        return self


def _as_text(value: Any) -> Any:
    """Return minutes or megabytes, which YAML reads as a number, as SLURM takes them."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Amount = Annotated[str, BeforeValidator(_as_text)]


class Resources(BaseModel):
    """What jobs ask of SLURM; a profile of a cluster says the same keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jobs: int = Field(default=1, ge=1, le=100_000, description="jobs that run at the same time")
    cores: int = Field(default=1, ge=1, le=4096, description="worker processes of a job")
    memory: Amount = Field(default="2GiB", description="of a job, such as 8GiB")
    time: Amount = Field(default="01:00:00", description="walltime of a job, such as 04:00:00")
    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    reservation: str = ""
    modules: tuple[str, ...] = Field(default=(), description="[names], loaded in every job")
    setup: tuple[str, ...] = Field(default=(), description="[shell lines], before the worker")
    extra: tuple[str, ...] = Field(default=(), description="[sbatch options], such as --exclusive")
    interface: str = Field(default="", description="network interface of workers, such as ib0")
    cache: str = Field(
        default="", description="folder of compiled kernels that nodes see; default: beside runs"
    )


class Slurm(_Execution, Resources):
    """Jobs of a SLURM cluster: Dask workers for `run`, a job array for `submit`."""

    backend: Literal["slurm"]
    profile: str = Field(default="", description="a cluster of the profiles, whose keys are used")
    profiles: str = Field(
        default="", description="YAML file {name: {partition: ..., time: ...}} of clusters"
    )
    dashboard: bool = Field(default=False, description="serve Dask's pages")


class Mpi(_Execution):
    """Ranks that mpiexec or srun started, each of which takes blocks from a shared counter."""

    backend: Literal["mpi"]


def _backend(value: Any) -> Any:
    """Return the tag of what is written; without ``backend:`` it runs here."""
    if isinstance(value, dict):
        return value.get("backend", "local")
    return getattr(value, "backend", None)


BACKENDS = ("local", "dask", "slurm", "mpi")
Execution = Annotated[
    Annotated[Local, Tag("local")]
    | Annotated[Dask, Tag("dask")]
    | Annotated[Slurm, Tag("slurm")]
    | Annotated[Mpi, Tag("mpi")],
    Discriminator(_backend),
]


def of_section(section: Any) -> Local | Dask | Slurm | Mpi:
    """Return the model of a section ``execution``, such as a store keeps.

    Raises
    ------
    pydantic.ValidationError
        It is of another version.
    """
    found: Local | Dask | Slurm | Mpi = TypeAdapter(Execution).validate_python(section)
    return found
