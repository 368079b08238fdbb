"""Open a design from the words of a scenario, for every test of this folder."""

import numpy as np
import pytest

from kernels import Parameter
from scenarios import ScenarioError, designs
from scenarios.designs import Context

PARAMETERS = {
    "tau_veg": Parameter("tau_veg", "yr", 10.3, 0.5, 200.0, "turnover time", "test"),
    "tau_soil": Parameter("tau_soil", "yr", 38.3, 1.0, 500.0, "turnover time", "test"),
    "q10": Parameter("q10", "1", 2.0, 1.0, 4.0, "per 10 K", "test"),
    "t_ref": Parameter("t_ref", "K", 283.15, 250.0, 320.0, "reference temperature", "test"),
}


@pytest.fixture(scope="session")
def opened():
    """Return ``opened(method, seed=0, lower=..., ..., **words)``."""

    def open_(method, *, context=None, **words):
        given = {"seed": 0, "path": "design", "parameters": PARAMETERS, **(context or {})}
        for side in ("lower", "upper", "columns"):
            if side in given:
                given[side] = {k: np.asarray(v, dtype=float) for k, v in given[side].items()}
        spec = designs.get(method)
        said = words if method == "cross" else {"method": method, **words}
        return spec.model_validate(said).open(Context(**given))

    return open_


@pytest.fixture(scope="session")
def refused(opened):
    """Return the problems of a design that cannot be opened, as ``where: text`` lines."""

    def refuse(method, **words):
        with pytest.raises(ScenarioError) as caught:
            opened(method, **words)
        return [f"{p.where}: {p.text}" for p in caught.value.problems]

    return refuse
