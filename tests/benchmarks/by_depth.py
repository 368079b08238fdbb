"""Members of MIMICS by depth, and the same steady states in C."""

import numpy as np
from benchmarks import profile_reference as reference
from profile_cases import CASES, NAMES, PROFILE_POOLS, with_14c

from kernels import Batch
from kernels.mimics import mimics_profile

FIVE = np.full(20, 5.0)


class Job:
    """Random members of table 1 at the site of a case."""

    def __init__(self, name, samples, **chosen):
        self.case = case = CASES[name]
        options = case.options(**chosen)
        kernel = mimics_profile.KERNEL.made(options, None)
        draw = np.random.default_rng(1)
        self.drawn = draw.uniform(reference.LOWEST, reference.HIGHEST, (samples, 7))
        drivers, coords = with_14c(case, 2000)
        rows = {p.name: np.full((1, samples), p.default) for p in kernel.parameters}
        rows |= {n: np.ascontiguousarray(v[np.newaxis]) for n, v in zip(NAMES, self.drawn.T,
                                                                        strict=True)}  # fmt: skip
        (stage,) = kernel.stages
        self.batch = Batch(rows, {n: drivers[n] for n in stage.drivers}, coords)
        words = [*PROFILE_POOLS, *(["fraction_modern"] if options.carbon14 != "none" else [])]
        self.out = {n: np.empty((1, 20, samples)) for n in words}
        self.status = np.zeros((1, samples), np.uint8)
        self._run = stage.open(options)

    @property
    def site(self):
        case = self.case
        return (*case.litter, case.temperature, case.clay, *case.lignin_n, sum(case.litter))

    def ours(self):
        self._run(self.batch, self.out, self.status)

    def in_c(self):
        return reference.steady_many(self.case.preset, self.site, self.drawn, FIVE)
