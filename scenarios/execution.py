"""Where a scenario runs; none of it can change a byte of the store.

A backend is a file of the room that runs blocks, or a module that others install for the group
``soilsweep.backends``. Its ``Spec`` says which words of ``execution:`` it takes, and ``run(farm)``
runs. It is found by name and imported when a scenario names it: nothing here imports it, and it
imports `BackendSpec` from here.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from scenarios.plugins import Chosen, Plugins


class BackendSpec(BaseModel):
    """What every backend takes: base of the models that ``execution:`` is read into."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    sync: bool = Field(default=True, description="fsync every chunk before it is committed")
    hang_seconds: float = Field(
        default=60.0,
        gt=0,
        description="a block hangs after 100 x the median block, and never before so many seconds",
    )
    backend: str


BACKENDS = Plugins(
    "backend",
    "ensemble.farming.backends",
    "soilsweep.backends",
    ("Spec", "run"),
    BackendSpec,
    key="backend",
)


def _here(section: Mapping[str, Any]) -> str:
    """Return where it runs if nothing is said."""
    return "local"


Execution = Annotated[BackendSpec, Chosen(BACKENDS, _here)]
"""The type of ``execution:``, read into the model of its backend."""


def common(section: Mapping[str, Any]) -> BackendSpec:
    """Return what every backend takes of a section ``execution``; imports no backend.

    Raises
    ------
    pydantic.ValidationError
        It is of another version.
    """
    words = {"backend": _here(section), **section}
    return BackendSpec.model_validate({k: words[k] for k in BackendSpec.model_fields if k in words})


def of_section(section: Any) -> Any:
    """Return the model of a section ``execution``, such as a store keeps.

    Raises
    ------
    pydantic.ValidationError
        It is of another version.
    """
    return TypeAdapter(Execution).validate_python(section)
