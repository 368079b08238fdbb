"""Maps by name, and maps that are put together: what is taken, and what is refused."""

import nc_files as nc
import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

from scenarios import ScenarioError, observations
from scenarios.observations import maps, merged_map

MONTHS = {"time": np.array([f"2001-{m:02d}-15" for m in range(1, 13)], dtype="datetime64[ns]")}


def write(folder, **variables):
    """Write a file for each variable, with its land."""
    for name, made in variables.items():
        land = nc.grid(np.full((3, 4), 0.5), "1")
        xr.Dataset({name: made, "sftlf": land}).to_netcdf(folder / f"{name}.nc")


def of(name, **more):
    return {"reader": "netcdf_map", "path": f"{name}.nc", "variable": name, **more}


def test_the_first_map_is_taken_where_it_has_something(tmp_path):
    # Trap 8: a 0 of the regional stock means that a cell is not of it.
    north = np.array([[0, 5, 0, 0], [7, 0, np.nan, 1], [0, 0, 0, 0.0]])
    rest = np.arange(12.0).reshape(3, 4) * 1000
    write(tmp_path, north=nc.grid(north, "kg m-2"), rest=nc.grid(rest, "g m-2"))
    spec = merged_map.Spec(reader="merged_map", of=[of("north"), of("rest")])
    found = spec.read(tmp_path)
    expected = np.array([[np.nan, 5, 2, 3], [7, 5, 6, 1], [8, 9, 10, 11]])
    np.testing.assert_array_equal(found.values, expected)
    assert found.units == "kg m-2"
    assert found.notes[:2] == ("netcdf_map 1: 3 values", "netcdf_map 2: 8 values")
    assert [f["name"] for f in found.provenance["files"]] == ["north.nc", "rest.nc"]
    assert spec.files() == ["north.nc", "rest.nc"]


def test_maps_of_two_grids_are_not_put_together(tmp_path):
    other = nc.grid(np.ones((3, 4)), "kg m-2", lat=nc.LAT + 6)
    write(tmp_path, one=nc.grid(np.ones((3, 4)), "kg m-2"))
    xr.Dataset({"two": other}).to_netcdf(tmp_path / "two.nc")
    spec = merged_map.Spec(reader="merged_map", of=[of("one"), of("two")])
    with pytest.raises(ScenarioError, match=r"of.1: is on another grid"):
        spec.read(tmp_path)


def test_maps_have_names_and_their_files_are_told(tmp_path):
    write(tmp_path, one=nc.grid(nc.cells(1), "kg m-2"), two=nc.grid(nc.cells(2), "kg m-2"))
    found = maps.Spec(reader="maps", of={"a": of("one"), "b": of("two")}).read(tmp_path)
    assert [*found.maps] == ["a", "b"]
    np.testing.assert_array_equal(found.maps["b"].values, nc.cells(2))
    assert [f["name"] for f in found.provenance["files"]] == ["one.nc", "two.nc"]


def test_climate_is_twelve_months_on_one_grid(tmp_path):
    write(
        tmp_path,
        tas=nc.grid(np.full((12, 3, 4), 10.0), "degC", **MONTHS),
        pr=nc.grid(np.full((12, 3, 4), 60.0), "mm month-1", **MONTHS),
    )
    by_month = {"by": "month", "stamps": "middle"}
    climate = {"temperature": of("tas", **by_month), "precipitation": of("pr", **by_month)}
    spec = maps.Spec(reader="maps", made={"h": {"product": "climate_h", **climate}})
    assert spec.files() == ["tas.nc", "pr.nc"]
    made = spec.read(tmp_path).made["h"]
    assert made.temperature.values.shape == (12, 3, 4)
    climate["precipitation"] = of("pr", stamps="middle")
    with pytest.raises(ScenarioError, match=r"made.h.precipitation: needed the twelve months"):
        maps.Spec(reader="maps", made={"h": {"product": "climate_h", **climate}}).read(tmp_path)


def test_every_problem_of_every_map_is_said(tmp_path):
    with pytest.raises(ScenarioError) as caught:
        maps.Spec(reader="maps", of={"a": of("one"), "b": of("two")}).read(tmp_path)
    assert "one.nc" in str(caught.value)
    assert "two.nc" in str(caught.value)


CLIMATE = {"product": "climate_h", "temperature": of("t"), "precipitation": of("p")}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({}, "found no map"),
        ({"of": {"a": {"reader": "dgrsd", "path": "x.csv"}}}, "of.a: reader dgrsd gives SiteRec"),
        ({"of": {"h": of("one")}, "made": {"h": CLIMATE}}, "'h' is in of: and in made:"),
    ],
)
def test_what_is_no_map_is_refused(words, text):
    with pytest.raises(ValidationError, match=text):
        maps.Spec(reader="maps", **words)


@pytest.mark.parametrize("reader", ["maps", "merged_map", "multiplied_map"])
def test_what_is_made_of_made_up_maps_is_made_up(reader, tmp_path):
    one = {"reader": "synthetic_map", "quantity": "rh", "rows": 18}
    of = {"a": one, "b": one} if reader == "maps" else [one, one]
    more = {"units": "g2 m-4 yr-2"} if reader == "multiplied_map" else {}
    found = observations.get(reader).model_validate({"reader": reader, "of": of, **more})
    assert found.read(tmp_path).provenance["synthetic"]
