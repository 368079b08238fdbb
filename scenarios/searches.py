"""Which search a calibration is made with: the words of ``algorithm:``, and nothing computed.

A search is a file of its room, or a module that others install for the group
``soilsweep.searches``. Its ``Spec`` says which words of ``algorithm:`` it takes, and
``begin(spec, task)`` begins the searches of a block (`ensemble.calibration.searches`). It is found
by name and imported when a scenario names it: nothing here imports it, and it imports
`SearchSpec` from here.
"""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict

from scenarios.plugins import Chosen, Plugins


class SearchSpec(BaseModel):
    """Base of the models that ``algorithm:`` is read into.

    Attributes
    ----------
    NEEDS_RESIDUALS : bool
        Whether it can make nothing of a cost that is no sum of squares.
    name : str
        The search's; its other words are options, each with its default and a description.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    NEEDS_RESIDUALS: ClassVar[bool] = False

    name: str

    def least_budget(self, parameters: int, *, residuals: bool) -> int:
        """Return the evaluations below which it could not begin, or not end as it should.

        Parameters
        ----------
        parameters : int
            Those that are searched: one whose bounds are equal is not.
        residuals : bool
            Whether the cost is a sum of squares.
        """
        return 1

    def sizes(self, parameters: int, *, budget: int, residuals: bool) -> tuple[int, int]:
        """Return how long a store's traces and populations have to be; both follow from the words.

        Parameters
        ----------
        parameters, residuals
            As of `least_budget`.
        budget : int
            Evaluations of a search.

        Returns
        -------
        generations : int
            The most that a search comes to, its start among them.
        points : int
            The most that it ends with; the best of more are kept.
        """
        return budget + 1, 1

    def unfit(self, parameters: int, *, residuals: bool) -> dict[str, str]:
        """Return why a calibration does not suit it, by the option at fault; empty if it does.

        The option is empty where it is the search itself. Read after all words are checked.
        """
        if self.NEEDS_RESIDUALS and not residuals:
            return {"": f"{self.name} needs a cost that is a sum of squares, residual by residual"}
        return {}


SEARCHES = Plugins(
    "search",
    "ensemble.calibration.searches",
    "soilsweep.searches",
    ("Spec", "begin"),
    SearchSpec,
    key="name",
)

AnySearch = Annotated[SearchSpec, Chosen(SEARCHES)]
"""The type of ``algorithm:``, read into the model of its search."""
