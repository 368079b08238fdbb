"""What a page reads of an evaluation of models that were there already: no kernel ran."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ensemble.evaluation.storing import MODELS
from ensemble.members.evaluation.asked import GROUP
from ensemble.report.data.evaluated import Evaluated, of_models
from ensemble.report.parts import Banner
from ensemble.report.reported import Reported
from ensemble.store.store import Store


class Models(Reported):
    """An evaluation that is reported.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.models: Any = self.attrs[MODELS]

    @cached_property
    def benchmarks(self) -> Sequence[Evaluated]:
        """Return what the models are held against."""
        return list(of_models(self.store))

    @property
    def description(self) -> str:
        """Return what the file says of itself, and that no kernel ran."""
        said = str(self.scenario.get("description") or "")
        ran = "No kernel ran: models that were there already are held against observations."
        return f"{said}\n\n{ran}"

    @property
    def state(self) -> Sequence[Banner]:
        """Return nothing: an evaluation is whole or not there."""
        return ()

    @property
    def cards(self) -> Sequence[tuple[str, str]]:
        """Return how many models, products and benchmarks there are."""
        # Stores of before know no products.
        products = sum(bool(one.get("product")) for one in self.models.values())
        numbers = {
            "model": len(self.models) - products,
            "product": products,
            "benchmark": len(next(iter(self.attrs[GROUP].values()))),
        }
        return [(f"{n:,}", word if n == 1 else f"{word}s") for word, n in numbers.items() if n]
