"""Cross: every combination of the rows of two or more designs, the first slowest.

Members that agree in the parameters of a factor share what depends on that factor alone
(`Design.levels`), so crossing costs less than its number of members suggests.

Source: our own; a full factorial.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from scenarios.designs._contract import AnyDesign, Context, Design, DesignSpec
from scenarios.designs.distributions.account import account, factors, joined
from scenarios.designs.sampling.factorial import Factorial
from scenarios.problems import Problem, ScenarioError


def _several(value: Any) -> Any:
    """Refuse a single factor here: pydantic's own check counts only the sound ones."""
    if isinstance(value, (list, tuple)) and len(value) < 2:
        raise ValueError(f"found {len(value)} designs; needed at least 2, or no cross:")
    return value


class Spec(DesignSpec):
    """Every combination of the rows of several designs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cross": [
                        {
                            "method": "monte_carlo",
                            "n": 10,
                            "parameters": {"tau_veg_obs": {"normal": [10.3, 1.4], "lower": 2.0}},
                        },
                        {
                            "method": "monte_carlo",
                            "n": 12,
                            "parameters": {"tau_soil_obs": {"normal": [38.3, 11.0], "lower": 2.0}},
                        },
                    ]
                }
            ]
        }
    )

    method: Literal["cross"] = "cross"
    cross: Annotated[
        tuple[AnyDesign, ...],
        BeforeValidator(_several),
        Field(
            json_schema_extra={"minItems": 2},
            description="designs that vary different parameters; the first changes slowest",
        ),
    ]

    def names(self) -> tuple[str, ...]:
        """Return the parameters its factors vary; ``"*"`` is all of the kernel's."""
        return tuple(dict.fromkeys(name for factor in self.cross for name in factor.names()))

    def files(self, base: Path) -> dict[str, Path]:
        """Return the files of its factors; see `DesignSpec.files`."""
        return {name: file for f in self.cross for name, file in f.files(base).items()}

    def open(self, context: Context) -> Factorial:
        """Return the design; raise `ScenarioError` with every problem of every factor."""
        problems: list[Problem] = []
        opened: list[Design] = []
        owner: dict[str, str] = {}
        for k, factor in enumerate(self.cross):
            place = f"{context.path}.cross[{k}]"
            try:
                design = factor.open(replace(context, path=place))
            except ScenarioError as error:
                problems += error.problems
                continue
            opened.append(design)
            for name in design.parameters:
                if name in owner:
                    text = f"{name!r} is varied by {owner[name]} too; remove it from one of them"
                    problems.append(Problem(text, place))
                owner.setdefault(name, place)
        if problems:
            raise ScenarioError(problems)
        parts = [dict(design.attributes) for design in opened]
        cross = Factorial(tuple(opened), {})
        attributes = account(
            context, self.method, cross.size, joined(parts), factors(parts), cross=parts
        )
        return replace(cross, attributes=attributes)
