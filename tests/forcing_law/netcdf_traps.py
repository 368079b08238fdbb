"""Malformed NetCDF files: what each kind of change is, made of what a reader declares."""

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from forcing_law import netcdf
from forcing_law.example import Example
from forcing_law.netcdf import LEVELS, TIMES, Nc, Var
from forcing_law.trap import Broken, settled, trap
from forcing_law.units import foreign, rescaled, respelled

from scenarios.forcing.common.declared import Input, Quantity

FILLS = (-9999.0, 1e20, 9.969209968386869e36)
VALUES = ("driver", "observation")


def _files(folder: Path, one: Input, example: Example) -> Iterator[tuple[Path, Nc]]:
    for name in example.of(one):
        yield folder / name, netcdf.load(folder / name)


def _broken(path: Path, nc: Nc, said: str, *words: str) -> Broken:
    return Broken(f"{path.name}: {said}", path, lambda: netcdf.save(path, nc), words)


def _together(said: str, broken: list[Broken]) -> Broken:
    """Return changes of several files as one."""

    def change() -> None:
        for one in broken:
            one.change()

    words = tuple(word for one in broken for word in one.words)
    return Broken(said, broken[0].file, change, words)


def _changed(nc: Nc, **variables: Var) -> Nc:
    other = copy.deepcopy(nc)
    other.variables |= variables
    return other


def _variables(
    one: Input, example: Example, nc: Nc, *roles: str
) -> Iterator[tuple[Quantity, str, Var]]:
    for quantity in one.quantities:
        for name in example.called(quantity):
            if quantity.role in roles and name in nc.variables:
                yield quantity, name, nc.variables[name]


def _with(var: Var, **attrs: object) -> Var:
    kept = {k: v for k, v in {**var.attrs, **attrs}.items() if v is not None}
    return Var(var.dims, var.values, kept)


def _exact(var: Var, factor: float, offset: float) -> Var:
    """Return other numbers in double precision; what stands for missing stays."""
    values = np.asarray(var.values, dtype=np.float64)
    missing = values == var.fill
    attrs = {k: v for k, v in var.attrs.items() if k not in ("_FillValue", "missing_value")}
    if missing.any():
        attrs["_FillValue"] = 1e36
    return Var(var.dims, np.where(missing, 1e36, values * factor + offset), attrs)


# --- what changes no meaning ---


@trap("netcdf", "same", "refused")
def months_reversed(folder, one, example):
    for path, nc in _files(folder, one, example):
        for dim in nc.dims(TIMES):
            nc.along([dim], np.arange(nc.size(dim))[::-1])
            yield _broken(path, nc, f"{dim} backwards")


@trap("netcdf", "same", "refused")
def months_shuffled(folder, one, example):
    for path, nc in _files(folder, one, example):
        for dim in nc.dims(TIMES):
            nc.along([dim], np.roll(np.arange(nc.size(dim)), 5))
            yield _broken(path, nc, f"{dim} begins with its last five")


@trap("netcdf", "same")
def other_units_of_time(folder, one, example):
    for path, nc in _files(folder, one, example):
        time = nc.variables.get("time")
        if time is None or not str(time.attrs.get("units", "")).startswith("days since"):
            continue
        for unit, factor in (("hours", 24), ("minutes", 1440), ("seconds", 86400)):
            units = time.attrs["units"].replace("days", unit)
            changed = {"time": _with(_exact(time, factor, 0), units=units)}
            if bounds := nc.bounds_of("time"):
                changed[bounds] = _exact(nc.variables[bounds], factor, 0)
            yield _broken(path, _changed(nc, **changed), f"time in {unit}")


def _restamped(folder, one, example, keep_bounds):
    """Yield stamps at either end and in the middle of what the bounds say, in all files at once."""
    for end in (0.0, 0.5, 1.0):
        done = []
        for path, nc in _files(folder, one, example):
            if not (bounds := nc.bounds_of("time")):
                continue
            sides = np.asarray(nc.variables[bounds].values, dtype=np.float64)
            stamps = sides[:, 0] + end * (sides[:, 1] - sides[:, 0])
            if keep_bounds and np.array_equal(stamps, nc.variables["time"].values):
                continue
            other = _changed(nc, time=Var(("time",), stamps, nc.variables["time"].attrs))
            if not keep_bounds:
                del other.variables[bounds]
                other.variables["time"] = _with(other.variables["time"], bounds=None)
            done.append(_broken(path, other, "stamps"))
        if done:
            with_them = "with" if keep_bounds else "without"
            yield _together(f"stamps at {end:g} of the interval {with_them} bounds", done)


@trap("netcdf", "same")
def stamps_elsewhere_with_bounds(folder, one, example):
    yield from _restamped(folder, one, example, keep_bounds=True)


@trap("netcdf", "same", "refused")
def stamps_without_bounds(folder, one, example):
    yield from _restamped(folder, one, example, keep_bounds=False)


@trap("netcdf", "same", "refused")
def levels_bottom_up(folder, one, example):
    for path, nc in _files(folder, one, example):
        if dims := nc.dims(LEVELS):
            for dim in dims:
                nc.along([dim], np.arange(nc.size(dim))[::-1])
            yield _broken(path, nc, f"{', '.join(dims)} from the bottom up")


@trap("netcdf", "same", "refused")
def latitudes_reversed(folder, one, example):
    for path, nc in _files(folder, one, example):
        for dim in nc.dims({"lat", "lsmlat"}):
            nc.along([dim], np.arange(nc.size(dim))[::-1])
            yield _broken(path, nc, f"{dim} from the other end")


@trap("netcdf", "same", "refused")
def longitudes_in_the_other_convention(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, "longitude"):
            values = np.asarray(var.values, dtype=np.float64)
            # As files have them: values rise, so columns move with the convention.
            turned = np.where(
                values > 180, values - 360, np.where(values < 0, values + 360, values)
            )
            if (turned != values).any():
                nc = _changed(nc, **{name: Var(var.dims, turned, var.attrs)})
                if var.dims == (name,):
                    nc.along([name], np.argsort(turned))
                yield _broken(path, nc, f"{name} in the other convention")


@trap("netcdf", "same", "refused")
def dimensions_transposed(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, *VALUES, "mask", "row", "class"):
            if len(var.dims) > 1:
                turned = Var(var.dims[::-1], np.transpose(var.values), var.attrs)
                other = _changed(nc, **{name: turned})
                # An unlimited dimension comes first in a classic file.
                other.unlimited = set()
                yield _broken(path, other, f"{name} has its dimensions backwards", name)


@trap("netcdf", "same")
def more_variables(folder, one, example):
    for path, nc in _files(folder, one, example):
        dim = next(iter(nc.variables.values())).dims[:1]
        size = [nc.size(d) for d in dim]
        more = {"AREA_OF_SOMETHING": Var(dim, np.full(size, 7.5), {"units": "furlong"})}
        yield _broken(path, _changed(nc, **more), "a variable that nobody asked for")


@trap("netcdf", "same")
def packed_as_integers(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, *VALUES):
            values = np.asarray(var.values, dtype=np.float64)
            known = (values != var.fill) & np.isfinite(values)
            least, most = values[known].min(), values[known].max()
            scale = (most - least) / 2_000_000_000 or 1.0
            fill = -2_147_483_647
            packed = np.full(values.shape, fill, dtype=np.int32)
            packed[known] = np.rint((values[known] - least) / scale - 1_000_000_000)
            attrs = {k: v for k, v in var.attrs.items() if k not in ("_FillValue", "missing_value")}
            attrs |= {"scale_factor": scale, "add_offset": least + 1e9 * scale}
            attrs["_FillValue"] = np.int32(fill)
            other = _changed(nc, **{name: Var(var.dims, packed, attrs)})
            yield _broken(path, other, f"{name} packed", name)


@trap("netcdf", "same")
def units_respelled(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, *VALUES, "area"):
            for unit in respelled(str(var.attrs.get("units", ""))):
                other = _changed(nc, **{name: _with(var, units=unit)})
                yield _broken(path, other, f"{name} in {unit!r}", name)


@trap("netcdf", "same")
def values_rescaled_with_their_unit(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, *VALUES, "area"):
            for unit, factor, offset in rescaled(str(var.attrs.get("units", ""))):
                changed = _with(_exact(var, factor, offset), units=unit)
                yield _broken(path, _changed(nc, **{name: changed}), f"{name} in {unit!r}", name)


@trap("netcdf", "same", "refused")
def places_spelled_otherwise(folder, one, example):
    """Variables of places in other spellings; never dropped."""
    spellings = {
        "latitude": ("latitude", "Latitude", "LAT", "nav_lat"),
        "longitude": ("longitude", "Longitude", "LON", "long"),
    }
    for path, nc in _files(folder, one, example):
        for quantity, name, _ in _variables(one, example, nc, *spellings):
            for other in spellings[quantity.role]:
                renamed = copy.deepcopy(nc)
                renamed.variables[other] = renamed.variables.pop(name)
                yield _broken(path, renamed, f"{name} called {other}", name, other)


# --- what destroys meaning ---


def _spoiled(var: Var, value: float, **attrs: object) -> Var | None:
    """Return a variable with one value spoiled: the middle one of those that are known."""
    values = np.array(var.values, dtype=np.float64)
    known = np.flatnonzero((values != var.fill).ravel() & np.isfinite(values).ravel())
    values.reshape(-1)[known[known.size // 2]] = value
    kept = {k: v for k, v in var.attrs.items() if k not in ("_FillValue", "missing_value")}
    missing = np.asarray(var.values, dtype=np.float64) == var.fill
    if missing.any():
        values[missing] = value
    return Var(var.dims, values, {**kept, **attrs})


def _fills(folder, one, example, with_attribute):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, *VALUES, "area", "latitude"):
            for fill in (*FILLS, np.nan):
                attrs = {"missing_value": fill} if with_attribute else {}
                spoiled = _spoiled(var, fill, **attrs)
                yield _broken(path, _changed(nc, **{name: spoiled}), f"{name}: {fill:g}", name)


@trap("netcdf", "refused", "noted")
def fill_values_without_attribute(folder, one, example):
    yield from _fills(folder, one, example, with_attribute=False)


@trap("netcdf", "refused", "noted")
def fill_values_with_attribute(folder, one, example):
    yield from _fills(folder, one, example, with_attribute=True)


@trap("netcdf", "refused")
def units_left_out(folder, one, example):
    for path, nc in _files(folder, one, example):
        for quantity, name, var in _variables(one, example, nc, *VALUES, "area"):
            if quantity.said.startswith("file") and "units" in var.attrs:
                other = _changed(nc, **{name: _with(var, units=None)})
                broken = _broken(path, other, f"{name} without its unit", name)
                yield settled(broken) if quantity.role == "area" else broken


@trap("netcdf", "refused")
def units_of_another_dimension(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, *VALUES, "area"):
            if unit := str(var.attrs.get("units", "")):
                other = _changed(nc, **{name: _with(var, units=foreign(unit))})
                yield _broken(path, other, f"{name} in {foreign(unit)!r}", name)


@trap("netcdf", "refused")
def a_month_left_out(folder, one, example):
    for path, nc in _files(folder, one, example):
        for dim in nc.dims(TIMES):
            nc.along([dim], np.delete(np.arange(nc.size(dim)), nc.size(dim) // 2))
            yield _broken(path, nc, f"one of {dim} left out")


@trap("netcdf", "refused")
def a_month_twice(folder, one, example):
    for path, nc in _files(folder, one, example):
        for dim in nc.dims(TIMES):
            at = np.arange(nc.size(dim))
            at[at.size // 2] = at[at.size // 2 - 1]
            nc.along([dim], at)
            yield _broken(path, nc, f"one of {dim} twice")


@trap("netcdf", "refused")
def a_year_less_of_one_file(folder, one, example):
    """Where a data set has several files."""
    files = list(_files(folder, one, example))
    for path, nc in files if len(files) > 1 else ():
        for dim in nc.dims(TIMES):
            if (size := nc.size(dim)) > 12:
                nc.along([dim], np.arange(size - 12))
                yield _broken(path, nc, f"twelve of {dim} less than the other files")


@trap("netcdf", "refused")
def impossible_latitudes(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, "latitude"):
            values = np.asarray(var.values, dtype=np.float64).copy()
            values.reshape(-1)[0] = -95.0
            other = _changed(nc, **{name: Var(var.dims, values, var.attrs)})
            yield _broken(path, other, f"{name} of -95", name)


@trap("netcdf", "refused")
def impossible_longitudes(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, "longitude"):
            values = np.asarray(var.values, dtype=np.float64).copy()
            values.reshape(-1)[0] = 400.0
            other = _changed(nc, **{name: Var(var.dims, values, var.attrs)})
            yield _broken(path, other, f"{name} of 400", name)


@trap("netcdf", "refused")
def impossible_areas(folder, one, example):
    """More than the Earth, and less than any cell: of another unit than is said."""
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, "area"):
            for factor in (1e6, 1e-8):
                other = _changed(nc, **{name: _exact(var, factor, 0.0)})
                yield _broken(path, other, f"{name} times {factor:g}", name)


@trap("netcdf", "refused")
def latitudes_of_another_dimension(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, "latitude", "longitude"):
            if var.attrs.get("units"):
                other = _changed(nc, **{name: _with(var, units="m")})
                yield _broken(path, other, f"{name} in 'm'", name)


@trap("netcdf", "refused")
def a_variable_left_out(folder, one, example):
    for path, nc in _files(folder, one, example):
        for quantity, name, _ in _variables(one, example, nc, *VALUES):
            if quantity.needed:
                other = copy.deepcopy(nc)
                del other.variables[name]
                yield _broken(path, other, f"no {name}", name)


@trap("netcdf", "refused")
def words_for_numbers(folder, one, example):
    for path, nc in _files(folder, one, example):
        for _, name, var in _variables(one, example, nc, *VALUES):
            if nc.model == "NETCDF4":
                text = np.full(np.shape(var.values), "ten", dtype=object)
                kept = {k: v for k, v in var.attrs.items() if k in ("units", "long_name")}
                other = _changed(nc, **{name: Var(var.dims, text, kept)})
                yield _broken(path, other, f"{name} holds words", name)


@trap("netcdf", "refused")
def a_file_cut_short(folder, one, example):
    for path, _ in _files(folder, one, example):
        data = path.read_bytes()
        half = data[: len(data) // 2]
        yield Broken(f"{path.name}: cut", path, lambda path=path, half=half: path.write_bytes(half))
