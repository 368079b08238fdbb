import itertools

import numpy as np
import pytest


def test_every_combination_the_first_parameter_slowest(opened):
    parameters = {"q10": [2, 1.5], "tau_veg": {"linspace": [5, 15, 3]}, "tau_soil": [30.0]}
    design = opened("grid", parameters=parameters)
    rows = design.rows(0, design.size)
    found = list(zip(*(rows[name][0].tolist() for name in parameters), strict=True))
    assert found == list(itertools.product([2.0, 1.5], [5.0, 10.0, 15.0], [30.0]))
    assert design.attributes["shape"] == [2, 3, 1]


def test_logspace_has_equal_ratios_and_exact_ends(opened):
    design = opened("grid", parameters={"tau_soil": {"logspace": [2, 200, 5]}})
    values = design.rows(0, 5)["tau_soil"][0]
    assert values[[0, -1]].tolist() == [2.0, 200.0]
    np.testing.assert_allclose(values[1:] / values[:-1], 100**0.25)


def test_units(opened):
    axis = {"values": [60, 120], "units": "month"}
    rows = opened("grid", parameters={"tau_veg": axis}).rows(0, 2)
    np.testing.assert_allclose(rows["tau_veg"], [[5.0, 10.0]])


def test_problems(refused):
    found = refused(
        "grid",
        parameters={"q10": [0.5, 2, 9], "tau_vge": [1], "tau_soil": [20.0, 40]},
        context={"lower": {"tau_soil": [25.0]}},
    )
    assert found == [
        "design.parameters.q10: q10 is 0.5, below the kernel's bound, 1.0; leave value 0 out, "
        "or change it",
        "design.parameters.q10: q10 is 9.0, above the kernel's bound, 4.0; leave value 2 out, "
        "or change it",
        "design.parameters.tau_vge: the kernel has no parameter 'tau_vge'; did you mean 'tau_veg'?",
        "design.parameters.tau_soil: tau_soil is 20.0 yr, below the bound that the forcings admit, "
        "25.0 yr; leave value 0 out, or change it",
    ]


@pytest.mark.parametrize(
    ("axis", "text"),
    [
        ([1.0, 2.0, 1.0], "1.0 stands twice"),
        ({"linspace": [1, 2, 1]}, "greater than or equal to 2"),
        ({"logspace": [0, 2, 3]}, "needs both ends above 0"),
        ({"values": [1], "linspace": [1, 2, 3]}, "found values and linspace"),
        ({}, "found none"),
        ([], "at least 1 item"),
        ([float("inf")], "finite number"),
    ],
)
def test_words_that_make_no_sense(opened, axis, text):
    with pytest.raises(ValueError, match="1 validation error") as caught:
        opened("grid", parameters={"q10": axis})
    assert text in str(caught.value)
