"""Observations of days, months and years beside a run by days."""

import numpy as np
import pytest

import ensemble
import scenarios
from ensemble.members.in_time import DAYS

TEXT = """\
version: 1
name: days
kernel: {name: mimics, mode: transient, step: day}
forcing:
  reader: site_table
  path: sites.csv
  location: site
  columns: {soil_temperature: T}
  units: {T: degC, clay: "1", lignin_n: "1"}
  values: {depth: 30}
  series: {path: days.csv, year: year, day: day}
  observed: {path: seen.csv, DATES, respiration: R}
design: {method: grid, parameters: {beta: {values: [1.1, 1.2, 1.3]}}}
precision: float64
outputs: {respiration: all}
responses:
  rmse: {output: respiration, metric: {rmse: respiration}}
  cost: {output: respiration, cost: {observed: respiration, error: {floor: 0.2 ug C cm-3 d-1}}}
block: {sample: 2}
"""
DATES = {
    "year: year": ("year", [(1999,), (2000,)]),
    "year: year, month: month": ("year,month", [(1999, 1), (1999, 2), (2000, 12)]),
    "year: year, month: month, day: day": ("year,month,day", [(1999, 2, 28), (2000, 3, 1)]),
    "year: year, day: day": ("year,day", [(1999, 1), (1999, 365), (2000, 59)]),
}
FIRST = np.concatenate([[0], np.cumsum(DAYS)])


def write(folder, dates, *, last=365):
    """Write a site with days of 1999 and 2000, the latter until some day, and return a scenario."""
    (folder / "sites.csv").write_text("site,clay,lignin_n\nA,0.2,20\n")
    rows = [
        f"A,{year},{day},{400 + 200 * np.sin(day / 58):.2f},500,{12 + 8 * np.sin(day / 58):.3f}"
        for year, most in ((1999, 365), (2000, last))
        for day in range(1, most + 1)
    ]
    header = "site,year,day,litter_input [g C m-2 yr-1],annual_npp [g C m-2 yr-1],T"
    (folder / "days.csv").write_text("\n".join([header, *rows]) + "\n")
    columns, seen = dates
    lines = [f"A,{','.join(map(str, at))},{0.004 + k * 1e-4:.4f},5e-4" for k, at in enumerate(seen)]
    (folder / "seen.csv").write_text(
        "\n".join([f"site,{columns},R [mg C cm-3 d-1],SE [mg C cm-3 d-1]", *lines]) + "\n"
    )


def plan(folder, words):
    text = TEXT.replace("DATES", words).replace(
        "respiration: R}", "respiration: {column: R, error: SE}}"
    )
    (folder / "days.yaml").write_text(text)
    return ensemble.plan(scenarios.load(folder / "days.yaml"), store=folder / "run.zarr")


def steps_of(words, at):
    """Return the steps of a date by hand, in two years of 365 days."""
    year, *rest = at
    begin = 365 * (year - 1999)
    if not rest:
        return slice(begin, begin + 365)
    if "month" not in words:
        return slice(begin + rest[0] - 1, begin + rest[0])
    month = begin + FIRST[rest[0] - 1]
    if len(rest) == 1:
        return slice(month, begin + FIRST[rest[0]])
    return slice(month + rest[1] - 1, month + rest[1])


@pytest.mark.parametrize(("words", "dates"), DATES.items())
def test_a_value_stands_beside_the_mean_of_its_own_days(tmp_path, words, dates):
    write(tmp_path, dates)
    planned = plan(tmp_path, words)
    assert ensemble.run(planned, workers=1).complete
    found = ensemble.open_run(planned.path).to_dataset()
    days = found["respiration"].transpose("forcing", "location", "time", "sample").values[0, 0]
    assert len(days) == 730
    modelled = np.stack([days[steps_of(words, at)].mean(axis=0) for at in dates[1]])
    apart = modelled - (0.004 + 1e-4 * np.arange(len(modelled)))[:, None]
    rmse = np.sqrt((apart**2).mean(axis=0))
    np.testing.assert_allclose(found["rmse"].values[0, 0], rmse, rtol=1e-12)
    cost = (apart**2 / (5e-4**2 + 2e-4**2)).sum(axis=0)
    np.testing.assert_allclose(found["cost"].values[0, 0], cost, rtol=1e-12)


REFUSED = {
    "a month that ends too early": (
        ("year,month", [(2000, 3), (2000, 4)]),
        "seen.csv:3: location 'A', respiration: year 2000, month 4 is not whole in the run",
    ),
    "a year that ends too early": (
        ("year", [(1999,), (2000,)]),
        "seen.csv:3: location 'A', respiration: year 2000 is not whole in the run (1999-2000)",
    ),
    "a day too late": (("year,day", [(2000, 100), (2000, 101)]), "year 2000, day 101 is not whole"),
    "a day of leap years": (
        ("year,month,day", [(1999, 2, 29)]),
        "column 'day': found '29'; needed a day of month 2 from 1 to 28",
    ),
    "a month of none": (("year,month", [(1999, 13)]), "found '13'; needed a month from 1 to 12"),
    "no month": (("year,month", [(1999, "")]), "found ''; needed a month from 1 to 12"),
}


@pytest.mark.parametrize(("dates", "told"), REFUSED.values(), ids=REFUSED)
def test_dates_that_the_run_has_not_whole_are_refused(tmp_path, dates, told):
    write(tmp_path, dates, last=100)
    with pytest.raises(scenarios.ScenarioError) as caught:
        plan(tmp_path, ", ".join(f"{part}: {part}" for part in dates[0].split(",")))
    assert told in str(caught.value)
    assert not (tmp_path / "run.zarr").exists()
