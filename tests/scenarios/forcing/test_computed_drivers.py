"""Drivers of a table of sites that are computed from columns: values, units, what is refused."""

import re

import numpy as np
import pytest

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.site_table import Spec

NPP = Variable("annual_npp", "g C m-2 yr-1", "NPP", ())
CLAY = Variable("clay", "1", "clay", ())
SITES = "location,pGPP,clay share,CLAY [percent],T [degC]\nA,866.3,1,11.26,9\nB,-212.5,2,0.5,-3\n"
HALF = "(pGPP + 400 [g C m-2 yr-1]) / 2"
UNITS = {"pGPP": "g C m-2 yr-1"}


def read(folder, needs=(NPP,), text=SITES, series=None, units=UNITS, **columns):
    """Read a table with drivers by expression."""
    (folder / "sites.csv").write_text(text)
    words = {"columns": {name: {"expression": e} for name, e in columns.items()}, "units": units}
    if series is not None:
        (folder / "years.csv").write_text(series)
        words["series"] = {"path": "years.csv"}
    (found,) = Spec(reader="site_table", path="sites.csv", **words).read(needs, folder)
    return found


def test_columns_and_numbers_are_each_in_their_unit(tmp_path):
    columns = {"annual_npp": HALF, "clay": "max(CLAY, 2 [percent])"}
    found = read(tmp_path, (NPP, CLAY), **columns)
    np.testing.assert_allclose(found.drivers["annual_npp"], [633.15, 93.75], rtol=1e-15)
    np.testing.assert_allclose(found.drivers["clay"], [0.1126, 0.02], rtol=1e-15)
    said = found.provenance["drivers"]
    assert said["annual_npp"] == {"from": HALF, "units": UNITS, "converted": "no"}
    assert said["clay"]["units"] == {"CLAY": "percent"}
    assert said["clay"]["converted"] == "to 1"
    kilograms = "(pGPP + 0.4 [kg C m-2 yr-1]) / 2"
    again = read(tmp_path, units={"pGPP": "g m-2 yr-1"}, annual_npp=kilograms)
    np.testing.assert_allclose(again.drivers["annual_npp"], [633.15, 93.75], rtol=1e-15)


def test_what_changes_is_computed_from_the_series(tmp_path):
    series = "location,year,GPP [kg C m-2 yr-1]\nA,2001,1\nA,2002,1.2\nB,2001,2\nB,2002,0.5\n"
    need = Variable("annual_npp", "g C m-2 yr-1", "NPP")
    found = read(tmp_path, (need,), series=series, annual_npp="GPP / 2")
    np.testing.assert_allclose(found.drivers["annual_npp"], [[500, 600], [1000, 250]])


REFUSED = {
    "unreadable": ("(pGPP + 4", r"columns.annual_npp.expression: .*needed '\)'"),
    "of numbers alone": ("2 * 3", "names no column; needed an expression of columns, or values:"),
    "unknown column": ("pGP / 2", "no column 'pGP'; did you mean 'pGPP'"),
    "a number without unit": ("pGPP + 400", r"say its unit: 400 \[g C m-2 yr-1\]"),
    "another unit": ("pGPP * 2 [m2]", "its value: .*'g C yr-1'"),
    "a logarithm": ("log10(pGPP)", "its value: found 'log10"),
    "no number": (
        "pGPP * pGPP / (pGPP - pGPP)",
        "found nan g C m-2 yr-1 of .* an expression with a",
    ),
    "a name of two words": ("clay share", "found 'share'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_meaning_is_refused(tmp_path, case):
    text, said = REFUSED[case]
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, annual_npp=text)
    assert re.search(said, str(caught.value).replace("\n", " ")), str(caught.value)


def test_a_column_without_a_unit_and_a_cell_that_is_none_are_refused(tmp_path):
    with pytest.raises(ScenarioError, match=r"no units for pGPP: say units: \{pGPP: "):
        read(tmp_path, units={}, annual_npp=HALF)
    # The driver's unit is none of a column that it is made of.
    with pytest.raises(ScenarioError, match="no units for pGPP"):
        read(tmp_path, units={"annual_npp": "g C m-2 yr-1"}, annual_npp=HALF)
    with pytest.raises(ScenarioError, match=r"sites.csv:3: location 'B', column 'pGPP'"):
        read(tmp_path, text=SITES.replace("-212.5", "NA"), annual_npp=HALF)
    npp = Variable("npp", "g C m-2 yr-1", "NPP", ())
    with pytest.raises(ScenarioError, match=r"sites.csv:3: driver 'npp': found -6.25 .*positive"):
        read(tmp_path, (npp,), npp="(pGPP + 200 [g C m-2 yr-1]) / 2")


def test_a_place_is_one_column(tmp_path):
    with pytest.raises(ScenarioError, match=r"columns.lat: .*needed one column"):
        read(tmp_path, annual_npp=HALF, lat="T * 1")


def test_a_column_that_is_there_twice_with_the_same_cells_is_one(tmp_path):
    text = "location,lat,lat,pGPP\nA,43.1,43.1,866.3\nB,43.2,43.2,10\n"
    found = read(tmp_path, text=text, annual_npp=HALF)
    np.testing.assert_array_equal(found.locations.columns["lat"], [43.1, 43.2])
    assert found.provenance["files"][0]["repeated_columns_left_out"] == ["lat"]
    with pytest.raises(ScenarioError, match="'lat' is there 2 times, with other cells"):
        read(tmp_path, text=text.replace("43.2,43.2", "43.2,43.3"), annual_npp=HALF)
