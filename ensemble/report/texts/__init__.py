"""Tables and texts of the page, and where they stand between the figures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ensemble.report.parts import Part
from ensemble.report.run import Run
from ensemble.report.texts import design, failures, provenance, results, sensitivity


@dataclass(frozen=True)
class Text:
    """Something of a section that is not a figure.

    Attributes
    ----------
    section : str
    order : float
        Where it stands, as a figure's ``ORDER``.
    make : callable
    """

    section: str
    order: float
    make: Callable[[Run], Iterable[Part]]


TEXTS = (
    Text("results", 10, results.by_location),
    Text("results", 30, results.by_forcing),
    Text("space", 10, results.sums),
    Text("sensitivity", 20, sensitivity.shares),
    Text("sensitivity", 80, sensitivity.not_analysed),
    Text("sensitivity", 110, sensitivity.indices),
    Text("design", 10, design.design),
    Text("limits", 10, failures.limits),
    Text("failures", 10, failures.failures),
    Text("provenance", 10, provenance.provenance),
    Text("scenario", 10, design.scenario),
)
