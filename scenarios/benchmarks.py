"""Which benchmark a model is held against: the words of one, and nothing computed.

A benchmark is a file of its room, or a module that others install for the group
``soilsweep.benchmarks``. Its ``Spec`` says which words of a benchmark it takes, ``prepare(spec,
task)`` pairs what was observed with the places and steps of a run, and ``score(spec, prepared,
sums)`` makes scores of the pairs' sums (`ensemble.members.benchmarks`). It is found by name and
imported when a scenario names it: nothing here imports it, and it imports `BenchmarkSpec` from
here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from scenarios.observations import OBSERVATIONS, AnyObservation, ObservationSpec
from scenarios.plugins import Chosen, Plugins
from scenarios.problems import nearest, shown

BETTER = ("smaller", "larger", "nearest 0", "nearest 1", "neither")
"""Which values of a score are better."""


def same(units: str) -> str:
    """Return the unit of what is compared."""
    return units


def plain(units: str) -> str:
    """Return 1: a score without a unit."""
    return "1"


@dataclass(frozen=True)
class Score:
    """A number that a benchmark gives of each member.

    Attributes
    ----------
    meaning : str
        For people: ``root mean square error``.
    better : str
        One of `BETTER`.
    units : callable
        Returns the score's unit, given that of what is compared.
    default : bool
        Whether it is made where a scenario names no scores.
    grouped : bool
        Whether every group of the benchmark has one; else the whole has it alone.
    """

    meaning: str
    better: str
    units: Callable[[str], str] = same
    default: bool = True
    grouped: bool = True


class BenchmarkSpec(BaseModel):
    """Base of the models that a benchmark of ``evaluation:`` is read into.

    Attributes
    ----------
    SCORES : mapping of str to Score
        All that it can give, in the order of tables.
    OBSERVES : tuple of str
        Names of the kinds of observations that it takes (`scenarios.observations`): ``GridMap``.
    NEEDS_OBSERVED : bool
        Whether it cannot do without ``observed:`` or ``same_as:``.
    compare : str
        The benchmark's name; its other words are options, each with a default and a description.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    SCORES: ClassVar[Mapping[str, Score]] = {}
    OBSERVES: ClassVar[tuple[str, ...]] = ()
    NEEDS_OBSERVED: ClassVar[bool] = True

    compare: str
    output: str = Field(description="output of the kernel that is compared")
    observed: AnyObservation | None = Field(
        default=None, description="{reader: ...} and its keys, or a file whose ending says which"
    )
    same_as: str | list[str] | None = Field(
        default=None,
        description="a benchmark whose observations it takes, or [several], products whose median "
        "is compared",
    )
    period: tuple[int, int] | None = Field(
        default=None, description="[first, last] year; by default the section's, or all of the run"
    )
    scores: list[str] = Field(default=[], description="which scores; by default the usual ones")

    def outputs(self) -> tuple[str, ...]:
        """Return every output of the kernel that it looks at."""
        return (self.output,)

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the other benchmarks whose observations it takes."""
        if isinstance(self.same_as, str):
            return (self.same_as,)
        return tuple(self.same_as or ())

    def asked(self) -> tuple[str, ...]:
        """Return the scores that are made, in the order of `SCORES`."""
        usual = [name for name, score in self.SCORES.items() if score.default]
        wanted = self.scores or usual
        return tuple(name for name in self.SCORES if name in wanted)

    @field_validator("scores")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in cls.SCORES:
                raise ValueError(f"unknown score {shown(name)}{nearest(name, cls.SCORES)}")
        if len(set(names)) != len(names):
            raise ValueError(f"found {shown(names)}; needed each score once")
        return names

    @model_validator(mode="after")
    def _observed_once(self) -> "BenchmarkSpec":
        given = [word for word in ("observed", "same_as") if getattr(self, word) is not None]
        if len(given) > 1:
            raise ValueError("found observed: and same_as:; needed one of them")
        if isinstance(self.same_as, list) and len(set(self.same_as)) < max(2, len(self.same_as)):
            raise ValueError(f"found same_as: {shown(self.same_as)}; needed two or more, each once")
        if self.NEEDS_OBSERVED and not given:
            raise ValueError("needed observed: {reader: ...}, or same_as: and another benchmark")
        # A store's stay as they are written: what they gave is kept.
        if isinstance(self.observed, ObservationSpec):
            kind = self.observed.gives.__name__
            if kind not in self.OBSERVES:
                text = f"reader {self.observed.reader} gives {kind}, and {self.compare} takes"
                raise ValueError(f"{text} {' or '.join(self.OBSERVES)}")
        return self


BENCHMARKS = Plugins(
    "benchmark",
    "ensemble.members.benchmarks",
    "soilsweep.benchmarks",
    ("Spec", "prepare", "score"),
    BenchmarkSpec,
    key="compare",
)

OF_KIND = {
    "GridMap": "map",
    "GridMaps": "map",
    "LatitudeSeries": "zonal",
    "SiteRecords": "sites",
    "YearSeries": "series",
}
"""How each kind of observations is compared where a scenario does not say."""


_READER: Chosen = get_args(AnyObservation)[1]


def _unsaid(section: Mapping[str, Any]) -> str | None:
    """Return the benchmark of what the reader of a section gives; None where nobody knows."""
    name = _READER.name(section.get("observed"))
    if not isinstance(name, str) or not OBSERVATIONS.has(name):
        return None
    try:
        return OF_KIND.get(OBSERVATIONS.get(name).Spec.gives.__name__)
    except LookupError:
        return None


AnyBenchmark = Annotated[BenchmarkSpec, Chosen(BENCHMARKS, _unsaid)]
"""The type of a benchmark, read into the model that its ``compare:`` names."""
