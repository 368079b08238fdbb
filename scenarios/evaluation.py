"""The section ``evaluation:``: what a run is held against, and nothing computed.

Scores of members are numbers by name, ``<benchmark>_<score>``, and by group
``<benchmark>_<score>_<group>``: they stand in ``statistics:`` like responses.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from kernels import Kernel
from scenarios.benchmarks import AnyBenchmark, BenchmarkSpec
from scenarios.observations import AnyObservation
from scenarios.problems import Problem, nearest, shown
from scenarios.sections import Name, Strict, YearRange
from scenarios.weights import PRIOR, Keep, Weights

WHERE = "evaluation.benchmarks"

LATER = ("products", "weights", "keep")
"""Sections that stores of before them are continued without."""


def _long_form(section: Any) -> Any:
    """Return a benchmark whose ``observed:`` is a file in the long form; others as they are.

    The unit of what stands in such a file is then said beside it.
    """
    if not isinstance(section, Mapping) or not isinstance(section.get("observed"), str):
        return section
    rest = {word: value for word, value in section.items() if word != "units"}
    units = {"units": section["units"]} if "units" in section else {}
    return {**rest, "observed": {"path": section["observed"], **units}}


def products_of(output: str) -> str:
    """Return what the benchmark of the products of an output is called."""
    return f"products_{output}"


PRODUCT_SCORES = ("bias", "rmse", "r", "sd_ratio", "within")
"""What members are told against the median of products."""


Benchmark = Annotated[AnyBenchmark, BeforeValidator(_long_form)]


class Evaluation(Strict):
    """Benchmarks by name, and what they share."""

    period: YearRange | None = Field(
        default=None, description="[first, last] year that is compared, where none is said below"
    )
    classes: dict[Name, AnyObservation] = Field(
        default={}, description="{koeppen: {reader: ...}}, maps of classes that groups are made of"
    )
    benchmarks: dict[Name, Benchmark] = Field(
        min_length=1,
        description="{name: {output: rh, observed: FILE, units: Pg C yr-1}}, or observed: {reader: "
        "...} and the words of the benchmark that compare: names",
    )
    weights: dict[Name, Weights] = Field(
        default={},
        description="{name: {accept: {SCORE: {sigma: 2.24}}}}, how much each member counts in "
        "weighted statistics of responses and sums over space",
    )
    keep: Keep | None = Field(
        default=None,
        description="{best: 20, by: SCORE}, members that `soilsweep replay STORE` runs again with "
        "whole outputs",
    )

    @model_serializer(mode="wrap")
    def _as_before(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return the words; without what is later than stores those of these, as they know them."""
        words: dict[str, Any] = plain(self)
        return {name: word for name, word in words.items() if word or name not in LATER}

    products: dict[Name, list[Name]] = Field(
        default={},
        description="{rh: [cardamom, climate_h, climate_r]}, benchmarks of maps: products_rh "
        "compares with their median, and they stand beside models in tables",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_products(cls, section: Any) -> Any:
        """Add the benchmark that products are; words of it that stand there win."""
        if not isinstance(section, Mapping) or not isinstance(section.get("products"), Mapping):
            return section
        benchmarks = section.get("benchmarks")
        if not isinstance(benchmarks, Mapping):
            return section
        every = dict(benchmarks)
        for output, names in section["products"].items():
            name = products_of(output)
            made = {"compare": "map", "output": output, "same_as": names}
            own = every.get(name, {})
            if isinstance(own, Mapping):
                every[name] = {**made, "scores": [*PRODUCT_SCORES], **own}
        return {**section, "benchmarks": every}

    @model_validator(mode="after")
    def _periods(self) -> "Evaluation":
        for where, period in self._said():
            if period is not None and period[0] > period[1]:
                raise ValueError(f"found {where}: {shown(period)}; needed [first year, last year]")
        return self

    def _said(self) -> Iterator[tuple[str, tuple[int, int] | None]]:
        yield "period", self.period
        yield from ((f"period of {name}", one.period) for name, one in self.benchmarks.items())

    def period_of(self, name: str) -> tuple[int, int] | None:
        """Return the years that a benchmark compares; None where nothing says which."""
        return self.benchmarks[name].period or self.period

    def scores(self) -> dict[str, tuple[str, str]]:
        """Return benchmark and score of the whole by the name that it has elsewhere."""
        return {
            f"{name}_{score}": (name, score)
            for name, one in self.benchmarks.items()
            for score in one.asked()
        }

    def named(self, name: str) -> tuple[str, str, str] | None:
        """Return benchmark, score and group that a name may mean; None where it can be none.

        Groups are known once observations are read; of the whole it is empty.
        """
        known = self.scores()
        if name in known:
            return (*known[name], "")
        for begin, (benchmark, score) in known.items():
            if name.startswith(f"{begin}_") and self.benchmarks[benchmark].SCORES[score].grouped:
                return benchmark, score, name.removeprefix(f"{begin}_")
        return None


def problems(
    sections: Mapping[str, Any], kernel: Kernel, taken: Collection[str]
) -> Iterator[Problem]:
    """Yield what benchmarks name that is not there, and names that mean two things.

    Parameters
    ----------
    sections : mapping
        Of the scenario, parsed; ``evaluation`` may be missing.
    kernel : Kernel
        With its tables and derived outputs.
    taken : collection of str
        Names of outputs and responses.
    """
    section: Evaluation | None = sections.get("evaluation")
    if section is None:
        return
    outputs = {variable.name: variable for variable in kernel.outputs}
    for name, one in section.benchmarks.items():
        for output in one.outputs():
            yield from _output(name, output, kernel, outputs)
    yield from sources(section)
    yield from _weights(section)
    if "location" in (sections.get("independent") or ()):
        text = "a sample is another row of the design at every location (independent:)"
        yield Problem(f"{text}, so it has no score over all of them", "evaluation")
    yield from _names(section, taken)


OWN = ("control", "statistics", "weights")
"""Groups of the store beside the scores: names that no benchmark may have."""

OF_WEIGHTS = ("weights", "effective", "heaviest", "without")
"""Arrays of the store beside weights: names that none may have."""


def _names(section: Evaluation, taken: Collection[str]) -> Iterator[Problem]:
    """Yield benchmarks, and scores of theirs, whose name is another's, too."""
    known = {*taken, *OWN, *section.benchmarks}
    for benchmark, spec in section.benchmarks.items():
        where = f"{WHERE}.{benchmark}"
        if benchmark in OWN:
            yield Problem("is a name of every store's own; choose another", where)
        for name in (*(f"{benchmark}_{score}" for score in spec.asked()), f"{benchmark}_group"):
            if name in known:
                yield Problem(f"its {name!r} is the name of another; rename one of them", where)
            known.add(name)


def _weights(section: Evaluation) -> Iterator[Problem]:
    """Yield weights of scores that no benchmark gives, and a name that is that of none."""
    for name, one in section.weights.items():
        where = f"evaluation.weights.{name}"
        if name in (PRIOR, *OF_WEIGHTS):
            yield Problem("is a name of every store's own; choose another", where)
        for score in one.scores:
            if section.named(score) is None:
                text = f"no score {score!r}{nearest(score, section.scores())}"
                yield Problem(text, f"{where}.{one.kind}")


def _output(
    name: str, output: str, kernel: Kernel, outputs: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield that an output is not there, or is not one number at a place and time."""
    where = f"{WHERE}.{name}.output"
    if output not in outputs:
        text = f"kernel {kernel.name!r} has no output {output!r}"
        yield Problem(f"{text}{nearest(output, outputs)}", where)
        return
    own = [dim for dim in outputs[output].dims if dim in kernel.coords and _is_within(kernel, dim)]
    if own:
        text = f"{output!r} has the dimension {own[0]}, and a benchmark compares one number a place"
        yield Problem(f"{text}; needed an output without it, such as one of derived:", where)


def _is_within(kernel: Kernel, dim: str) -> bool:
    """Return whether places along a dimension of the kernel's own are parts of a profile."""
    return not kernel.coords[dim].labels


def sources(section: Evaluation) -> Iterator[Problem]:
    """Yield what `same_as` names that is not there or of another kind, in every benchmark."""
    for name, one in section.benchmarks.items():
        yield from _same_as(name, one, section)


def _same_as(name: str, one: BenchmarkSpec, section: Evaluation) -> Iterator[Problem]:
    """Yield that other benchmarks' observations are not to be had, or are of another kind."""
    where = f"{WHERE}.{name}.same_as"
    others = [n for n in section.benchmarks if n != name]
    several = isinstance(one.same_as, list)
    takes = [kind for kind in one.OBSERVES if kind in MAPS] if several else one.OBSERVES
    if several and MAPS[1] not in one.OBSERVES:
        yield Problem(f"{one.compare} takes one observation; needed one name", where)
        return
    for other in one.sources:
        if other not in others:
            yield Problem(f"no other benchmark {other!r}{nearest(other, others)}", where)
            continue
        observed = section.benchmarks[other].observed
        if observed is None:
            yield Problem(f"{other!r} has no observed: of its own; name the one that has", where)
        elif (kind := observed.gives.__name__) not in takes:
            text = f"{other!r} observes a {kind}, and {one.compare} takes"
            yield Problem(f"{text} {' or '.join(takes)}", where)


MAPS = ("GridMap", "GridMaps")
"""Kinds of observations that several of together are products."""
