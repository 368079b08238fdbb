"""Shuffled complex evolution (SCE-UA): complexes of points that evolve apart and are shuffled.

Source: Duan et al. (1992, 10.1029/91WR02985; 1994, 10.1016/0022-1694(94)90057-4).
"""

from typing import Literal

from pydantic import ConfigDict, Field

from ensemble.calibration.searches._contract import Batch, Task
from scenarios.searches import SearchSpec

MUTATIONS = ("space", "complex", "normal")


class Spec(SearchSpec):
    """Shuffled complex evolution: robust on rough costs, from a few hundred evaluations on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "sceua", "complexes": 7, "mutation": "space"}]}
    )

    name: Literal["sceua"]
    complexes: int | None = Field(
        default=None, ge=1, le=1000, description="default: 7, or the parameters if these are more"
    )
    mutation: Literal["space", "complex", "normal"] = Field(
        default="space",
        description="where a point comes from that neither reflection nor contraction makes "
        "better: the whole space, as spotpy; the smallest box around its complex, as in the paper "
        "of 1993; or a normal distribution around the best, as in Duan's program",
    )
    kstop: int = Field(default=30, ge=1, description="generations without progress, then it stops")
    pcento: float = Field(
        default=1e-4, ge=0, lt=1, description="what no progress is, as a share of the cost"
    )
    peps: float = Field(
        default=1e-3,
        ge=0,
        lt=1,
        description="it has converged where the points' ranges are such a share of the parameters' "
        "ranges, by their geometric mean",
    )
    polish: bool | None = Field(
        default=None,
        description="go on from the best point by levenberg_marquardt; default: where the cost is "
        "a sum of squares",
    )

    def points(self, parameters: int) -> int:
        """Return the points of the population."""
        return self._complexes(parameters) * (2 * parameters + 1)

    def _complexes(self, parameters: int) -> int:
        return self.complexes or max(7, parameters)

    def least_budget(self, parameters: int, *, residuals: bool) -> int:
        """Return what the start takes, one generation at most, and what is kept for the end."""
        return 4 * self.points(parameters) + self._kept(parameters, residuals)

    def _kept(self, parameters: int, residuals: bool) -> int:
        """Return the evaluations that are kept for polishing, and for the last derivative."""
        from ensemble.calibration.searches.parts.stage import kept_back

        return kept_back(parameters, polish=self.polish is not False) if residuals else 0

    def sizes(self, parameters: int, *, budget: int, residuals: bool) -> tuple[int, int]:
        """Return the generations that the budget allows, polishing among them, and the points.

        A generation takes at least a candidate for each step of each complex.
        """
        from ensemble.calibration.searches.parts.stage import MOST_ITERATIONS

        points = self.points(parameters)
        own = max(budget - self._kept(parameters, residuals), 0) // points
        return max(own, 1) + (1 + MOST_ITERATIONS if residuals else 0), points

    def unfit(self, parameters: int, *, residuals: bool) -> dict[str, str]:
        """Return why a calibration does not suit it; see `SearchSpec.unfit`."""
        if self.polish and not residuals:
            return {"polish": "found polish: true; it needs a cost that is a sum of squares"}
        return {}


def begin(spec: Spec, task: Task) -> Batch:
    """Return the searches of a task."""
    from ensemble.calibration.searches.parts.evolution import Evolution
    from ensemble.calibration.searches.parts.stage import Book
    from ensemble.calibration.searches.parts.staged import Staged, ending

    book, n = Book.of(task), task.parameters
    kept = spec._kept(n, task.residuals is not None)
    evolution = Evolution(
        book,
        task.budget - kept,
        spec._complexes(n),
        MUTATIONS.index(spec.mutation),
        kstop=spec.kstop,
        pcento=spec.pcento,
        peps=spec.peps,
    )
    return Staged(book, evolution, ending(book, polish=spec.polish is not False))
