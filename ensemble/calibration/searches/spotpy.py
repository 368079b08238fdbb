"""Algorithms of spotpy by their names, one candidate of a search at a time.

Source: spotpy of Houska et al. (2015, 10.1371/journal.pone.0145180).
"""

from typing import Any, Literal, get_args

from pydantic import ConfigDict, Field, field_validator, model_validator

from ensemble.calibration.searches._contract import Batch, Task
from scenarios.problems import nearest
from scenarios.searches import SearchSpec

Algorithm = Literal[
    "abc",
    "dds",
    "demcz",
    "dream",
    "fscabc",
    "lhs",
    "mc",
    "mcmc",
    "mle",
    "rope",
    "sa",
    "sceua",
]
NOT_HERE = {
    "efast": "it is a sensitivity analysis",
    "fast": "it is a sensitivity analysis",
    "list_sampler": "it evaluates a list that another run has written",
    "morris": "it is a sensitivity analysis",
    "nsgaii": "it weighs several costs against one another",
    "padds": "it weighs several costs against one another",
}
"""What spotpy has besides, and why it is no search for one cost."""


class Spec(SearchSpec):
    """An algorithm of spotpy (Houska et al. 2015), as it is, beside our own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "spotpy", "algorithm": "sceua", "settings": {"ngs": 4, "kstop": 10}}
            ]
        }
    )

    name: Literal["spotpy"]
    algorithm: Algorithm = Field(description="its name in spotpy.algorithms")
    settings: dict[str, bool | int | float | str] = Field(
        default={},
        description="what its method sample() takes besides repetitions; acceptance_test_option of "
        "dream is 2 if nothing is said, as 6, spotpy's own, doubles the variance",
    )
    repetitions: int | None = Field(
        default=None,
        ge=1,
        description="as spotpy counts them, which for some algorithms are more than the "
        "evaluations; default: the budget",
    )
    polish: bool | None = Field(
        default=None,
        description="go on from the best point by levenberg_marquardt; default: where the cost is "
        "a sum of squares",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_setup(cls, words: Any) -> Any:
        """Say where a set-up of one's own runs."""
        if isinstance(words, dict) and "setup" in words:
            text = f"found setup: {words['setup']}; a set-up of your own has its own parameters, "
            text += "model and observations, and none of the scenario's; leave setup: out, or run "
            raise ValueError(f"{text}it with ensemble.run_spotpy_setup of Python")
        return words

    @field_validator("algorithm", mode="before")
    @classmethod
    def _searches(cls, name: object) -> object:
        """Say why one of spotpy's algorithms is none of these, or which is meant."""
        if isinstance(name, str) and name.lower() in NOT_HERE:
            raise ValueError(f"found {name!r}: {NOT_HERE[name.lower()]}, no search for one cost")
        if isinstance(name, str) and name not in algorithms():
            known = algorithms()
            raise ValueError(f"spotpy has no search {name!r}{nearest(name, known)}")
        return name

    def _kept(self, parameters: int, residuals: bool) -> int:
        """Return the evaluations that are kept for polishing, and for the last derivative."""
        from ensemble.calibration.searches.parts.stage import kept_back

        return kept_back(parameters, polish=self.polish is not False) if residuals else 0

    def least_budget(self, parameters: int, *, residuals: bool) -> int:
        """Return a hundred evaluations, and what is kept for the end."""
        return 100 + self._kept(parameters, residuals)

    def sizes(self, parameters: int, *, budget: int, residuals: bool) -> tuple[int, int]:
        """Return the hundreds of evaluations, polishing besides, and the last hundred."""
        from ensemble.calibration.searches.parts.replayed import GENERATION
        from ensemble.calibration.searches.parts.stage import MOST_ITERATIONS

        own = max(budget - self._kept(parameters, residuals), 0) // GENERATION + 1
        return own + (1 + MOST_ITERATIONS if residuals else 0), GENERATION

    def unfit(self, parameters: int, *, residuals: bool) -> dict[str, str]:
        """Return why a calibration does not suit it, with settings that it does not know."""
        wrong = {}
        if self.polish and not residuals:
            wrong["polish"] = "found polish: true; it needs a cost that is a sum of squares"
        known = _settings_of(self.algorithm)
        for word in self.settings:
            if word not in known:
                text = f"spotpy's {self.algorithm} has no setting {word!r}{nearest(word, known)}"
                wrong[f"settings.{word}"] = text
        return wrong


def _settings_of(algorithm: str) -> list[str]:
    """Return what ``sample`` of an algorithm takes besides repetitions."""
    from inspect import signature

    import spotpy

    words: Any = signature(getattr(spotpy.algorithms, algorithm).sample).parameters
    return sorted(word for word in words if word not in ("self", "repetitions"))


def algorithms() -> tuple[str, ...]:
    """Return the algorithms of spotpy that search."""
    return get_args(Algorithm)


def begin(spec: Spec, task: Task) -> Batch:
    """Return the searches of a task; a process of its own runs spotpy while they are asked."""
    from ensemble.calibration.searches.parts.replayed import Replayed
    from ensemble.calibration.searches.parts.stage import Book
    from ensemble.calibration.searches.parts.staged import Staged, ending

    book = Book.of(task)
    budget = task.budget - spec._kept(task.parameters, task.residuals is not None)
    main = Replayed(book, budget, spec.algorithm, spec.settings, spec.repetitions or budget)
    return Staged(book, main, ending(book, polish=spec.polish is not False))
