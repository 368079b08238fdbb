"""Observations that are made of several: what they open, and where they are from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, model_validator

from scenarios.forcing.common.declared import Declared, Input
from scenarios.observations._contract import AnyObservation, GridMap, Observations, ObservationSpec


class OneOfMaps(ObservationSpec):
    """Base of readers of one map that is made of several."""

    gives: ClassVar[type[Observations]] = GridMap
    reads: ClassVar[tuple[Input, ...]] = ()

    of: list[AnyObservation] = Field(min_length=2, description="[{reader: ...}, ...], maps")

    @model_validator(mode="after")
    def _maps(self) -> "OneOfMaps":
        for k, one in enumerate(self.of):
            if isinstance(one, ObservationSpec) and one.gives is not GridMap:
                raise ValueError(f"of.{k}: reader {one.reader} gives no map; needed one of maps")
        return self

    def files(self) -> list[str]:
        """Return the files that its maps open; see `Declared.files`."""
        return files_of(self.of)


def files_of(every: Iterable[Declared]) -> list[str]:
    """Return the files that some readers open, each once."""
    return list(dict.fromkeys(file for one in every for file in one.files()))


def provenance_of(
    reader: str, every: Mapping[str, Observations] | Sequence[Observations]
) -> dict[str, Any]:
    """Return where what is made of several observations, named or not, is from.

    Each file once; made up where one of them is.
    """
    named = isinstance(every, Mapping)
    parts = [*every.values()] if isinstance(every, Mapping) else [*every]
    about = [one.provenance for one in parts]
    files: list[object] = []
    for one in about:
        files += [f for f in one.get("files", ()) if f not in files]
    return {
        "reader": reader,
        "maps": dict(zip(every, about, strict=True)) if named else about,
        "files": files,
        "synthetic": any(bool(one.get("synthetic")) for one in about),
    }
