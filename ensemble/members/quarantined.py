"""Members in quarantine, as blocks of an ensemble leave them out."""

from collections.abc import Mapping

from ensemble.errors import PlanError
from ensemble.store.journal import Key
from ensemble.store.quarantine import Case
from ensemble.store.store import Store

CONTROL = -1
"""In the place of a member's sample: the control member of its forcing and location."""


def cases_of(store: Store) -> dict[Key, Case]:
    """Return the members that are not run, with why.

    Raises
    ------
    PlanError
        What says so is no file of ours, or of no member of this store.
    """
    cases, shape = store.quarantined(), store.specs["status"].shape
    for forcing, place, sample in cases:
        if forcing in range(shape[0]) and place in range(shape[1]):
            if sample in range(CONTROL, shape[2]):
                continue
        raise PlanError(
            f"{store.path}: the quarantine names member {forcing}/{place}/{sample}, which this "
            f"store does not have: it has {' x '.join(map(str, shape))} forcings, locations and "
            "samples; see where the file is from, and remove it"
        )
    return cases


def of_block(cases: Mapping[Key, Case], spans: tuple[slice, ...]) -> dict[tuple[int, int], Case]:
    """Return the cases of one block by place in it: (location, sample or `CONTROL`)."""
    forcings, locations, samples = spans
    by_place = {}
    for (f, place, sample), case in cases.items():
        if f not in _range(forcings) or place not in _range(locations):
            continue
        if sample == CONTROL and samples.start == 0:
            by_place[place - locations.start, CONTROL] = case
        elif sample in _range(samples):
            by_place[place - locations.start, sample - samples.start] = case
    return by_place


def _range(span: slice) -> range:
    return range(span.start, span.stop)
