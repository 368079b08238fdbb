"""Masses that are taken as carbon, though no unit says what they are of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ensemble.members.experiment import Experiment
from ensemble.planning.notices import UNSAID, Notice
from scenarios import and_more, most_named
from scenarios.units import unsaid

MOST_NAMES = 6
"""Columns or variables that the notice names."""


def unsaid_carbon(
    experiment: Experiment, provenance: Sequence[Mapping[str, Any]]
) -> Iterator[Notice]:
    """Yield which drivers and observations are taken as carbon, once for all.

    Parameters
    ----------
    experiment : Experiment
    provenance : sequence of mappings
        Of each forcing: ``drivers`` has the units found, by column or variable.
    """
    taken = dict.fromkeys((*_drivers(experiment, provenance), *_observed(experiment)))
    if not taken:
        return
    shown = list(taken)[: most_named(MOST_NAMES)]
    named = ", ".join(f"{what} in {unit!r}" for what, unit in shown)
    text = (
        f"{named}{and_more(len(taken) - len(shown))}: no unit says what the mass is of, and it is "
        "taken as carbon; dry matter is about twice that. Where it is carbon, units: {NAME: "
        f"{_labelled(shown[0][1])}}} says so"
    )
    yield Notice(UNSAID, text, shown[0][0].partition(" ")[0])


def _drivers(
    experiment: Experiment, provenance: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield a driver with where it is from, and the unit that was found."""
    needs = {driver.name: driver.units for driver in experiment.kernel.drivers}
    for origin in provenance:
        for name, said in (origin.get("drivers") or {}).items():
            units = said.get("units") if isinstance(said, Mapping) else None
            if not isinstance(units, Mapping) or name not in needs:
                continue
            if unsaid(map(str, units.values()), needs[name]):
                alone = (unit for unit in units.values() if unsaid([str(unit)], needs[name]))
                yield f"{name} (from {said['from']})", str(next(alone))


def _observed(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """Yield an output and the unit in which it was observed; other records are of no output."""
    outputs = {output.name: output.units for output in experiment.kernel.outputs}
    for by_name in experiment.observations:
        for name, seen in by_name.items():
            if name in outputs and unsaid([seen.units], outputs[name]):
                yield f"{name}, observed", seen.units


def _labelled(unit: str) -> str:
    """Return a unit whose first mass is of carbon, as far as it is spelled with spaces."""
    first, _, rest = unit.partition(" ")
    return f"{first} C {rest}".strip() if rest else "g C m-2"
