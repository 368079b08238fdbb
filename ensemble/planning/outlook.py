"""What a plan foretells without running the kernel: values out of range, and certain failure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.experiment import Experiment
from ensemble.members.layout import Layout
from ensemble.members.stages import needed
from ensemble.planning.conditions import condition_notices
from ensemble.planning.driver_ranges import driver_notices
from ensemble.planning.footprint import many_files
from ensemble.planning.linked import links_of
from ensemble.planning.notices import (
    CUT,
    DATA,
    FILE,
    FROZEN,
    PASSED_ON,
    SHARED,
    Notice,
    percent,
    size,
)
from ensemble.planning.parameter_ranges import parameter_notices
from ensemble.planning.unsaid import unsaid_carbon
from kernels import I8
from scenarios import and_more, most_named
from scenarios.forcing import Filed, Locations, Made, spread

WARNINGS_SHOWN = 10
"""Warnings of a kind that a plan shows; a hundred profiles may have one each."""

_OWN = re.compile(r"'[^']*'|\"[^\"]*\"|\([^)]*\)|[\d.,-]+")
"""What of a warning is its own: names, numbers and lists. Without it warnings of a kind are one."""

FREEZING, COLD = 0.0, -5.0
"""degC: soil at these means is frozen for much of the year, and for most of it."""

MOST_CELLS, LEAST_CELLS, MOST_VALUES = 256, 8, 1 << 18
"""Locations at which a plan looks at drivers that are made when they are taken: so many, or as
many as have so many values of a driver, but not fewer than the second."""

MOST_NAMES = 4
"""Arrays that a notice names."""

TEMPERATURE = "soil_temperature"


@dataclass(frozen=True)
class Outlook:
    """What is foretold.

    Attributes
    ----------
    notices : tuple of Notice
    certain : float
        Share of pairs of forcing and location at which every member fails, by the kernel's
        own check of drivers, as far as they were looked at.
    looked_at : int
        Locations at which drivers were, where not all values were; 0 where all.
    """

    notices: tuple[Notice, ...] = ()
    certain: float = 0.0
    looked_at: int = 0


def outlook(layout: Layout, provenance: Sequence[Mapping[str, Any]]) -> Outlook:
    """Return what drivers, defaults and the design say beside the ranges of the kernel."""
    experiment = layout.experiment
    stages, _ = needed(experiment.kernel, layout.wanted)
    read = {name for stage in stages for name in stage.drivers}
    seen, said = looked_at(experiment)
    of_drivers, failing = driver_notices(seen, read)
    some, every = (len(one.locations.names) for one in (seen, experiment))
    notices = [
        *(Notice(FILE, text) for text in experiment.kernel.warnings),
        *of_data(provenance),
        *unsaid_carbon(experiment, provenance),
        *_of_some(of_drivers, said),
        *parameter_notices(layout),
        *condition_notices(layout, seen, {notice.name for notice in of_drivers if notice.fails}),
        *_of_some(_frozen(seen), said),
        *many_files(layout),
        *cut_times(layout),
        *_passed_on(layout),
        *_paid_again(layout),
    ]
    certain = float(np.sum(failing)) / (len(failing) * every) if failing else 0.0
    return Outlook(tuple(notices), certain, some if said else 0)


def cut_times(layout: Layout) -> Iterator[Notice]:
    """Yield which seasons, months or years the ends of a run or of a window cut, once for all."""
    by_cut: dict[str, list[str]] = {}
    for name, kept in layout.outputs.items():
        if kept.reduced is not None and kept.reduced.cut:
            by_cut.setdefault(kept.reduced.cut, []).append(name)
    for cut, names in by_cut.items():
        first = names[: most_named(MOST_NAMES)]
        shown = ", ".join(first) + and_more(len(names) - len(first))
        winter = "; a winter is of the year of its January" if "DJF" in cut else ""
        yield Notice(CUT, f"{shown}: without {cut}{winter}", names[0])


def _passed_on(layout: Layout) -> Iterator[Notice]:
    """Yield that a steady state gives out what it is given, where members are asked for that."""
    experiment, scenario = layout.experiment, layout.experiment.scenario
    verbs = {getattr(one, "output", None) for one in scenario.responses.values()}
    asked = {*scenario.outputs, *scenario.statistics, *verbs}
    for name, of in experiment.kernel.passed_on.items():
        if name in asked and layout.sampler.parameters:
            text = (
                f"{name}: a steady state gives out what comes in, here {of}, whatever the "
                "parameters: a design moves it by what it does to litter alone; ask for a stock or "
                "its turnover, or run the kernel in time"
            )
            yield Notice(PASSED_ON, text, name)


def _paid_again(layout: Layout) -> Iterator[Notice]:
    """Yield that sums do not let all locations into one block, and what they share costs more."""
    needs, blocks = layout.needs, layout.grid.axes[1].blocks
    if blocks == 1 or not needs.shared_seconds or needs.fits(needs.locations, 1):
        return
    again = needs.forcings * needs.samples * (blocks - 1) * needs.shared_seconds
    text = (
        f"a block of all {needs.locations:,} locations would hold "
        f"{size(needs.holds(needs.locations, 1))}, so there are {blocks} of them, and what "
        f"locations of a sample share is done {blocks} times: {again:,.3g} s more of the kernel's; "
        "sums of fewer `histograms: {bins: ...}`, or fewer statistics, fit into one"
    )
    yield Notice(SHARED, text, value=again, units="s")


def looked_at(experiment: Experiment) -> tuple[Experiment, str]:
    """Return an experiment of some values where drivers are made when they are taken.

    Of locations that are spread evenly over all; where they are read from files by the day, of
    the days that the reader has looked at. What only looks at drivers may have it, and nothing
    else. The text says of how many it is, and is empty where it is of all.
    """
    every = (one for by_name in experiment.drivers for one in by_name.values())
    made = [one for one in every if isinstance(one, Made)]
    if not made:
        return experiment, ""
    names = experiment.locations.names
    filed = [one.source for one in made if isinstance(one.source, Filed)]
    each = [one.size // len(one) for one in made if not isinstance(one.source, Filed)]
    most = max(LEAST_CELLS, min(MOST_CELLS, MOST_VALUES // max(1, *each))) if each else len(names)
    places = spread(len(names), most)
    days = filed[0].at if filed else None
    dated = {d.name for d in experiment.kernel.drivers if d.dims == ("date",)}
    drivers = [
        {n: _glance(v, places, days if n in dated else None) for n, v in by_name.items()}
        for by_name in experiment.drivers
    ]
    columns = {name: values[places] for name, values in experiment.locations.columns.items()}
    coords = experiment.coords
    said = f"{len(places):,} of {len(names):,} cells" if len(places) < len(names) or filed else ""
    if days is not None:
        said += f", {len(days):,} of {len(coords['date']):,} days,"
        coords = {**coords, "date": days}
    locations = Locations(tuple(names[k] for k in places), columns, experiment.locations.classes)
    return replace(experiment, locations=locations, drivers=drivers, coords=coords), said


def _glance(values: Any, places: I8, days: I8 | None) -> NDArray[Any]:
    """Return a driver at some locations, and on some days if any are given."""
    if isinstance(values, Made) and isinstance(values.source, Filed):
        return np.asarray(values.source.looked_at[values.name][places])
    some = np.asarray(values[places])
    return some if days is None else some[:, days]


def _of_some(notices: Iterable[Notice], said: str) -> Iterator[Notice]:
    """Yield notices that say of how many values they are, where not of all."""
    for notice in notices:
        told = f"{notice.text} ({said} were looked at; a run looks at all)"
        yield replace(notice, text=told) if said else notice


def of_data(provenance: Sequence[Mapping[str, Any]]) -> list[Notice]:
    """Return what readers and responses warn of, the first few of each kind."""
    kinds: dict[str, list[str]] = {}
    for text in (str(text) for origin in provenance for text in origin.get("warnings", ())):
        kinds.setdefault(_OWN.sub("", text), []).append(text)
    shown = []
    for texts in kinds.values():
        first = texts[: most_named(WARNINGS_SHOWN)]
        shown += first
        if more := and_more(len(texts) - len(first), "such"):
            shown.append(more.strip())
    return [Notice(DATA, text) for text in shown]


def _frozen(experiment: Experiment) -> list[Notice]:
    """Return that a steady state at mean drivers holds too much where soil freezes.

    Activity rises steeply with temperature and stops in ice: that of the mean is far below the
    mean of a year with a thawed summer.
    """
    driver = next((d for d in experiment.kernel.drivers if d.name == TEMPERATURE), None)
    if driver is None or driver.dims or not _of_means(experiment.options):
        return []
    means = np.stack([np.asarray(d[TEMPERATURE], dtype=np.float64) for d in experiment.drivers])
    frozen, cold = float((means < FREEZING).mean()), float((means < COLD).mean())
    if not frozen:
        return []
    f, place = np.unravel_index(int(means.argmin()), means.shape)
    where = f"{experiment.forcings[f]}, {experiment.locations.names[place]}"
    among = f"{means.shape[1]:,} locations"
    if len(means) > 1:
        among += f" under {len(means)} forcings"
    text = (
        f"{TEMPERATURE}: steady states at mean drivers hold too much carbon where soil is frozen "
        f"for part of the year; its mean is below 0 degC at {percent(frozen)} of {among} and below "
        f"-5 degC at {percent(cold)}, where stocks of CORPSE are eleven to fourteen times those "
        "of drivers: daily, which has no such error"
    )
    return [
        Notice(
            FROZEN, text, TEMPERATURE, frozen, float(means.min()), lower=FREEZING, units="degC",
            place=where,
        )
    ]  # fmt: skip


def _of_means(options: Any) -> bool:
    """Return whether a kernel, or a link of a chain, is run on means: ``drivers: mean``."""
    every = (options, *(link.options for link in links_of(options)))
    return any(getattr(each, "drivers", "") == "mean" for each in every)
