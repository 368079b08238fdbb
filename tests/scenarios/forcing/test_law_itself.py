"""The law's own judgement: what it calls the same, refused, noted, different, foreign, a crash."""

import numpy as np
import pytest
from forcing_law.judging import named, outcome

from scenarios import ScenarioError
from scenarios.forcing import Forcing, Locations
from scenarios.problems import Problem

PLACES = Locations(("a", "b"), {"lon": np.array([350.0, 20.0])})


def forcing(values=((1.0, 2.0), (3.0, 4.0)), places=PLACES, **provenance):
    drivers = {"npp": np.array(values)}
    return [Forcing("f", drivers, {"year": np.array([1901, 1902])}, places, provenance)]


def raising(error):
    def read():
        raise error

    return read


def refusal(text):
    return raising(ScenarioError([Problem(text, "column 'x'", "t.csv", 3)]))


OTHER = Locations(("b", "a"), {"lon": np.array([20.0, -10.0])})


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (lambda: forcing(), "same"),
        (lambda: forcing(((1.0 + 1e-9, 2.0), (3.0, 4.0))), "same"),
        (lambda: forcing(((3.0, 4.0), (1.0, 2.0)), OTHER), "same"),
        (lambda: forcing(((1.0 + 1e-4, 2.0), (3.0, 4.0))), "different"),
        (lambda: forcing(((3.0, 4.0), (1.0, 2.0))), "different"),
        (lambda: forcing(((2.0, 1.0), (3.0, 4.0)), left_out="a"), "different"),
        (lambda: forcing(((np.nan, 2.0), (3.0, 4.0))), "different"),
        (lambda: forcing(((np.nan, 2.0), (3.0, 4.0)), left_out="a, 1901"), "noted"),
        (refusal("found 95; needed degrees north, -90 to 90"), "refused"),
        (refusal("operands could not be broadcast together"), "foreign"),
        (refusal("setting an array element: inhomogeneous shape"), "foreign"),
        (raising(KeyError("lat")), "crash"),
    ],
)
def test_outcomes(read, kind):
    assert outcome(read, forcing()).kind == kind


def test_a_refusal_names_file_quantity_and_line(tmp_path):
    said = "folder/t.csv:3: column 'x': is missing"
    assert named(said, tmp_path / "t.csv", ["x"], 3) == []
    assert named(said, tmp_path / "u.csv", ["y"], 4) == ["file u.csv", "one of y", "line 4"]
