"""A NetCDF file as dimensions and raw variables, to be broken in one place and written again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

TIMES = frozenset({"time", "month", "date", "day"})
LEVELS = frozenset({"levgrnd", "levsoi", "levsoi_2", "nsoilyrs", "lev", "depth"})


@dataclass
class Var:
    """A variable as it is stored: no mask, no scale."""

    dims: tuple[str, ...]
    values: Any
    attrs: dict[str, Any] = field(default_factory=dict)

    def along(self, dim: str, at: Any) -> "Var":
        """Return the variable with other places along a dimension; itself where it has it not."""
        if dim not in self.dims:
            return self
        return Var(self.dims, np.take(self.values, at, axis=self.dims.index(dim)), self.attrs)

    @property
    def fill(self) -> float:
        """Return what stands for missing, or what nothing can equal."""
        return float(self.attrs.get("_FillValue", self.attrs.get("missing_value", np.nan)))


@dataclass
class Nc:
    """A file."""

    model: str
    unlimited: set[str]
    variables: dict[str, Var]
    attrs: dict[str, Any]

    def along(self, dims: Iterable[str], at: Any) -> None:
        """Take other places along dimensions, in every variable that has them."""
        for dim in dims:
            self.variables = {n: v.along(dim, at) for n, v in self.variables.items()}

    def size(self, dim: str) -> int:
        """Return the length of a dimension; 0 where there is none."""
        for one in self.variables.values():
            if dim in one.dims:
                return int(one.values.shape[one.dims.index(dim)])
        return 0

    def dims(self, of: Iterable[str]) -> list[str]:
        """Return which of some dimensions are there, with a coordinate that says their order."""
        return [dim for dim in sorted(of) if self.size(dim) and self.said(dim)]

    def said(self, dim: str) -> bool:
        """Return whether anything in the file says where along a dimension a value stands."""
        return any(v.dims == (dim,) and np.ndim(v.values) == 1 for v in self.variables.values())

    def bounds_of(self, name: str) -> str:
        """Return the variable of a coordinate's bounds; empty where there is none."""
        said = self.variables[name].attrs.get("bounds", "") if name in self.variables else ""
        return said if said in self.variables else ""


def load(path: Path) -> Nc:
    """Return a file."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        variables = {
            name: Var(v.dimensions, v[...], {a: v.getncattr(a) for a in v.ncattrs()})
            for name, v in file.variables.items()
        }
        unlimited = {name for name, dim in file.dimensions.items() if dim.isunlimited()}
        attrs = {name: file.getncattr(name) for name in file.ncattrs()}
        return Nc(file.data_model, unlimited, variables, attrs)


def save(path: Path, nc: Nc) -> None:
    """Write a file."""
    with netCDF4.Dataset(path, "w", format=nc.model) as file:
        file.setncatts(nc.attrs)
        for one in nc.variables.values():
            for dim, size in zip(one.dims, np.shape(one.values), strict=True):
                if dim not in file.dimensions:
                    file.createDimension(dim, None if dim in nc.unlimited else size)
        for name, one in nc.variables.items():
            fill = one.attrs.get("_FillValue")
            values = np.asarray(one.values)
            kind = str if values.dtype == object else values.dtype
            made = file.createVariable(name, kind, one.dims, fill_value=fill)
            file.set_auto_maskandscale(False)
            made.setncatts({k: v for k, v in one.attrs.items() if k != "_FillValue"})
            made[...] = values
