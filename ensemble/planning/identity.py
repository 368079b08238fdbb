"""What must be the same for a run to continue a store, and what is not."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ensemble.members.evaluation.stored import digest as digest_of
from ensemble.members.experiment import Experiment
from ensemble.members.responses import observations
from ensemble.store.differences import differences, other_code
from ensemble.store.grid import Grid
from ensemble.store.machine import versions
from kernels import fingerprint
from scenarios import Loaded
from scenarios.forcing import Locations, Made, sources

FREE_FOR_THEMSELVES = ("title", "description", "store", "execution", "failed_limit", "reference")
"""Sections that may change between runs into one store: they change no byte of a chunk."""


PROBES = 8
"""Locations, spread evenly, whose values are looked at where drivers are made when taken: they
tell of a maker whose code was changed and whose recipe was not."""

RECIPE = "recipe:"
"""How the digest of drivers begins that nobody has made yet."""


def digest(forcing: str, experiment: Experiment) -> str:
    """Return a hash of everything a forcing supplies.

    Drivers that are made when they are taken count with their recipe and a few locations; then
    the hash begins with `RECIPE`, and `settled` has that of all values.
    """
    whole = hashlib.sha256()
    index = experiment.forcings.index(forcing)
    drivers = experiment.drivers[index]
    supplied = [*drivers.items(), *experiment.coords.items()]
    supplied += observations.arrays(
        experiment.observations[index] if experiment.observations else {}
    )
    for name, array in sorted(supplied, key=lambda pair: pair[0]):
        whole.update(f"{name}{tuple(array.shape)}{np.dtype(array.dtype).str}".encode())
        some = (
            array.source.glance(PROBES)[array.name]
            if isinstance(array, Made)
            else np.asarray(array)
        )
        # Daily drivers are large: what is contiguous is not copied, other arrays row by row.
        for part in [some] if some.flags.c_contiguous else some:
            whole.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    if experiment.observations:
        # Drivers are in kernel units; observations are in their own.
        units = {name: one.units for name, one in experiment.observations[index].items()}
        whole.update(json.dumps(units, sort_keys=True).encode())
    if not sources(drivers):
        return whole.hexdigest()
    whole.update(experiment.recipes[index].encode())
    return f"{RECIPE}{whole.hexdigest()}"


def settled(identity: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Any]:
    """Return a plan's identity with hashes of some forcings as a store holds them.

    What the plan has of them stays beside, so that the next one need not make them again.
    """
    if not digests:
        return dict(identity)
    planned = identity["forcings"]
    recipes = {name: planned[name] for name in digests}
    return {**identity, "forcings": {**planned, **digests}, "recipes": recipes}


class Blocks(Protocol):
    """What blocks an identity says of a layout: of an ensemble, or of a calibration."""

    grid: Grid

    @property
    def limits(self) -> Mapping[str, Any]:
        """Return the limits that members are counted at."""
        ...


def identity_of(scenario: Loaded, experiment: Experiment, layout: Blocks) -> dict[str, Any]:
    """Return what must be the same for a run to continue a store."""
    resolved = scenario.model_dump(mode="json", exclude={"text", "source", "base"})
    # Stores of before these sections are continued by scenarios without them.
    later = ("derived", "calibration", "evaluation")
    resolved = {k: v for k, v in resolved.items() if v or k not in later}
    same = {k: v for k, v in resolved.items() if k not in FREE_FOR_THEMSELVES}
    text = json.dumps(same, sort_keys=True)
    identity: dict[str, Any] = {
        "scenario": resolved,
        "scenario_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "kernel": fingerprint(experiment.kernel),
        "forcings": {name: digest(name, experiment) for name in experiment.forcings},
        "locations": _location_digest(experiment.locations),
        "block": {axis.name: axis.length for axis in layout.grid.axes},
        "limits": {name: limit.plain for name, limit in layout.limits.items()},
        "versions": versions(experiment.kernel.libraries),
    }
    if experiment.evaluation:
        identity["evaluation"] = {n: digest_of(one) for n, one in experiment.evaluation.items()}
    return identity


def _location_digest(locations: Locations) -> str:
    columns = {n: np.asarray(v).tolist() for n, v in locations.columns.items()}
    return hashlib.sha256(json.dumps([locations.names, columns]).encode()).hexdigest()


def changes(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between a store and a plan and would change its bytes."""
    by_section = section_changes(stored, now)
    found = [f"scenario: {text}" for texts in by_section.values() for text in texts]
    found += _limit_changes(stored, now)
    found += other_code(stored, now)
    for part, what in (("forcings", "forcing"), ("block", "block length")):
        found += [f"{what}: {t}" for t in differences(stored[part], now[part], "")]
    known, asked = (one.get("evaluation", {}) for one in (stored, now))
    found += [f"observations of {t}" for t in differences(known, asked, "")]
    if stored["locations"] != now["locations"]:
        found.append("locations: the location table has changed")
    return found


LIMITS = "limits: "
"""How a change of limits begins, which cannot be accepted: members are counted as they run."""


def _limit_changes(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return limits that differ; a store of before limits counts none unless they are said."""
    old, new = stored.get("limits"), now["limits"]
    if old is None:
        said = now["scenario"]["limits"]
        return [f"{LIMITS}{name}: this store's members were not looked at" for name in said]
    return [f"{LIMITS}{text}" for text in differences(old, new, "")]


def section_changes(stored: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what differs in the words of a store's scenario and a plan's, by section."""
    ours, theirs = now["scenario"], stored["scenario"]
    names = sorted((ours.keys() | theirs.keys()) - {*FREE_FOR_THEMSELVES, "limits"})
    every = {n: differences(theirs.get(n), ours.get(n), n) for n in names}
    return {name: texts for name, texts in every.items() if texts}
