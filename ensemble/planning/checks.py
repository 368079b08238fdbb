"""Checks of what a plan is made of: forcings beside each other, years, dimensions, columns."""

from collections.abc import Iterator

import numpy as np

from ensemble.members.experiment import Experiment
from ensemble.members.in_time import DAY, reduced
from ensemble.members.layout import KEEP_SAMPLES, Layout
from ensemble.members.responses.kinds import RANK
from ensemble.members.responses.pairs import dated_steps
from ensemble.members.statistics import canonical
from ensemble.store.coordinates import beside_climatology
from kernels import Variable
from scenarios import Problem, ScenarioError, and_more, most_named
from scenarios.forcing import Forcing, Observed
from scenarios.outputs import reductions_of, steps_of
from scenarios.units import factor

SHOWN = 10
"""Rows outside the run that are named."""


def disagreements(first: Forcing, other: Forcing) -> Iterator[Problem]:
    """Yield in what two forcings differ that all forcings of a run must share."""
    if first.observations.keys() != other.observations.keys():
        mine, others = (", ".join(sorted(f.observations)) or "nothing" for f in (first, other))
        text = f"{other.name!r} observes {others} and {first.name!r} {mine}; use one reader"
        yield Problem(text, "forcing")
    if first.locations.names != other.locations.names:
        yield Problem(_apart(first, other), "forcing")
    for name, values in first.coords.items():
        theirs = other.coords.get(name)
        if theirs is None or not np.array_equal(values, theirs):
            span = "nothing" if theirs is None else f"{theirs[0]}-{theirs[-1]} ({len(theirs)})"
            text = (
                f"{name} of {other.name!r} is {span} and of {first.name!r} "
                f"{values[0]}-{values[-1]} ({len(values)}); say years: [first, last]"
            )
            yield Problem(text, "forcing")


def _apart(first: Forcing, other: Forcing) -> str:
    """Return how the locations of two forcings differ, and what to do."""
    mine, theirs = ({*f.locations.names} for f in (first, other))
    text = f"{other.name!r} and {first.name!r} have different locations"
    if mine == theirs:
        return f"{text}: the same, in another order; use one order"
    alone = [f"{len(a - b):,} that {f.name!r} alone has, such as {min(a - b)!r}"
             for f, a, b in ((first, mine, theirs), (other, theirs, mine)) if a - b]  # fmt: skip
    advice = "use common ones, by cells:, sites: or members: of one reader"
    return f"{text}: {len(mine & theirs):,} in both, {', '.join(alone)}; {advice}"


def check_years(experiment: Experiment) -> None:
    """Refuse years of outputs and of the kernel's options that the forcings lack."""
    years = experiment.years
    run = f"the run ({years[0]}-{years[-1]})" if len(years) else "a run without time"
    problems = [
        Problem(f"year {y} is not in {run}", f"outputs.{name}.at")
        for name, output in experiment.scenario.outputs.items()
        for plain in [steps_of(output)]
        for y in (plain.at if plain is not None else None) or ()
        if y not in years
    ]
    problems += _steps(experiment)
    if not problems:
        problems += _reductions(experiment)
    if problems:
        raise ScenarioError(problems, experiment.scenario.name)


def _steps(experiment: Experiment) -> Iterator[Problem]:
    """Yield steps that are not those of the kernel, or of no calendar that is known."""
    steps, scenario = experiment.steps, experiment.scenario
    known = {"year", DAY} if steps.daily else {"year"}
    by_days = experiment.kernel.steps.get("time") == DAY
    if within := sorted(experiment.coords.keys() - known - experiment.own_coords.keys()):
        text = f"has steps within a year ({', '.join(within)}); needed annual steps, or none"
        yield Problem(text, "forcing")
    elif steps.daily and not by_days:
        text = f"has steps within a year ({DAY}); needed annual steps, or none"
        yield Problem(f"{text}: kernel {experiment.kernel.name!r} goes by years", "forcing")
    elif by_days and not steps.daily and any("time" in d.dims for d in experiment.kernel.drivers):
        text = (
            "has no day of the year, and the kernel goes by days (step: day); needed days 1-365: "
            "day: of series: in a site_table, or step: day in netcdf"
        )
        yield Problem(text, "forcing")
    elif steps.daily:
        follow = steps.bounds[1:, 0] == steps.bounds[:-1, 1]
        if not (follow.all() and steps.days.min() >= 1 and steps.days.max() <= 365):
            yield Problem("its days do not follow each other; needed days 1-365, each", "forcing")
    for dim, step in experiment.kernel.steps.items():
        length, needed = experiment.sizes.get(dim), 365 * len(experiment.years)
        if dim != "time" and step == DAY and length not in (None, needed):
            text = f"has {length} days ({dim}) of {len(experiment.years)} years; needed 365 of each"
            yield Problem(text, "forcing")
    for name, kept in scenario.outputs.items():
        words = plain.model_dump(exclude_none=True) if (plain := steps_of(kept)) else {}
        word = next((w for w, value in words.items() if value != "step"), None)
        if word and experiment.steps_of(experiment.kernel.variable(name)).daily:
            text = f"found {word}: and steps of a day; needed all, last, or a reduction in time"
            yield Problem(f"{text} such as {{year: last}}", f"outputs.{name}.{word}")


def _reductions(experiment: Experiment) -> Iterator[Problem]:
    """Yield reductions in time that the run's years do not have."""
    for name, kept in experiment.scenario.outputs.items():
        for where, one in reductions_of(name, kept):
            try:
                variable = experiment.kernel.variable(name)
                reduced(one, variable, experiment.steps_of(variable))
            except ValueError as error:
                yield Problem(str(error), where)


def check_edges(experiment: Experiment) -> None:
    """Refuse histograms without edges where finding them would run a program at plan time."""
    scenario = experiment.scenario
    problems = [
        Problem(
            f"a pilot run would start {experiment.kernel.name} programs before the run begins; say "
            f"histograms: {{edges: {{{target}: [lowest, highest]}}}}",
            f"statistics.{target}",
        )
        for target, requests in scenario.of_members.items()
        if target not in scenario.histograms.edges
        and any(canonical(request)[0] == "histogram" for request in requests)
    ]
    if experiment.kernel.isolated and problems:
        raise ScenarioError(problems, scenario.name)


def check_columns(layout: Layout) -> None:
    """Refuse columns of the location table that have the name of another array."""
    kernel = layout.experiment.kernel
    taken = {"status", "realization", "forcing", "location", "time", "year", *layout.functionals}
    taken |= {p.name for p in kernel.parameters} | {v.name for v in kernel.outputs}
    taken |= {*kernel.coords, *(f"{name}_bounds" for name in kernel.coords)}
    taken |= set(layout.experiment.own_coords)
    taken |= {DAY} if layout.experiment.steps.daily else set()
    made = dict(_made(layout))
    problems = [
        Problem(f"its array {array!r} is also another's name; rename that one", f"outputs.{output}")
        for array, output in made.items()
        if array in taken
    ]
    if DAY in layout.functionals and layout.experiment.steps.daily:
        problems.append(Problem("is a name of runs by days; rename it", f"responses.{DAY}"))
    taken |= made.keys()
    problems += [
        Problem("is the name of an array of the store; rename the column", f"column {name!r}")
        for name in layout.experiment.locations.columns
        if name in taken
    ]
    if problems:
        raise ScenarioError(problems, layout.experiment.scenario.name)


def check_observed(experiment: Experiment) -> Iterator[Problem]:
    """Yield what is observed in another unit than its output's, or at no time of the run."""
    for reader in experiment.scenario.forcing:
        for name, where in reader.compared().items():
            output = experiment.kernel.variable(name)
            for by_name in experiment.observations[:1]:
                yield from _comparable(by_name[name], output, where, experiment)


def _comparable(
    seen: Observed, output: Variable, where: str, experiment: Experiment
) -> Iterator[Problem]:
    try:
        factor(seen.units, output.units)
    except ValueError as error:
        yield Problem(f"output {output.name!r} is in {output.units!r} and {error}", where)
    if not seen.has_time:
        return
    steps = experiment.steps
    if "time" not in output.dims:
        yield Problem(f"has dates, and output {output.name!r} no time; leave year: out", where)
        return
    if not steps.daily and any(part is not None and np.isfinite(part).any()
                               for part in (seen.month, seen.day)):  # fmt: skip
        text = "has months or days, and the run's steps are years; leave month: and day: out"
        yield Problem(f"{text}, to compare with the year", where)
        return
    inside = dated_steps(seen, steps.years, steps.days)[1]
    outside = np.argwhere(np.isfinite(seen.values) & ~inside)
    span = f"{steps.years[0]}-{steps.years[-1]}"
    first = outside[: most_named(SHOWN)]
    for at in map(tuple, first.tolist()):
        parts = {"year": seen.year, "month": seen.month, "day": seen.day}
        date = ", ".join(f"{word} {part[at]:g}" for word, part in parts.items()
                         if part is not None and np.isfinite(part[at]))  # fmt: skip
        line = None if seen.line is None else int(seen.line[at])
        place = experiment.locations.names[at[0]]
        whole = "is not whole in the run" if steps.daily else "is not in the run"
        text = f"{date or 'no date'} {whole} ({span}); leave the row out"
        yield Problem(text, f"location {place!r}, {output.name}", seen.file, line)
    if more := and_more(len(outside) - len(first), "such rows"):
        yield Problem(f"...{more}", where)


def check_ranks(layout: Layout) -> Iterator[Problem]:
    """Yield responses of which ranks are asked for, where no member's response is stored."""
    for name, response in layout.experiment.scenario.responses.items():
        if response.transform == RANK and not layout.keeps_responses:
            text = (
                f"found transform: rank and {layout.sampler.size:,} samples, too many to keep "
                f"responses, which ranks are of; needed {KEEP_SAMPLES:,} or fewer"
            )
            yield Problem(text, f"responses.{name}.transform")


def _made(layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield the names that reductions in time add to a store, and the output of each."""
    for array, kept in layout.outputs.items():
        if kept.reduced is None:
            continue
        yield array, kept.output
        if kept.reduced.times is not None:
            dim = kept.reduced.times.dim
            names = {dim, f"{dim}_bounds", beside_climatology(dim)}
            yield from ((name, kept.output) for name in names)


def check_dims(experiment: Experiment) -> None:
    """Refuse drivers and coordinates whose lengths do not agree with a dimension's.

    Raises
    ------
    ScenarioError
        All of them.
    """
    problems, sizes = [], {n: len(c.values) for n, c in experiment.kernel.coords.items()}
    for name, values in experiment.own_coords.items():
        own = experiment.kernel.coords.get(name)
        sizes.setdefault(name, len(values))
        if own is not None and not np.array_equal(own.values, values):
            text = f"{name} is not that of the kernel, {own.values.tolist()} {own.units}"
            problems.append(Problem(f"{text}; give the kernel the same", "forcing"))
    for label, drivers in zip(experiment.forcings, experiment.drivers, strict=True):
        for driver in experiment.kernel.drivers:
            shape = np.shape(drivers[driver.name])[1:]
            for dim, length in zip(driver.dims, shape, strict=True):
                if length != sizes.setdefault(dim, length):
                    text = f"driver {driver.name!r} of {label!r} has {length} along {dim}"
                    problems.append(Problem(f"{text}; needed {sizes[dim]}", "forcing"))
    if problems:
        raise ScenarioError(problems, experiment.scenario.name)
