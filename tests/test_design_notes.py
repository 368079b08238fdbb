"""The walk in the design note of `ensemble` is true: every function that it names exists."""

import re
from importlib import import_module

import pytest
from tracked import ROOT

NOTE = (ROOT / "ensemble" / "DESIGN.md").read_text()
PICTURE = NOTE[NOTE.index("**The walk of a value,**") :].split("```")[1]
NAMES = re.findall(r"\b(?:ensemble|kernels|scenarios)(?:\.\w+)+", PICTURE)


def found(name):
    """Return what a dotted name means: a module, and what is in it."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            module = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            module = getattr(module, part)
        return module
    raise ModuleNotFoundError(name)


def test_the_walk_goes_from_the_text_to_an_equation_and_to_the_page():
    assert len(NAMES) > 20
    assert NAMES[0] == "scenarios.reading.load.load"
    assert "kernels.contract.build.equation" in NAMES
    assert "ensemble.report.page.render" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_the_walk_names_exists(name):
    assert callable(found(name))


def test_a_name_that_does_not_exist_is_missed():
    with pytest.raises(AttributeError):
        found("ensemble.members.work.EnsembleWork.merge")
