"""Databases of respiration and fluxes: what is read as missing, and how many records are left."""

import numpy as np
import pytest
from support import DATA, needs_data

from scenarios import ScenarioError
from scenarios.observations import get

DAILY = """Study_number,Meas_Year,Meas_Month,Meas_DOY,Rh_Norm,Latitude,Longitude,Manipulation
1,2001,1,NA,0.5,50,10,None
1,2001,12,NA,0.75,50,10,None
1,2001,2,366,1,50,10,None
1,2011,NA,395,1.25,50,10,None
1,2001,NA,NA,2,50,10,None
2,2001,5,120,3,-50,350,Fertilized
2,2001,5,120,NA,-50,350,None
2,2001,5,120,0,NA,NA,None
"""


def read(reader, folder, **words):
    return get(reader).model_validate({"reader": reader, **words}).read(folder)


def daily(folder, text=DAILY, **words):
    (folder / "rh.csv").write_text(text)
    return read("dgrsd", folder, path="rh.csv", **words)


def steps(found):
    return [(step.records, step.studies) for step in found.steps]


def test_none_is_a_word_of_manipulation_and_the_middle_of_a_month_is_a_day(tmp_path):
    found = daily(tmp_path)
    # Traps 1 and 16: "None" read as missing leaves nothing; day 366 is day 365.
    np.testing.assert_array_equal(found.day, [15, 351, 365, 30])
    np.testing.assert_array_equal(found.month, [1, 12, 12, 1])
    np.testing.assert_array_equal(found.year, [2001, 2001, 2001, 2012])
    assert found.notes == ("1 days beyond the end of their year are days of the year after",)
    assert steps(found) == [(8, 2), (7, 2), (6, 2), (5, 1), (4, 1)]
    assert found.left_out == {
        "of a manipulated soil": 1,
        "without Rh_Norm": 1,
        "without coordinates": 1,
        "without a day or month": 1,
    }
    assert (found.units, found.span) == ("g C m-2 d-1", "day")
    assert found.line.tolist() == [2, 3, 4, 5]


def test_all_manipulations_are_taken_where_they_are_asked_for(tmp_path):
    found = daily(tmp_path, manipulation="all")
    assert found.columns["manipulation"].tolist()[-1] == "Fertilized"
    assert found.lon[-1] == -10
    assert found.values.tolist()[-1] == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("NA,395", "NA,800"), "rh.csv:5: column 'Meas_DOY': found '800'; needed a whole number"),
        (("1,2001,1,", "1,2001,13,"), "rh.csv:2: column 'Meas_Month': found '13'; needed a whole"),
        (("1,2001,1,", "1,21,1,"), "rh.csv:2: column 'Meas_Year': found '21'; needed a year"),
        (("Rh_Norm", "Rh_Norm [kg C m-2]"), "column 'Rh_Norm': 'kg C m-2' cannot become"),
        (("None", ""), "no record is left: 8 of a manipulated soil"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path, change, said):
    with pytest.raises(ScenarioError) as refused:
        daily(tmp_path, DAILY.replace(*change))
    assert said in str(refused.value)


ANNUAL = """Study_number,Study_midyear,Site,Latitude,Longitude,Manipulation,Rs_annual,Rh_annual
1,2001.5,Hyyti{0}l{0},61.8,24.3,None,800,400
2,,Hyyti{0}l{0},61.8,24.3,None,,450
3,2003,x,10,20,None,500,500
4,2003,x,10,20,None,500,-99
"""


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_both_encodings_of_srdb_give_the_same_records(tmp_path, encoding):
    (tmp_path / "srdb.csv").write_bytes(ANNUAL.format("ä").encode(encoding))
    found = read("srdb", tmp_path, path="srdb.csv")
    assert found.values.tolist() == [400, 450]
    np.testing.assert_array_equal(found.year, [2001, np.nan])
    assert np.isnan(found.day).all()
    assert found.left_out == {"with Rs not above Rh": 1, "with Rh of 0 or below": 1}
    assert ("latin-1" in "".join(found.notes)) is (encoding == "latin-1")


@needs_data
def test_daily_records_are_as_many_as_the_specification_says():
    """Table T3a of the specification, the steps that are the reader's."""
    path = "observations/dgrsd_daily_rh.csv"
    none = read("dgrsd", DATA, path=path)
    assert steps(none)[1:] == [(7546, 225), (7176, 222), (7119, 219), (7026, 212)]
    every = read("dgrsd", DATA, path=path, manipulation="all")
    assert steps(every) == [(9489, 242), (9084, 239), (9027, 236), (8925, 229)]
    assert "8 days beyond" in every.notes[0]


@needs_data
def test_annual_records_are_as_many_as_the_specification_says():
    """Section 7.3 of the specification."""
    found = read("srdb", DATA, path="observations/srdb-data-v5.csv")
    assert [step.records for step in found.steps][1:] == [1050, 772, 769, 753, 752]
    assert found.steps[-1].studies == 301
    assert not found.notes


@needs_data
def test_monthly_fluxes_are_latin_1_and_lack_456_values():
    found = read("fluxnet_monthly", DATA, path="fluxnet/fluxnet2015_monthly.csv")
    assert found.left_out == {"without NEE_VUT_REF": 456}
    assert "latin-1" in found.notes[0]
    assert len(set(found.study.tolist())) == 166
    assert (found.span, found.units) == ("month", "g C m-2 d-1")


@needs_data
def test_the_site_without_temperature_is_there_and_two_data_sets_share_a_place():
    """And monthly means of Harvard Forest, April to November, of section 4."""
    found = read("cosore_daily", DATA, path="cosore")
    assert found.left_out == {"of 29 February": 1}
    assert len(set(found.study.tolist())) == 4
    assert len(set(zip(found.lat, found.lon, strict=True))) == 3
    assert (found.study == "d20190430_DESAI").sum() == 500
    forest = np.char.endswith(found.study, "hf006-05")
    means = [found.values[forest & (found.month == month)].mean() for month in range(4, 12)]
    expected = [0.2890, 0.6531, 1.1837, 1.8110, 1.6927, 1.3336, 0.7103, 0.3847]
    np.testing.assert_allclose(means, expected, atol=5e-5)
