"""Expressions of responses: what is read, what it means, and what is said of what is not."""

import math
import re

import numpy as np
import pint
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scenarios.expressions import (
    Binary,
    ExpressionError,
    Name,
    Negative,
    Number,
    Quantity,
    measure,
    names,
    parse,
    pointed,
    transformed,
)
from scenarios.expressions import evaluating as evaluated
from scenarios.expressions.grammar import MOST_PARTS
from scenarios.expressions.measuring import ExpressionErrors
from scenarios.expressions.unit_algebra import product
from scenarios.unit_text import parse as unit_of

KNOWN = {
    "rh": Quantity(("time",), "Pg C yr-1"),
    "npp": Quantity(("time",), "Pg C yr-1"),
    "small": Quantity(("time",), "Tg C yr-1"),
    "c_soil": Quantity(("time",), "Pg C"),
    "soc": Quantity(("layer",), "mg C cm-3"),
    "stock": Quantity((), "kg C m-2"),
    "nitrogen": Quantity((), "kg N m-2"),
    "area": Quantity((), "m2"),
    "j": Quantity(),
    "share": Quantity((), "%"),
    "warmth": Quantity((), "degC"),
    "hot": Quantity((), "degF"),
    "kelvin": Quantity((), "K"),
    "volume": Quantity((), "m3"),
    "permille": Quantity((), "permille"),
    "age": Quantity((), "d"),
}
VALUES = {name: np.float64(3.0 + i) for i, name in enumerate(KNOWN)}


def value_of(text):
    return float(evaluated.evaluate(measure(parse(text), KNOWN).tree, VALUES))


NUMBERS = {
    "1 + 2 * 3": 7.0,
    "(1 + 2) * 3": 9.0,
    "10 - 3 - 2": 5.0,
    "16 / 4 / 2": 2.0,
    "-j ** 2": -121.0,
    "(-j) ** 2": 121.0,
    "2 * j ** -1": 2 / 11,
    "j ** 2 ** 3": 11.0**8,
    "j ** (1 / 2)": math.sqrt(11),
    "+j - -j": 22.0,
    "min(j, 3, 2 * j)": 3.0,
    "max(-1, j)": 11.0,
    "abs(3 - j)": 8.0,
    "log10(j)": math.log10(11),
    "ln(exp(j))": 11.0,
    "log1p(j)": math.log(12),
    "sqrt(j) * sqrt(j)": 11.0,
    "exp(share)": math.exp(0.12),
    ".5e1 * 1.": 5.0,
    "rh - small": 3.0 - 5.0 / 1000,
    "stock - 500 [g C m-2]": 8.0 - 0.5,
    "max(rh, 0)": 3.0,
    "max(0, rh)": 3.0,
    "j - 2 + 3": 12.0,
    "j * 2 / 3": 22 / 3,
    "j / 2 * 3": 16.5,
    "-2 ** 2": -4.0,
    "2 ** -1 ** 2": 0.5,
    "1e-3 * j": 0.011,
    "1E+3 * j": 11000.0,
    "1.e-3": 0.001,
    "1e-3 - 2": -1.999,
    "j - - - j": 0.0,
    "1 - share": 0.88,
    "share - 1": -88.0,
    "j + share": 11.12,
    "share - permille": 12 - 1.7,
    "exp(permille)": math.exp(0.017),
    "log10(share / 100 [%])": math.log10(0.12),
    "min(rh, small, 0)": 0.0,
    "2 [d] + 1 [yr]": 367.25,
    "warmth - 0 [degC]": 13.0,
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_values_are_those_of_arithmetic(text, value):
    assert value_of(text) == pytest.approx(value, rel=1e-15)


UNITS = {
    "rh - npp": "Pg C yr-1",
    "small + rh": "Tg C yr-1",
    "c_soil / rh": "yr",
    "rh / c_soil": "yr-1",
    "stock * area": "kg C",
    "stock ** 2": "kgC2 m-4",
    "sqrt(stock * stock)": "kg C m-2",
    "stock / nitrogen": "kg C kgN-1",
    "stock / stock": "1",
    "rh / small": "Pg C TgC-1",
    "log10(j)": "1",
    "log10(soc)": "log10(mg C cm-3)",
    "ln(share)": "ln(%)",
    "log10(soc) - log10(soc / 2)": "1",
    "sqrt(stock)": "sqrt(kg C m-2)",
    "warmth - warmth": "K",
    "max(log10(soc), log10(soc))": "log10(mg C cm-3)",
    "3 [mm] * 2": "mm",
    "log1p(share)": "log1p(%)",
    "share ** 2": "%2",
    "share / permille": "% permille-1",
    "volume ** (1 / 3)": "m",
    "volume ** (2 / 3)": "m2",
    "stock ** -1": "m2 kgC-1",
    "stock ** 0": "1",
    "max(warmth, 5 [degC])": "degC",
    "max(warmth - warmth, 0)": "K",
    "max(sqrt(stock), 0)": "sqrt(kg C m-2)",
    "2 [10 kg] ** 2": "100 kg2",
}


@pytest.mark.parametrize(("text", "unit"), UNITS.items())
def test_units_follow_from_the_operations(text, unit):
    assert measure(parse(text), KNOWN).quantity.units == unit


def test_dimensions_go_with_numbers_and_not_with_others():
    assert measure(parse("rh * j"), KNOWN).quantity.dims == ("time",)
    assert measure(parse("j * j"), KNOWN).quantity.dims == ()
    with pytest.raises(ExpressionErrors, match=r"found dimensions \(time\) and \(layer\)"):
        measure(parse("rh * soc"), KNOWN)


UNREADABLE = {
    "": ("found the end; needed a number, a name or '('", 0),
    "rh -": ("found the end; needed a number, a name or '('", 4),
    "(rh + npp": ("found the end; needed ')' for the '(' at character 1", 9),
    "rh) + npp": ("found ')'; needed an operator (+ - * / **) or the end", 2),
    "2rh": ("found 'rh'; needed an operator (+ - * / **) or the end, such as 2 * rh", 1),
    "rh npp": ("found 'npp'; needed an operator", 3),
    "rh ^ 2": ("found '^'; needed ** for a power", 3),
    "rh \N{MINUS SIGN} npp": ("needed -", 3),
    "rh = npp": ("found '='; needed an expression alone", 3),
    "rh . npp": ("found '.'; needed letters", 3),
    "rh, npp": ("found ','; needed an operator", 2),
    "log(rh)": ("no function 'log'; needed ln or log10", 0),
    "lgo10(rh)": ("no function 'lgo10'; needed log10", 0),
    "__import__(rh)": ("no function '__import__'; there are log10, ln", 0),
    "exp(j, j)": ("found 2 of exp; needed one value", 0),
    "min(j)": ("found 1 of min; needed two values or more", 0),
    "1e999 * j": ("found '1e999'; needed a finite number", 0),
    "1_0 * j": ("found '_0'; needed an operator", 1),
    "2 [] * j": ("found '[]'; needed a unit in it", 2),
    "[kg] * j": ("found '[kg]'; needed a number, a name or '('", 0),
    "rh[0]": ("found '[0]'; needed an operator", 2),
    "'rh'": ("needed letters, digits", 0),
    "1e-3j": ("needed an operator (+ - * / **) or the end, such as 0.001 * j", 4),
    "1e": ("found 'e'; needed an operator", 1),
    "0x10": ("found 'x10'; needed an operator", 1),
    "1.2.3": ("found '.3'; needed an operator", 3),
    "\N{FULLWIDTH DIGIT ONE} + 1": ("needed letters, digits", 0),
    "\N{ARABIC-INDIC DIGIT ONE} + 1": ("needed letters, digits", 0),
    "2 [kg": ("needed a unit in brackets right after a number", 2),
    "2 [kg] [m]": ("found '[m]'; needed an operator", 7),
    "j [kg]": ("found '[kg]'; needed an operator", 2),
    "j *** 2": ("found '*'; needed a number", 4),
    "j // 2": ("found '/'; needed a number", 3),
    "j % 2": ("found '%'; needed letters, digits", 2),
    "j ** ": ("found the end; needed a number", 5),
    "min(, j)": ("found ','; needed a number", 4),
    "ln()": ("found ')'; needed a number", 3),
    "j(2)": ("no function 'j'; there are", 0),
    "# j": ("needed letters, digits", 0),
}


@pytest.mark.parametrize(("text", "told"), UNREADABLE.items())
def test_what_cannot_be_read_is_told_with_its_place(text, told):
    words, at = told
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert caught.value.at == at
    shown, caret = pointed(text, at)
    assert shown == text
    assert caret.index("^") == at


def test_long_ones_are_refused_before_they_are_walked():
    assert parse(" + ".join(["1"] * (MOST_PARTS // 2)))
    for text in (" + ".join(["1"] * 5000), "(" * 5000, "-" * 5000):
        with pytest.raises(ExpressionError, match=f"more than {MOST_PARTS} parts"):
            parse(text)


MEANINGLESS = {
    "rh + c_soil": ["'Pg C yr-1' + 'Pg C': 'Pg C' cannot become 'Pg C yr-1'"],
    "stock + 2": ["say its unit: 2 [kg C m-2]"],
    "stock - 2 [K]": ["'K' cannot become 'kg C m-2'"],
    "stock + nitrogen": ["cannot become 'kg C m-2'"],
    "exp(stock)": ["found exp of 'kg C m-2'; needed a plain number"],
    "stock ** 0.5": ["'kg C m-2' to the power 1/2 has no unit"],
    "j ** j": ["found a power that is not a plain number; needed x ** 2"],
    "2 ** 3 [kg]": ["found a power that is not a plain number"],
    "warmth * 2": ["found * and 'degC', whose zero is not nothing; needed K"],
    "warmth + warmth": ["found a sum of degC; needed K"],
    "log10(soc) + 1": ["'log10(mg C cm-3)' + 1; needed the same operation inside"],
    "log10(soc) * 2": ["found * and 'log10(mg C cm-3)'"],
    "log10(log10(soc))": ["found log10 of 'log10(mg C cm-3)'"],
    "-log10(soc)": ["found - before 'log10(mg C cm-3)'"],
    "abs(log10(soc))": ["found abs of 'log10(mg C cm-3)'; needed a difference"],
    "log10(soc) - ln(soc)": ["needed the same operation inside"],
    "abs(warmth)": ["found abs of 'degC', whose zero is not nothing; needed K"],
    "-warmth": ["found - before 'degC', whose zero is not nothing"],
    "max(warmth, 0)": ["say its unit: 0 [degC]"],
    "warmth - kelvin": ["'K' to 'degC' needs an offset"],
    "warmth - hot": ["'degF' to 'degC' needs an offset"],
    "hot - hot": ["found a difference of degF; needed K"],
    "hot + hot": ["found a sum of degF; needed K"],
    "kelvin + warmth": ["'degC' to 'K' needs an offset"],
    "warmth ** 0": ["found a power of 'degC', whose zero"],
    "stock ** 0.0001": ["'kg C m-2' to the power 0.0001 has no unit"],
    "volume ** 0.3333": ["'m3' to the power 0.3333 has no unit"],
    "stock ** 1e9": ["'kg C m-2' to the power 1e+09 has no unit"],
    "2 [10 kg] ** 1e9": ["'10 kg' to the power 1e+09 has no unit"],
    "share ** 0.5": ["'%' to the power 1/2 has no unit"],
    "j ** (9 ** 9 ** 9)": ["found a power that is not a plain number"],
    "j ** ((-8) ** (1 / 3))": ["found a power that is not a plain number"],
    "j / 0": ["found a division by 0"],
    "j / (1 - 1)": ["found a division by 0"],
    "log10(0)": ["found log10 of 0, which is no finite number"],
    "log1p(-1)": ["found log1p of -1, which is no finite number"],
    "sqrt(-4)": ["found sqrt of -4, which is no finite number"],
    "max(log10(soc), 0)": ["'log10(mg C cm-3)' max 0: needed the same function of one unit"],
    "log1p(soc) - log1p(soc)": ["needed the same operation inside of one logarithm"],
    "log10(share) - log10(j)": ["needed the same operation inside of one logarithm"],
    "exp(ln(stock))": ["found exp of 'ln(kg C m-2)'"],
    "exp(warmth - warmth)": ["found exp of 'K'; needed a plain number"],
    "sqrt(stock) * sqrt(stock)": ["found * and 'sqrt(kg C m-2)'"],
    "min(1, rh)": ["found 1 min 'Pg C yr-1'"],
    "rh + 0 [kg]": ["'kg' cannot become 'Pg C yr-1'"],
    "2 [kg CO2 m-2] + stock": ["'kg CO2 m-2' is of CO2, not of carbon"],
    "inf * j": ["no output or response 'inf'"],
    "2 [fathomless] * j": ["'fathomless' is no unit that is known"],
    "nppp - stcok + rh": ["no output or response 'nppp'; did you mean 'npp'?",
                          "no output or response 'stcok'; did you mean 'stock'?"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "told"), MEANINGLESS.items())
def test_what_has_no_meaning_is_told_all_at_once(text, told):
    with pytest.raises(ExpressionErrors) as caught:
        measure(parse(text), KNOWN)
    said = [str(fault) for fault in caught.value.faults]
    assert len(said) == len(told)
    for words, fault in zip(told, said, strict=True):
        assert words in fault


def test_transforms_are_functions_of_the_grammar():
    assert transformed("log10", Quantity()).units == "1"
    assert transformed("log1p", Quantity((), "mg cm-3")).units == "log1p(mg cm-3)"
    assert transformed("sqrt", Quantity((), "m2")).units == "m"
    with pytest.raises(ExpressionErrors, match="whose zero is not nothing"):
        transformed("sqrt", Quantity((), "degC"))


def test_names_are_those_outside_of_functions_and_units():
    assert names(parse("max(a, b) + 2 [kg] * a")) == {"a": 4, "b": 7}


@pytest.mark.parametrize("unit", ["kg C m-2", "kg N m-2 yr-1", "mm H2O d-1", "1", "%", "mol CO2"])
def test_a_unit_over_itself_is_none(unit):
    assert product(unit, unit, -1) == "1"
    assert unit_of(product(unit, "1")) == unit_of(unit)


def _written(node):
    """Return a tree as text, every part in brackets."""
    if isinstance(node, Number):
        return repr(node.value)
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Negative):
        return f"(-{_written(node.of)})"
    return f"({_written(node.left)} {node.sign} {_written(node.right)})"


TREES = st.recursive(
    st.floats(0.5, 4.0).map(lambda v: Number(v, "", 0)) | st.just(Name("j", 0)),
    lambda inner: st.one_of(
        inner.map(lambda n: Negative(n, 0)),
        st.builds(Binary, st.sampled_from("+-*/"), inner, inner, st.just(0)),
    ),
    max_leaves=20,
)


@given(TREES)
def test_values_are_those_that_python_computes(tree):
    text = _written(tree)
    try:
        expected = eval(text, {"__builtins__": {}}, {"j": float(VALUES["j"])})
    except ZeroDivisionError:
        # Which is no number here, and refused where it is of constants: see below.
        assume(False)
    np.testing.assert_array_equal(value_of(text), expected)


def test_a_division_by_nothing_is_no_number_and_stays_none():
    assert np.isnan(value_of("j / (j - j)"))
    assert np.isnan(value_of("1 / (j / (j - j))"))
    with pytest.raises(ExpressionErrors, match="found a division by 0"):
        value_of("j / (1 - 1)")


PINT = {"Pg C yr-1": "Pg/yr", "Tg C yr-1": "Tg/yr", "Pg C": "Pg", "mg C cm-3": "mg/cm^3",
        "kg C m-2": "kg/m^2", "%": "percent", "m2": "m^2", "m3": "m^3", "d": "day", "K": "K",
        "permille": "permille", "1": ""}  # fmt: skip
"""Units of the field as pint spells them."""

WITH_UNITS = [
    "rh - npp / 2 + small",
    "small - rh * 2",
    "c_soil / rh",
    "c_soil / (rh - small) - age",
    "age + c_soil / rh",
    "stock * area * 2",
    "stock * area + c_soil",
    "sqrt(stock * stock * area / volume * 3 [m]) * j ** 2",
    "max(small, rh, npp) - min(rh, 2 * small)",
    "abs(rh - npp) / (rh + small)",
    "exp(-age / 30 [d]) * stock",
    "exp(share - permille) + j * share",
    "exp(rh / small / 1000)",
    "(share + 1) * (1 - permille) / (share - permille)",
    "volume ** (1 / 3) * area ** -1 - 1 [m] / area",
    "soc * volume / stock - 1e-3 * area",
    "kelvin * 2 - 3 [K]",
    "1 / age - rh / c_soil",
    "-stock ** 2 / stock",
    "max(rh / small, 1) - min(share, 1)",
]


@pytest.mark.parametrize("text", WITH_UNITS)
def test_values_and_units_are_those_of_pint(text):
    registry = pint.UnitRegistry()

    def like(function):
        return lambda *values: function(values, key=lambda one: one.to_base_units().magnitude)

    def plain(one):
        return registry.Quantity(math.exp(one.to("").magnitude), "")

    def zero(one):
        return one if hasattr(one, "to") else registry.Quantity(one, "")

    space = {name: registry.Quantity(float(VALUES[name]), PINT[q.units])
             for name, q in KNOWN.items() if q.units in PINT}  # fmt: skip
    space |= {"sqrt": lambda one: one**0.5, "abs": abs, "exp": plain}
    space |= {word: lambda *values, f=f: like(f)(*map(zero, values))
              for word, f in (("min", min), ("max", max))}  # fmt: skip
    words = re.sub(r"([0-9.]+) \[(\w+)\]", r"unit(\1, '\2')", text)
    space["unit"] = registry.Quantity
    expected = eval(words, {"__builtins__": {}}, space)
    measured = measure(parse(text), KNOWN)
    unit = measured.quantity.units
    found = registry.Quantity(float(evaluated.evaluate(measured.tree, VALUES)), as_pint(unit))
    assert found.to_base_units().magnitude == pytest.approx(
        expected.to_base_units().magnitude, rel=1e-12
    )
    assert found.check(expected.dimensionality)


def as_pint(unit):
    """Return a unit of ours as pint reads it."""
    number, powers = unit_of(unit)
    names = (f"{'percent' if name == '%' else name} ** {power}" for name, power in powers)
    return " * ".join([str(float(number)), *names])


def test_what_is_no_number_is_none_in_all_that_is_made_of_it():
    x = np.array([0.0, 1.0, -1.0, 4.0])
    named = {
        "1 / (1 / x)": [np.nan, 1, -1, 4],
        "max(log10(x), -5)": [np.nan, 0, np.nan, math.log10(4)],
        "log10(x) ** 0": [np.nan, 1, np.nan, 1],
        "exp(-1 / x)": [np.nan, math.exp(-1), math.e, math.exp(-0.25)],
        "sqrt(x) * 0": [0, 0, np.nan, 0],
        "min(x, 1 / x)": [np.nan, 1, -1, 0.25],
        "x ** 0": [1, 1, 1, 1],
        "x ** 0.5": [0, 1, np.nan, 2],
        "exp(1000 * x) / exp(1000 * x)": [1, np.nan, np.nan, np.nan],
    }
    for text, expected in named.items():
        tree = measure(parse(text), {"x": Quantity()}).tree
        found = evaluated.evaluate(tree, {"x": x})
        np.testing.assert_allclose(found, expected, rtol=1e-15, err_msg=text)


@given(st.builds(Binary, st.sampled_from("+-*/"), TREES, TREES, st.just(0)))
def test_a_part_that_is_named_apart_changes_nothing(tree):
    values = {"j": np.array([-2.0, 0.0, 0.5, 1.0, 11.0])}
    parts = {name: evaluated.evaluate(part, values)
             for name, part in (("a", tree.left), ("b", tree.right))}  # fmt: skip
    apart = {name: np.where(np.isfinite(part), part, np.nan) for name, part in parts.items()}
    whole = evaluated.evaluate(tree, values)
    over = evaluated.evaluate(Binary(tree.sign, Name("a", 0), Name("b", 0), 0), apart)
    np.testing.assert_array_equal(np.broadcast_to(whole, over.shape), over)
