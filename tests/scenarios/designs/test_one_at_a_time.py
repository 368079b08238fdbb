"""One at a time: the control member first, then each parameter changed alone."""

import numpy as np
import pytest
from pydantic import ValidationError

from kernels import Parameter
from scenarios import ScenarioError
from scenarios.designs import Context
from scenarios.designs.one_at_a_time import Spec

TABLE = {n: Parameter(n, "1", 5.0, 0.0, 100.0, n, "test") for n in ("a", "b", "c")}


def opened(control, *, unlike=(), **words):
    context = Context(
        seed=0,
        path="design",
        parameters=TABLE,
        control={n: np.asarray(v, float) for n, v in control.items()},
        unlike=frozenset(unlike),
    )
    return Spec(method="one_at_a_time", **words).open(context)


def test_rows_by_location():
    control = {"a": [2, 4], "b": [10, 20], "c": [5, 5]}
    design = opened(control, parameters=["b", "a"], change=[-0.25, 0.5])
    assert (design.size, design.parameters) == (5, ("b", "a"))
    rows = design.rows(0, 5)
    np.testing.assert_allclose(rows["b"], [[10, 7.5, 15, 10, 10], [20, 15, 30, 20, 20]])
    np.testing.assert_allclose(rows["a"], [[2, 2, 2, 1.5, 3], [4, 4, 4, 3, 6]])
    np.testing.assert_allclose(design.rows(2, 4)["b"], rows["b"][:, 2:4])


def test_each_parameter_may_have_changes_of_its_own():
    change = {"a": [-0.5, 1.0, 3.0], "b": [0.25]}
    design = opened({"a": [4.0], "b": [8.0]}, parameters=["b", "a"], change=change)
    assert design.size == 5
    rows = design.rows(0, 5)
    np.testing.assert_array_equal(rows["b"], [[8, 10, 8, 8, 8]])
    np.testing.assert_array_equal(rows["a"], [[4, 4, 2, 8, 16]])
    first, level = design.levels(["b"], 0, 5)
    np.testing.assert_array_equal(first, [0, 1, 2])
    np.testing.assert_array_equal(level, [0, 1, 2, 2, 2])
    assert design.attributes["change"] == change


def test_a_name_alone_is_a_list_of_one():
    assert opened({"a": [1.0]}, parameters="a").size == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"parameters": ["a", "a"]}, "'a' stands twice"),
        ({"parameters": ["a"], "change": [0.1, 0.1]}, "0.1 stands twice"),
        ({"parameters": ["a"], "change": [0.0]}, "a change of 0"),
        ({"parameters": []}, "at least 1"),
        ({"parameters": ["a"], "change": {"a": [0.1], "b": [0.1]}}, "found changes of 'b'"),
        ({"parameters": ["a", "b"], "change": {"a": [0.1]}}, "change: says nothing of 'b'"),
        ({"parameters": ["a"], "change": {"a": [0.0]}}, "a change of 0"),
        ({"parameters": ["a"], "change": {"a": [0.1, 0.1]}}, "0.1 stands twice"),
        ({"parameters": "all", "change": {"a": [0.1]}}, "needed parameters: as a list of these"),
    ],
)
def test_words_that_make_no_design(words, said):
    with pytest.raises(ValidationError, match=said):
        Spec(method="one_at_a_time", **words)


def test_every_problem_of_the_values_is_said():
    with pytest.raises(ScenarioError) as caught:
        opened({"a": [0.0], "b": [80.0]}, parameters=["a", "b"], change=[0.5])
    text = str(caught.value)
    assert "a: a share of 0 changes nothing" in text
    assert "b: a change makes it 120; needed 0 to 100" in text


def test_forcings_with_other_defaults_have_no_control_member_in_common():
    control = {"a": [2.0], "b": [10.0]}
    with pytest.raises(ScenarioError) as caught:
        opened(control, parameters=["a", "b"], unlike={"b", "c"})
    (found,) = caught.value.problems
    assert found.text.startswith("b: its default differs between the forcings")
    assert found.text.endswith("say independent: [forcing]")
    assert opened(control, parameters=["a"], unlike={"b"}).size == 3
