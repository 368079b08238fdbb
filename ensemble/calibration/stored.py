"""The store of a calibration: what it holds beside what every store does, and is looked at for."""

from ensemble.members.stored import check_root
from ensemble.store.reading import damaged
from ensemble.store.store import Store

WORK = "ensemble.calibration"
"""The module that opens the work of such a store."""

AXES = ("group", "restart")
"""Of its blocks."""

GROUP_OF, CALIBRATED = "calibration/group_of", "calibration/calibrated"
"""Which group each place belongs to, and whether it is calibrated on, (forcing, location)."""

PARAMETER_UNITS, TIED_TO, BETWEEN = "parameter_units", "tied_to", "; "
"""Attributes of ``calibration/lower``: a text for each parameter, and what stands between them."""

FOLD, FOLD_OF = "calibration/fold", "calibration/fold_of"
"""Names of folds, and which fold each place is of, (forcing, location); of some calibrations."""

LABELS = "labels"
"""Attribute of the root: columns of words in the table of locations, by location."""


def is_calibration(store: Store) -> bool:
    """Return whether blocks are groups that are searched for."""
    return store.work == WORK


def check(store: Store) -> None:
    """Refuse a store of another work, or one whose attributes are not those of a calibration.

    Raises
    ------
    PlanError
        It is one.
    """
    check_root(store, WORK, "a calibration", AXES)
    if missing := [path for path in (GROUP_OF, CALIBRATED, "group") if path not in store.specs]:
        raise damaged(store.path, f"it lacks the array {missing[0]!r}")
