"""A kernel whose respiration is its forcing's times a parameter, as totals of it are known."""

from dataclasses import dataclass

import numpy as np

from kernels import OK, Kernel, Parameter, Stage, Variable


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


def open_respired(options):
    def run(batch, out, status):
        factor = batch.parameters["factor"]
        out["rh"][...] = factor * batch.drivers["respired"][:, None]
        status[...] = np.where(np.isfinite(out["rh"]), OK, 4)

    return run


KERNEL = Kernel(
    name="models.respired",
    title="Somebody else's respiration",
    source="tests",
    parameters=(Parameter("factor", "1", 1.0, 0.1, 10.0, "of all respiration", "tests"),),
    drivers=(Variable("respired", "g C m-2 d-1", "respiration", ()),),
    outputs=(Variable("rh", "g C m-2 d-1", "heterotrophic respiration", ()),),
    stages=(Stage("respired", ("factor",), ("respired",), (), ("rh",), open_respired),),
    options=Options,
    seconds=lambda options, sizes: 1e-8,
)
