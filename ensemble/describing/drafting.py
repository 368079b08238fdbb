"""A commented scenario for a kernel, a reader and a design: every word that a person has to find.

What cannot be known, such as the file of the drivers, is named where it is to be filled in.
"""

import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_args, get_type_hints

import kernels
from ensemble.describing.description import Description, Row
from ensemble.describing.kinds import kind_of
from ensemble.describing.words import as_yaml
from kernels import Kernel, Parameter
from scenarios.forcing import READERS, ReaderSpec
from scenarios.forcing.common.served import OF_DAYS
from scenarios.problems import Problem, ScenarioError, nearest, no_parameter

SITES = "site_table"
"""The reader of drivers where none is named: a table with a row per site."""

SAMPLES = "latin_hypercube"
WIDTH = 100

SIZES = {
    "latin_hypercube": {"n": 200},
    "monte_carlo": {"n": 200},
    "morris": {"trajectories": 20},
    "quantiles": {"n": 20},
    "sobol": {"n": 64},
}
"""Designs over distributions of parameters, and rows to begin with."""

STATISTICS = {"morris": ["mean", "mu_star", "mu_star_conf"], "sobol": ["mean", "S1", "ST"]}


@dataclass(frozen=True)
class Draft:
    """What a new scenario is made of.

    Attributes
    ----------
    name, kernel, reader, design : str
    ranges : mapping of str to (float, float)
        Of the parameters that are varied; where there are none, those that the kernel calls
        plausible.
    """

    name: str
    kernel: str
    reader: str = SITES
    design: str = SAMPLES
    ranges: Mapping[str, tuple[float, float]] | None = None

    def files(self) -> dict[str, str]:
        """Return the texts of the scenario, and of the table that it reads, by file name.

        Raises
        ------
        ScenarioError
            There is no such kernel, reader or design, or no scenario can be drafted of it.
        """
        about = kind_of("kernel").describe(self.kernel)
        reader = kind_of("reader").describe(self.reader)
        if "Drivers" not in about.tables:
            text = "has the tables that a scenario gives it; begin with the example that "
            command = f"`soilsweep describe kernel {self.kernel}` prints"
            raise ScenarioError([Problem(f"{text}{command}")], f"--kernel {self.kernel}")
        declared = kernels.get(self.kernel)
        chosen = fitting(declared, self.reader)
        made = declared.made(declared.options(**chosen), None)
        about = kind_of("kernel").describe(self.kernel, chosen)
        lines = [
            f"# {about.title}. What each word may be: soilsweep describe kernel {self.kernel}",
            "version: 1",
            f"name: {self.name}",
            *self._kernel(about, chosen),
            *self._forcing(reader, about.tables["Drivers"]),
            *self._design(made),
            *self._kept(made),
            f"store: runs/{self.name}.zarr",
        ]
        table = {f"{self.name}.csv": self._table(about.tables["Drivers"])}
        text = "\n".join(lines) + "\n"
        return {f"{self.name}.yaml": text} | (table if self.reader == SITES else {})

    def _kernel(self, about: Description, chosen: Mapping[str, str]) -> Iterator[str]:
        yield "kernel:"
        yield f"  name: {self.kernel}"
        for option in about.tables.get("Options", ()):
            yield from _comment(f"{option['value']}: {option['meaning']}")
            name = option["option"]
            told = f"  # {name}: {option['default']}"
            yield f"  {name}: {chosen[name]}" if name in chosen else told

    def _forcing(self, reader: Description, drivers: Sequence[Row]) -> Iterator[str]:
        yield from _comment(f"Words of the reader: soilsweep describe reader {self.reader}", "")
        if self.reader != SITES:
            yield from reader.example.split("\n")
            yield from _comment("The kernel's drivers, which the files have to give:", "")
            yield from (line for driver in drivers for line in _driver(driver))
            return
        yield "forcing:"
        yield f"  reader: {SITES}"
        yield f"  path: {self.name}.csv    # fill it in: a row per site, these drivers as columns"
        for driver in drivers:
            yield from _driver(driver)

    def _design(self, made: Kernel) -> Iterator[str]:
        yield from _comment(f"Words of the design: soilsweep describe design {self.design}", "")
        if self.design not in SIZES:
            yield from as_yaml({"design": _example(self.design, made)}).split("\n")
            return
        yield "design:"
        yield f"  method: {self.design}"
        for word, number in SIZES[self.design].items():
            yield f"  {word}: {number}"
        yield "  parameters:    # those to vary; take out the others"
        varied = self._varied(made)
        yield from _together(made, {parameter.name for parameter, _, _ in varied})
        for parameter, low, high in varied:
            unit = "" if parameter.units == "1" else f", {parameter.units}"
            told = f"    # {parameter.meaning}{unit}"
            yield f"    {parameter.name}: {{uniform: [{low!r}, {high!r}]}}{told}"

    def _varied(self, made: Kernel) -> list[tuple[Parameter, float, float]]:
        if self.ranges is None:
            every = []
            for parameter in made.parameters:
                low, high = map(float, parameter.likely())
                if low < high:
                    every.append((parameter, _short(low, parameter), _short(high, parameter)))
            return every
        table = {parameter.name: parameter for parameter in made.parameters}
        if unknown := [name for name in self.ranges if name not in table]:
            problems = [Problem(no_parameter(name, table)) for name in unknown]
            raise ScenarioError(problems, "--from-problem")
        return [(table[name], *ends) for name, ends in self.ranges.items()]

    def _kept(self, made: Kernel) -> Iterator[str]:
        """Yield statistics of the first output, those by days left to who wants them."""
        yearly = [o for o in made.outputs if "day" not in map(made.steps.get, o.dims)]
        first, *others = yearly or made.outputs
        words = STATISTICS.get(self.design, ["mean", "std", "q05", "q50", "q95"])
        yield from _comment("Members themselves, where they are wanted beside statistics:", "")
        yield f"# outputs: {{{first.name}: {'all' if first.dims else 'last'}}}"
        yield "statistics:"
        yield f"  {first.name}: [{', '.join(words)}]    # {first.meaning}, {first.units}"
        if others:
            yield from _comment(f"Or of {', '.join(other.name for other in others)}")

    def _table(self, drivers: Sequence[Row]) -> str:
        """Return the header of a table of sites, units in it."""
        columns = [f"{row['name']} [{row['units']}]" for row in drivers]
        return ",".join(["location", "lat", "lon", *columns]) + "\n"


def _together(made: Kernel, varied: Collection[str]) -> Iterator[str]:
    """Yield what must hold of parameters that are varied, together with drivers, as comments."""
    for condition in made.conditions:
        if some := [name for name in condition.of if name in varied]:
            text = f"Members fail where {condition.text}, is above {condition.most:g}: a plan says "
            yield from _comment(f"{text}how many; narrow {', '.join(some)} where they do", "    ")


OF_TIME = ("drivers", "mode", "step", "start")
"""Options of kernels that say how drivers are in time, and what has to go with that."""


def fitting(kernel: Kernel, reader: str) -> dict[str, str]:
    """Return the options of a kernel with which it takes what a reader gives; the fewest.

    Raises
    ------
    ScenarioError
        There are none.
    """
    spec: type[ReaderSpec] = READERS.get(reader).Spec
    first = kernel.options()
    words = [name for name in OF_TIME if name in get_type_hints(type(first))]
    of = {name: get_args(get_type_hints(type(first))[name]) for name in words}
    changes = [
        {n: v for n, v in zip(words, values, strict=True) if v != getattr(first, n)}
        for values in product(*of.values())
    ]
    why: list[Problem] = []
    for chosen in sorted(changes, key=len):
        try:
            made = kernel.made(kernel.options(**chosen), None)
        except kernels.Unfit:
            # Some do not go together.
            continue
        if found := list(_misfits(made, reader, spec)):
            why = why or found
        else:
            return chosen
    raise ScenarioError(why, f"--kernel {kernel.name} --reader {reader}")


def _misfits(made: Kernel, reader: str, spec: type[ReaderSpec]) -> Iterator[Problem]:
    """Yield drivers that a reader does not give, as far as that is known without its files."""
    along = getattr(spec, "along", None)
    for driver in made.drivers:
        if along is not None and (lost := [dim for dim in driver.dims if dim not in along]):
            has = f"one number a location{', or one along ' + ', '.join(along) if along else ''}"
            text = f"driver {driver.name!r} is along {', '.join(lost)}, and {reader} gives {has}"
            days = f": read days: {OF_DAYS}" if "date" in lost else ""
            yield Problem(f"{text}; choose another reader{days}")
            return
    if spec.reads == () and not spec.opens:
        # It opens no file, and says by itself what it has.
        try:
            spec.model_validate({"reader": reader}).read(made.drivers, Path())
        except ScenarioError as error:
            yield from error.problems


def _short(end: float, parameter: Parameter) -> float:
    """Return the end of a range as a person would write it, where that is within the bounds."""
    short = float(f"{end:.6g}")
    return short if parameter.lower <= short <= parameter.upper else end


def _driver(row: Row) -> Iterator[str]:
    seen = "" if row["seen"] == "nobody says" else f", seen from {row['seen']}"
    yield from _comment(f"{row['name']} [{row['units']}]: {row['meaning']}{seen}")


def _comment(text: str, indent: str = "  ") -> list[str]:
    start = f"{indent}# "
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=start)


def _example(design: str, made: Kernel) -> dict[str, Any]:
    """Return the example of a design, with the kernel's own parameters in it.

    Raises
    ------
    ScenarioError
        There is no such design, or one has to know more than the kernel.
    """
    first = next(p for p in made.parameters if p.default)
    if design == "grid":
        low, high = (float(end) for end in first.likely())
        return {"method": design, "parameters": {first.name: [low, first.default, high]}}
    if design == "one_at_a_time":
        return {"method": design, "parameters": [first.name], "change": [-0.25, 0.25]}
    if design == "table":
        return {"method": design, "path": "samples.csv"}
    offered = sorted([*SIZES, "grid", "one_at_a_time", "table"])
    raise ScenarioError(
        [Problem(f"no design {design!r} to begin with{nearest(design, offered)}")], "--design"
    )
