"""A documented change of a forcing, which makes another one: labelled, and never data."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from kernels import F8
from scenarios.forcing.common.checks import Findings
from scenarios.problems import Problem, nearest

Number = Annotated[float, Field(allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]

QUANTITIES = ("soil_temperature", "air_temperature", "theta_l", "theta_f", "litter", "npp", "gpp")
"""What may be changed; litter is all of it, with woody debris, and moves nothing else."""

FLUXES = ("litter", "npp", "gpp")
"""Of them what may not become negative, and so is multiplied alone."""


class Perturb(BaseModel):
    """``perturb:``, what is added to quantities, and what they are multiplied by, first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = Field(min_length=1, description="what the change stands for; in every picture")
    multiply: dict[str, Factor] = Field(
        default={}, description="quantity: factor; litter, npp, gpp, theta_l, theta_f"
    )
    add: dict[str, Number] = Field(
        default={}, description="quantity: what is added; temperatures, theta_l, theta_f"
    )

    @model_validator(mode="after")
    def _some(self) -> "Perturb":
        if not self.multiply and not self.add:
            raise ValueError("changes nothing; say multiply: {litter: 0.9}, or leave perturb: out")
        return self

    def check(self, findings: Findings, unused: Sequence[str] = ()) -> None:
        """Note quantities that there are not, or that a reader makes nothing of (``unused``)."""
        for word, changes in (("multiply", self.multiply), ("add", self.add)):
            for name in changes:
                where = f"forcing.perturb.{word}.{name}"
                if name not in QUANTITIES:
                    text = f"no quantity {name!r}{nearest(name, QUANTITIES)}"
                    findings.add("perturbed", Problem(text, where))
                elif name in unused:
                    text = f"no driver of this reader is made of {name}; leave it out"
                    findings.add("perturbed", Problem(text, where))
                elif word == "add" and name in FLUXES:
                    why = "has parts" if name == "litter" else "would be negative somewhere"
                    text = f"{name} {why}; say multiply: {{{name}: FACTOR}}"
                    findings.add("perturbed", Problem(text, where))
                elif word == "multiply" and name.endswith("temperature"):
                    text = f"degC has no true zero; say add: {{{name}: KELVINS}}"
                    findings.add("perturbed", Problem(text, where))

    def apply(self, name: str, values: F8) -> F8:
        """Return a quantity changed; saturations stay within 0 and 1."""
        changed = values
        if name in self.multiply:
            changed = self.multiply[name] * changed
        if name in self.add:
            changed = changed + self.add[name]
        if changed is not values and name.startswith("theta"):
            changed = np.clip(changed, 0.0, 1.0)
        return changed

    def of_all(self, quantities: Mapping[str, F8]) -> dict[str, F8]:
        """Return every quantity, changed or not."""
        return {name: self.apply(name, values) for name, values in quantities.items()}

    def told(self, of: str) -> str:
        """Return the label that pictures and tables carry."""
        changes = [f"{name} x {by:g}" for name, by in self.multiply.items()]
        changes += [f"{name} {by:+g}" for name, by in self.add.items()]
        return f"{self.label} (a perturbation of {of}: {', '.join(changes)}; not data)"
