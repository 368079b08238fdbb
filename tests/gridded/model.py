"""``rh = level (1 + slope i) warmth`` of model i and a stock; fails where ``level`` is above 9."""

from dataclasses import dataclass

import numpy as np

from kernels import NOT_FINITE, Coordinate, Kernel, Parameter, Stage, Variable

MODELS = ("alpha", "beta", "gamma")


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


def open_(options):
    def run(batch, out, status):
        level = batch.parameters["level"][:, None, None]
        slope = batch.parameters["slope"][:, None, None]
        warmth = batch.drivers["warmth"][:, None, :, None]
        which = np.arange(len(MODELS))[:, None, None]
        rh = level * (1 + slope * which) * warmth + 3 * which**2 * warmth
        made = {"rh": rh, "litter": rh[:, 0], "stock": rh[:, :, -1] ** 2, "ratio": rh[:, 0, -1]}
        hot = batch.drivers["warmth"].max(axis=1)[:, None] > 1.5
        bad = np.broadcast_to((batch.parameters["level"] > 9) & hot, status.shape)
        status[bad] = NOT_FINITE
        for name, values in out.items():
            values[...] = made[name]
            lead = bad.reshape(len(bad), *(1,) * (values.ndim - 2), -1)
            values[np.broadcast_to(lead, values.shape)] = np.nan

    return run


OUTPUTS = (
    Variable("rh", "g C m-2 yr-1", "respiration", ("model", "time")),
    Variable("litter", "g C m-2 yr-1", "litter", ("time",)),
    Variable("stock", "kg C m-2", "carbon", ("model",)),
    Variable("ratio", "1", "a ratio", ()),
)
KERNEL = Kernel(
    name="gridded.model",
    title="Three models of one parameter row",
    source="tests",
    parameters=(
        Parameter("level", "1", 2.0, 0.1, 10.0, "level of all models", "tests"),
        Parameter("slope", "1", 0.5, 0.0, 1.0, "how much models differ", "tests"),
    ),
    drivers=(Variable("warmth", "1", "warmth", ("time",)),),
    outputs=OUTPUTS,
    stages=(
        Stage("all", ("level", "slope"), ("warmth",), (), tuple(v.name for v in OUTPUTS), open_),
    ),
    steps={"time": "year"},
    options=Options,
    seconds=lambda options, sizes: 1e-5,
    coords={"model": Coordinate.named(MODELS, "soil model")},
)
