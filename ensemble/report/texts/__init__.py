"""Tables and texts of the page, and where they stand between the figures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ensemble.calibration.stored import WORK as CALIBRATIONS
from ensemble.evaluation.storing import WORK as EVALUATIONS
from ensemble.members.stored import WORK as ENSEMBLES
from ensemble.report.parts import Part
from ensemble.report.texts import (
    calibration,
    design,
    determined,
    evaluation,
    failures,
    fit,
    provenance,
    results,
    sensitivity,
)


@dataclass(frozen=True)
class Text:
    """Something of a section that is not a figure.

    Attributes
    ----------
    section : str
    order : float
        Where it stands, as a figure's ``ORDER``.
    make : callable
    works : tuple of str
        Of the stores that it is made of.
    """

    section: str
    order: float
    make: Callable[[Any], Iterable[Part]]
    works: tuple[str, ...] = (ENSEMBLES,)


OF_SEARCHES = (CALIBRATIONS,)
OF_MODELS = (EVALUATIONS,)
OF_ALL = (ENSEMBLES, CALIBRATIONS)


TEXTS = (
    Text("asked", 10, calibration.asked, OF_SEARCHES),
    Text("results", 5, calibration.best, OF_SEARCHES),
    Text("fit", 10, fit.fit, OF_SEARCHES),
    Text("determined", 10, determined.determined, OF_SEARCHES),
    Text("failures", 5, calibration.failures, OF_SEARCHES),
    Text("results", 10, results.by_location),
    Text("results", 8, evaluation.tables, OF_MODELS),
    Text("results", 30, results.by_forcing),
    Text("results", 40, results.scores),
    Text("results", 6, results.validation),
    Text("results", 7, results.learned),
    Text("constrained", 10, results.weights),
    Text("space", 10, results.sums),
    Text("space", 11, results.spreads),
    Text("sensitivity", 20, sensitivity.shares),
    Text("sensitivity", 80, sensitivity.not_analysed),
    Text("sensitivity", 110, sensitivity.indices),
    Text("design", 10, design.design),
    Text("limits", 10, failures.limits),
    Text("failures", 10, failures.failures),
    Text("provenance", 10, provenance.provenance, OF_ALL),
    Text("provenance", 12, evaluation.files, OF_MODELS),
    Text("scenario", 10, design.scenario, OF_ALL),
    Text("scenario", 12, evaluation.asked, OF_MODELS),
)
