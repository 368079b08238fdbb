"""What a page reads of a calibration, each of it once: figures, tables and texts ask here."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ensemble.report.data.compared import Compared, all_compared
from ensemble.report.data.found import SoFar
from ensemble.report.reported import Known, Reported
from ensemble.store.store import Store
from kernels import OK


class Calibrated(Reported):
    """A calibration that is reported.

    Parameters
    ----------
    store : Store

    Attributes
    ----------
    found : SoFar
        What its searches have found so far.
    section : mapping
        The words of ``calibration:``.
    """

    unfinished = (
        "Numbers and figures are of the groups in these alone; what is modelled beside "
        "observations comes with the end. The same run command goes on where it stopped."
    )

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.found = SoFar(store)
        self.section: Mapping[str, Any] = self.scenario["calibration"]

    @property
    def known(self) -> Known:
        """Return what the store holds so far."""
        return self.found

    @property
    def squares(self) -> bool:
        """Return whether the cost is a sum of squares: metrics and directions are there."""
        return self.found.has("jacobian_sv")

    @property
    def cost(self) -> str:
        """Return what costs are, as axes say it."""
        squared = "square of " if self.found.of_rmse else ""
        return f"{squared}{self.attrs['design']['cost']}"

    def in_logarithm(self, parameter: int) -> bool:
        """Return whether a parameter, by its number, is searched in its logarithm."""
        asked = self.section["parameters"].get(self.found.parameters[parameter]) or {}
        return bool(asked.get("loguniform"))

    @property
    def any_result(self) -> bool:
        """Return whether any search came to a result that is committed."""
        return bool((self.found.best >= 0).any())

    @cached_property
    def compared(self) -> list[Compared]:
        """Return what each response compares, where that is known."""
        return list(all_compared(self.found, self.scenario["responses"])) if self.squares else []

    @property
    def cards(self) -> Sequence[tuple[str, str]]:
        """Return the run's sizes, and what each is."""
        found = self.found
        groups, restarts = found.store.specs["status"].shape
        searches, n = int(found.done.sum()) * restarts, len(found.searched)
        lost = int(((found.array("status") != OK).all(axis=1) & found.done).sum())
        evaluations = int(np.sum(found.read("evaluations")))
        if found.has("fold_evaluations"):
            evaluations += int(np.sum(found.read("fold_evaluations")))
        return [
            (f"{groups:,}", "groups" if groups > 1 else "group"),
            (f"{n:,}", "parameters" if n > 1 else "parameter"),
            (f"{searches:,}", f"searches of {groups * restarts:,}"),
            (f"{evaluations:,}", "evaluations"),
            (f"{lost:,}", "groups without a result"),
            (f"{found.committed.seconds:,.1f} s", "worker time"),
        ]
