"""Units as the field spells them; pint only where strings differ."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios import units
from scenarios.unit_text import parse
from scenarios.units import (
    agree,
    convert,
    factor,
    of_water,
    over_area,
    per,
    ranged,
    readable,
    same,
    times,
    unsaid,
)


@pytest.mark.parametrize(
    ("found", "needed", "expected"),
    [
        ("Pg C yr-1", "Pg C yr-1", 1.0),
        ("PgC/yr", "Pg C yr-1", 1.0),
        ("GtC", "Pg C", 1.0),
        ("Gt C a-1", "Pg C yr-1", 1.0),
        ("kg m-2", "kg C m-2", 1.0),
        ("kg C", "Pg C", 1e-12),
        ("Tg C yr^-1", "Pg C yr-1", 1e-3),
        ("1e15 g C yr-1", "Pg C yr-1", 1.0),
        ("t C ha-1", "kg C m-2", 0.1),
        ("kg C m-2 s-1", "g C m-2 d-1", 86_400_000.0),
        ("kg C m-2 s-1", "kg C m-2 yr-1", 365.25 * 86_400),
        ("gC m⁻² d⁻¹", "g C m-2 d-1", 1.0),
        ("gC.m-2.d-1", "g C m**-2 d**-1", 1.0),
        ("kg C m-2 d-1 m2 d", "Pg C yr-1 yr", 1e-12),
        ("%", "1", 0.01),
        ("m3 m-3", "fraction", 1.0),
        ("K-1", "degC-1", 1.0),
        # groups, braces, words
        ("kg/(m2 s)", "kg C m-2 s-1", 1.0),
        ("kg C (m2 s)-1", "kg C m-2 s-1", 1.0),
        ("kg (m^2 s)^-1", "kg C m-2 s-1", 1.0),
        ("g C m^{-2} s^{-1}", "g C m-2 s-1", 1.0),
        ("$g m^{-2}$", "g C m-2", 1.0),
        ("kg per m2 per year", "kg C m-2 yr-1", 1.0),
        ("kg\u00b7m\u207b\u00b2\u00b7s\u207b\u00b9", "kg m-2 s-1", 1.0),
        ("10^15 g C yr-1", "Pg C yr-1", 1.0),
        ("[kg m-2]", "kg C m-2", 1.0),
        # times
        *((f"mm {word}-1", "mm month-1", 1.0) for word in ("mon", "mo", "months", "MONTH")),
        ("mm/mon", "mm month-1", 1.0),
        ("GtC/Yr", "Pg C yr-1", 1.0),
        # letters of another case that can mean one unit alone
        ("PGC/YR", "Pg C yr-1", 1.0),
        ("Pgc yr-1", "Pg C yr-1", 1.0),
        ("Kg/m2", "kg C m-2", 1.0),
        # areas, angles and shares
        ("square km", "m2", 1e6),
        ("sq. km", "m2", 1e6),
        ("ha", "m2", 1e4),
        ("10^6 km2", "m2", 1e12),
        ("degrees_north", "degree", 1.0),
        ("degrees_east", "degree", 1.0),
        ("percent", "1", 0.01),
        ("pct", "1", 0.01),
        ("per mil", "1", 1e-3),
        ("\u2030", "per mille", 1.0),
        ("mm3/mm3", "unitless", 1.0),
    ],
)
def test_factor(found, needed, expected):
    assert factor(found, needed) == expected


def test_temperature_has_an_offset():
    np.testing.assert_array_equal(convert([0.0, -10.0], "degC", "K"), [273.15, 263.15])
    np.testing.assert_array_equal(convert([273.15], "K", "°C"), [0.0])
    with pytest.raises(ValueError, match="needs an offset"):
        factor("degC", "K")


@pytest.mark.parametrize(
    "unit", ["oC", "\u00baC", "\u2103", "deg C", "Deg_C", "degrees C", "CELSIUS", "celsius", "DEGC"]
)
def test_celsius_in_every_spelling(unit):
    np.testing.assert_array_equal(convert([1.5], unit, "K"), [274.65])


@pytest.mark.parametrize(
    ("found", "needed", "message"),
    [
        ("Mg ha-1", "kg C m-2 yr-1", "'Mg ha-1' cannot become 'kg C m-2 yr-1'; a rate is needed"),
        ("Pg C yr-1", "Pg C", "'Pg C yr-1' cannot become 'Pg C'; a stock is needed, not a rate"),
        ("kg C m-2", "Pg C", "a total is needed: multiply by the area"),
        ("Pg C", "kg C m-2", "an amount per area is needed"),
        ("K", "Pg C", "they measure different things"),
        ("PgCc", "Pg C", "'PgCc' is not a unit; write it as 'kg C m-2 s-1'"),
        ("kg CO2 m-2 s-1", "kg C m-2 s-1", "multiply a mass by 12.011/44.009"),
        ("C", "K", "could be carbon, degree or coulomb; say degC"),
        ("W C-1", "W K-1", "could be carbon, degree or coulomb"),
        ("kg/(m2 s", "kg m-2 s-1", "'(' is not closed"),
        ("  ", "Pg C", "no unit is given"),
        ("kg) m-2", "kg m-2", "cannot be read at ')'"),
        ("kgm-2", "kg m-2", "'kgm' is not a unit; write it as"),
        # what it is of
        ("kg H2O m-2", "kg C m-2", "cannot become 'kg C m-2'; it is of H2O"),
        ("gN m-2 d-1", "g C m-2 d-1", "it is of N"),
        ("ppm CO2", "1", "is of CO2; needed a mass of carbon, such as 'g C'"),
        ("umol m-2 s-1", "g C m-2 d-1", "multiply by 1.2011e-05 and say 'g C m-2 s-1'"),
        ("umol CO2 m-2 s-1", "g C m-2 d-1", "multiply by 1.2011e-05 and say 'g C m-2 s-1'"),
        ("umol m-2 s-1", "Pg C yr-1", "'g C m-2 s-1'; and a total is needed: multiply by the area"),
        ("mmolC/m2/d", "g C m-2 d-1", "multiply by 0.012011 and say 'g C/m2/d'"),
        # advice that follows from dimensions
        ("kg m-2 s-1", "mm d-1", "a depth is needed: 1 kg m-2 of water is 1 mm"),
        ("kg m-2", "Pg C yr-1", "a rate is needed; and a total is needed: multiply by the area"),
        ("kg C m-3", "kg C m-2", "multiply by the thickness of the layer"),
        ("kg C m-2", "kg C m-3", "divide by the thickness of the layer"),
        ("d", "1", "they measure different things"),
        ("yr-1", "yr", "they measure different things"),
        ("m2", "1", "they measure different things"),
        ("W m-2", "g C m-2 d-1", "they measure different things"),
        # angles are no numbers, nor areas
        ("1", "degree", "they measure different things"),
        ("radian^2", "m2", "multiply by Earth's radius squared, 4.06e13 m2"),
        # words and the case of letters
        ("Celcius", "K", "'Celcius' is not a unit; did you mean 'celsius'?"),
        ("fractoin", "1", "did you mean"),
        ("ak", "K", "they measure different things"),
        ("pgC/yr", "Pg C yr-1", "check the case of its letters: p is 1e-12 and P 1e15"),
        ("KG M-2 S-1", "kg m-2 s-1", "did you mean 'kg m-2 s-1'? The case of a letter"),
        ("g N m-2", "g C m-2", "cannot become"),
    ],
)
def test_refusals(found, needed, message):
    with pytest.raises(ValueError, match=r"\w") as error:
        convert(1.0, found, needed)
    assert message in str(error.value)


def test_per():
    assert [per(u) for u in ("Pg C yr-1", "Pg C", "kg C m-2 s-1", "mm/day")] == ["yr", "", "s", "d"]


def test_same_is_of_spelling_alone():
    assert same("PgC/yr", "Pg yr-1")
    assert not same("Tg C", "Pg C")


def test_times_refuses_what_cannot_be_read():
    assert factor(times("kg m-2", "m2"), "kg") == 1.0
    with pytest.raises(ValueError, match="no unit"):
        times("", "m2")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_same_unit_changes_no_bit(values):
    np.testing.assert_array_equal(convert(values, "PgC yr-1", "Pg C yr-1"), np.array(values))


@given(st.floats(-1e3, 1e3))
def test_there_and_back(value):
    for one, other in (("degC", "K"), ("kg C m-2 s-1", "g C m-2 yr-1"), ("Tg C", "Pg C")):
        back = convert(convert(value, one, other), other, one)
        np.testing.assert_allclose(back, value, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("density", "total", "scale"),
    [
        ("g C m-2 yr-1", "Pg C yr-1", 1e-15),
        ("kg C m-2", "Pg C", 1e-12),
        ("gC m^-2 d^-1", "PgC d^-1", 1e-15),
        ("kg/m2/yr", "Pg/yr", 1e-12),
        ("Pg C m-2", "Pg C", 1.0),
        ("mol m-2 s-1", "mol s-1", 1.0),
        ("W m-2", "W", 1.0),
        ("1 m-2", "1", 1.0),
    ],
)
def test_over_area(density, total, scale):
    assert over_area(density) == (total, scale)


@pytest.mark.parametrize("unit", ["K", "m3 m-3", "kg C ha-1", "g C m-2 m-2", "1"])
def test_over_area_refuses_what_is_not_per_area(unit):
    with pytest.raises(ValueError, match="not an amount per m2"):
        over_area(unit)


def test_pint_is_imported_only_where_units_differ():
    code = (
        "import sys\n"
        "from scenarios.units import convert, over_area\n"
        "convert([1.0], 'Pg C yr-1', 'Pg C yr-1')\n"
        "convert([1.0], 'GtC/yr', 'Pg C yr-1')\n"
        "assert convert([1.0], 'kg C', 'Pg C') == 1e-12\n"
        "assert over_area('g C m-2 yr-1') == ('Pg C yr-1', 1e-15)\n"
        "assert 'pint' not in sys.modules\n"
        "convert([1.0], 'kg C s-1', 'Pg C yr-1')\n"
        "assert 'pint' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("form", ["{} C", "{} C m-2 d-1", "{} N m", "{}-1 yr", "{}2 s-1"])
@pytest.mark.parametrize("gram", units._GRAMS)
def test_grams_are_converted_as_pint_does(gram, form):
    found, needed = form.format(gram), form.format("kg")
    (n, have), (_, want) = parse(found), parse(needed)
    assert (n * units._grams(have, want), 0) == units._by_pint(found, needed)


@pytest.mark.parametrize(
    ("found", "needed"),
    [("g yyr-1", "kg yyr-1"), ("g", "kg2"), ("g m-2", "kg km-2"), ("g mol-1", "kg mol-1")],
)
def test_whatever_else_differs_or_may_be_no_unit_is_left_to_pint(found, needed):
    assert units._grams(parse(found)[1], parse(needed)[1]) is None


@pytest.mark.parametrize(
    ("unit", "depth", "value"),
    [
        ("kg m-2 s-1", "mm d-1", 86400.0),
        ("kg H2O m-2 s-1", "mm d-1", 86400.0),
        ("g/cm2/d", "mm d-1", 10.0),
        ("cm month-1", "mm month-1", 10.0),
        ("mm d-1", "mm d-1", 1.0),
    ],
)
def test_a_mass_of_water_is_a_depth(unit, depth, value):
    assert factor(of_water(unit), depth) == pytest.approx(value, rel=1e-14)


def test_a_mass_of_carbon_is_no_depth():
    assert of_water("kg C m-2 s-1") == "kg C m-2 s-1"


def test_units_that_agree_and_that_can_be_read():
    assert agree("PgC/yr", "Gt C a-1")
    assert agree("kg m-2 s-1", "kg/(m2 s)")
    assert not agree("degC", "K")
    assert not agree("?", "K")
    assert readable("g C m-2")
    assert not readable("gC/m2/s gridcell")


@pytest.mark.parametrize(
    ("ends", "spec", "said"),
    [
        ((4.7961, 4.7963), ".4g", "4.796"),
        ((4.7961, 4.7963), ".6g", "4.7961 to 4.7963"),
        ((0.0, 0.0), ".6g", "0"),
        ((1200.0, 13500.0), ",.6g", "1,200 to 13,500"),
    ],
)
def test_a_range_whose_ends_are_written_alike_is_one_number(ends, spec, said):
    assert ranged(*ends, spec) == said


@pytest.mark.parametrize(
    ("found", "said", "expected"),
    [
        ("kg CO2 m-2 s-1", "kg C m-2 s-1", True),
        ("kg m-2 s-1", "kg C m-2 s-1", False),
        ("kg m-2 s-1", "g C m-2 s-1", True),
        ("gC/m2/s per gridcell", "g C m-2 s-1", False),
        ("1-18", "1", False),
        ("", "1", False),
        ("K", "", False),
    ],
)
def test_a_file_and_a_scenario_that_say_two_units(found, said, expected):
    assert units.contradicts(found, said) is expected


@pytest.mark.parametrize(
    ("found", "needed", "answer"),
    [
        (["g m-2"], "g C m-2", True),
        (["kg/m2/s"], "Pg C yr-1", True),
        (["mol m-2 s-1"], "mol C m-2 s-1", True),
        (["gC/m2"], "g C m-2", False),
        (["kgc m-2"], "g C m-2", False),
        (["g m-2", "g C m-2"], "g C m-2", False),
        (["g cm-3", "percent"], "mg C cm-3", True),
        (["m2", "K"], "g C m-2", False),
        (["g m-2"], "mm", False),
        (["no unit"], "g C m-2", False),
        ([], "g C m-2", False),
    ],
)
def test_a_mass_of_which_nobody_says_that_it_is_carbon(found, needed, answer):
    assert unsaid(found, needed) is answer
