"""A class is fingerprinted as it is in memory: a file that was edited since is not what runs."""

import importlib
import linecache
import sys

import pytest

from kernels.contract import classes as _classes
from kernels.contract.fingerprint import _Closure

TEXT = '''
"""Classes of every kind that a kernel may use."""
import re
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import NamedTuple


class Base:
    RATE = 0.5
    TABLE = {"slow": (1.0, 2.0)}
    NAME = re.compile("a+")

    def step(self, x):
        return self.RATE * x

    @property
    def twice(self):
        return 2 * self.RATE

    @staticmethod
    def half(x):
        return x / 2

    @cached_property
    def kept(self):
        return [self.RATE]

    class Inner:
        DEPTH = 3


class Other:
    pass


@dataclass(frozen=True)
class Options(Base):
    steps: int = 1
    years: tuple[int, int] = (1, 2)
    names: list[str] = field(default_factory=list)
    made: list[int] = field(default_factory=lambda: [1])
    rule: str = field(default="fast", repr=False)
    late: float = 0.0

    def total(self):
        return self.steps + 1


@dataclass(slots=True)
class Slotted:
    size: int = 4


class Kind(Enum):
    SLOW = "s"
    FAST = "f"


class Pair(NamedTuple):
    first: int
    second: int = 7
'''

EDITS = {
    "a number": ("Base", "RATE = 0.5", "RATE = 0.6"),
    "a table": ("Base", "(1.0, 2.0)", "(1.0, 2.5)"),
    "a pattern": ("Base", '"a+"', '"b+"'),
    "a value that is new": ("Base", '"a+")', '"a+"); MORE = 1'),
    "a value that is gone": ("Base", "RATE = 0.5", "pass"),
    "a method": ("Base", "self.RATE * x", "self.RATE + x"),
    "a property": ("Base", "2 * self.RATE", "3 * self.RATE"),
    "a static method": ("Base", "x / 2", "x / 3"),
    "a cached property": ("Base", "[self.RATE]", "[2.0]"),
    "a method of another name": ("Base", "def step(", "def stap("),
    "a class inside": ("Base", "DEPTH = 3", "DEPTH = 4"),
    "a default": ("Options", "steps: int = 1", "steps: int = 2"),
    "a default of a pair": ("Options", "= (1, 2)", "= (1, 3)"),
    "a default of a field": ("Options", '"fast"', '"slow"'),
    "a default that is made": ("Options", "default_factory=list", "default_factory=dict"),
    "a default that a function makes": ("Options", "lambda: [1]", "lambda: [2]"),
    "a field that is new": ("Options", "late: float = 0.0", "late: float = 0.0; more: int = 1"),
    "fields in another order": (
        "Options",
        "steps: int = 1\n    years: tuple[int, int] = (1, 2)",
        "years: tuple[int, int] = (1, 2)\n    steps: int = 1",
    ),
    "a method of a dataclass": ("Options", "self.steps + 1", "self.steps + 2"),
    "the decorator": ("Options", "(frozen=True)", "(frozen=False)"),
    "the base": ("Options", "(Base)", "(Other)"),
    "a default with slots": ("Slotted", "size: int = 4", "size: int = 5"),
    "a word of an enum": ("Kind", '"f"', '"g"'),
    "a default of a named tuple": ("Pair", "= 7", "= 8"),
}
CLASSES = ("Base", "Options", "Slotted", "Kind", "Pair")


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module whose file was written just now, as in a notebook; gone afterwards."""
    (tmp_path / "in_memory.py").write_text(TEXT)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield importlib.import_module("in_memory")
    del sys.modules["in_memory"]
    linecache.clearcache()


def edit(module, old, new):
    """Write a file of one change, as long as it was: dates alone would not tell."""
    assert TEXT.count(old) == 1
    with open(module.__file__, "w") as file:
        file.write(TEXT.replace(old, new))
    linecache.clearcache()


def described(module, name):
    """Return what is hashed of a class and of what it leads to."""
    closure = _Closure({"in_memory"})
    closure.describe(getattr(module, name))
    return closure.found


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_whose_file_is_as_it_was_is_described(module, name):
    assert f"in_memory.{name}" in described(module, name)


@pytest.mark.parametrize("case", EDITS)
def test_a_class_whose_file_was_edited_is_refused(module, case):
    name, old, new = EDITS[case]
    before = described(module, name)
    edit(module, old, new)
    with pytest.raises(
        ValueError, match=rf"in_memory\.{name}.*was the file changed .* start again"
    ):
        described(module, name)
    edit(module, TEXT, TEXT)
    assert described(module, name) == before


def test_a_comment_and_a_docstring_at_the_end_of_a_line_are_no_edit(module):
    before = described(module, "Options")
    edit(module, "steps: int = 1", "steps: int = 1  # of a day")
    assert described(module, "Options") == before


OPAQUE = """
class Meta(type):
    def __new__(cls, name, bases, space):
        kept = {key: space.pop(key) for key in list(space) if not key.startswith("__")}
        return super().__new__(cls, name, bases, {**space, "_kept_": kept})


class Model(metaclass=Meta):
    steps = 1
"""


def test_what_nobody_can_tell_is_trusted_of_a_file_older_than_the_process(module, monkeypatch):
    with open(module.__file__, "w") as file:
        file.write(OPAQUE)
    linecache.clearcache()
    importlib.invalidate_caches()
    importlib.reload(module)
    with pytest.raises(ValueError, match="start again"):
        described(module, "Model")
    monkeypatch.setattr(_classes, "STARTED", float("inf"))
    assert "in_memory.Model" in described(module, "Model")
