"""Gauss-Newton from many starts (Levenberg-Marquardt): where the cost is a sum of squares.

Source: Marquardt (1963, 10.1137/0111030).
"""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from ensemble.calibration.searches._contract import Batch, Task
from scenarios.searches import SearchSpec


class Spec(SearchSpec):
    """Gauss-Newton from many starts: quickest and surest where residuals exist, and smooth."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "levenberg_marquardt", "starts": 24}]}
    )
    NEEDS_RESIDUALS: ClassVar[bool] = True

    name: Literal["levenberg_marquardt"]
    starts: int = Field(
        default=24, ge=1, le=4096, description="points of a scrambled Sobol sequence to start from"
    )
    jacobian: Literal["forward", "central"] = Field(
        default="forward",
        description="differences of which derivatives are made; central takes twice as many "
        "evaluations",
    )
    iterations: int = Field(default=60, ge=1, le=10_000, description="of each start, at most")

    def least_budget(self, parameters: int, *, residuals: bool) -> int:
        """Return what all starts and an iteration of each take."""
        beside = parameters * (2 if self.jacobian == "central" else 1)
        return self.starts * (1 + beside + 5) + parameters

    def sizes(self, parameters: int, *, budget: int, residuals: bool) -> tuple[int, int]:
        """Return the iterations and the beginning, and the starts."""
        return self.iterations + 1, self.starts


def begin(spec: Spec, task: Task) -> Batch:
    """Return the searches of a task."""
    from ensemble.calibration.searches.parts.descent import Descent
    from ensemble.calibration.searches.parts.stage import Book
    from ensemble.calibration.searches.parts.staged import Staged
    from ensemble.calibration.searches.parts.starts import Starts

    book = Book.of(task)
    descent = Descent(
        book,
        starts=spec.starts,
        iterations=spec.iterations,
        two_sided=spec.jacobian == "central",
        drawn=Starts(task, spec.starts),
    )
    return Staged(book, descent, descent)
