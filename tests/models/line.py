"""A kernel whose output is linear in its parameters, as least squares have a solution by hand."""

from dataclasses import dataclass

import numpy as np

from kernels import OK, Kernel, Parameter, Stage, Variable


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


def open_line(options):
    def run(batch, out, status):
        a, b = (batch.parameters[name] for name in ("a", "b"))
        out["y"][...] = a + b * batch.drivers["x"][:, None]
        status[...] = np.where(np.isfinite(out["y"]), OK, 4)

    return run


KERNEL = Kernel(
    name="models.line",
    title="A line",
    source="tests",
    parameters=(
        Parameter("a", "kg C m-2", 0.0, -100.0, 100.0, "intercept", "tests"),
        Parameter("b", "kg C m-2", 1.0, -100.0, 100.0, "slope", "tests"),
    ),
    drivers=(Variable("x", "1", "anything", ()),),
    outputs=(Variable("y", "kg C m-2", "what is seen", ()),),
    stages=(Stage("line", ("a", "b"), ("x",), (), ("y",), open_line),),
    options=Options,
    seconds=lambda options, sizes: 1e-8,
)
