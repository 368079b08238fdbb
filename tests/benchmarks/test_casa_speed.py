"""CASA: years of vegetation and soil, beside a plain scalar loop over the same equations.

``pytest tests/benchmarks/test_casa_speed.py --benchmark-enable``. One thread. The loop does both
vegetation and soil, with libm, and keeps annual sums alone.
"""

import casa_scalar
import numpy as np
import pytest
from benchmarks.comparing import Against
from casa_cases import made
from reference_forcing import SITES, drivers

from kernels import Batch
from kernels.casa import casa_cnp, casa_vegetation

DAYS = ("litter_met", "litter_str", "litter_cwd")
YEARS = ("rh", "litter_input", "soil_litter_carbon")


class Job:
    """Copies of RF-1 at many locations, or many samples, from the cold start."""

    def __init__(self, locations, samples, years, **options):
        self.shape, self.years = (locations, samples), years
        given = drivers(years=years)
        copies = -(-locations // len(SITES))
        self.given = {n: np.repeat(v, copies, axis=0)[:locations] for n, v in given.items()}
        self._plants = self._job(casa_vegetation, DAYS, phenology="drivers", **options)
        self._plants[0]()
        for name in DAYS:
            self.given[name] = self._plants[1][name][..., 0].copy()
        self._soil = self._job(casa_cnp, YEARS, **options)

    def _job(self, module, outputs, **options):
        kernel, chosen = made(module, **options), module.Options(**options)
        (stage,) = kernel.stages
        samples = self.shape[1]
        batch = Batch(
            {p.name: np.full((1, samples), p.default) for p in kernel.parameters},
            {n: np.ascontiguousarray(self.given[n]) for n in stage.drivers},
            {"year": np.arange(self.years)},
        )
        sizes = {"time": self.years, "date": 365 * self.years}
        out = {
            n: np.empty((self.shape[0], *(sizes[d] for d in kernel.variable(n).dims), samples))
            for n in outputs
        }
        run, status = stage.open(chosen), np.zeros(self.shape, np.uint8)

        def once():
            run(batch, out, status)
            assert not status.any()

        return once, out

    def vegetation(self):
        self._plants[0]()

    def soil(self):
        self._soil[0]()

    def both(self):
        self.vegetation()
        self.soil()

    def plainly(self):
        """Run as many cell-years of the loop; return the last site's sums."""
        many = self.shape[0] * self.shape[1] // len(SITES)
        for site in SITES:
            for _ in range(many):
                _, sums = casa_scalar.Site.copy_of(site).run(self.years)
        return sums


@pytest.mark.parametrize(("locations", "samples"), [(700, 1), (1, 700)])
@pytest.mark.parametrize("part", ["vegetation", "soil", "both"])
def test_years_against_a_scalar_loop(benchmark, compare, part, locations, samples):
    benchmark.group = "casa, years"
    scale = 1 if compare.enabled else 100
    job = Job(max(1, locations // scale), max(1, samples // scale), 3, start="cold")
    years = job.shape[0] * job.shape[1] * job.years
    reach = "0.5" if part == "both" else ""
    loop = Against("scalar loop of both", job.plainly, reach)
    where = f"{job.shape[0]} cells x {job.shape[1]} samples"
    compare(f"casa {part}, {years} cell-years, {where}", getattr(job, part), loop)


@pytest.mark.parametrize("part", [pytest.param("vegetation", marks=pytest.mark.slow), "soil"])
def test_steady_states_of_cycles(benchmark, compare, part):
    benchmark.group = "casa, steady states"
    cells, years = (70, 20) if compare.enabled else (7, 1)
    job = Job(cells, 1, years, start="steady", cycle=years)
    compare(f"casa {part}, {cells} cycles of {years} years and the years", getattr(job, part))
