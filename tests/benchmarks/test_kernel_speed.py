"""The two-box kernel, 16 models x 10,000 members x 118 years, beside the same loop in C.

``pytest tests/benchmarks/test_kernel_speed.py --benchmark-enable``. One thread but where it
says two. Tiles are as wide as the engine's, and reused, so no time goes into fresh memory.
"""

import ctypes
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from benchmarks.comparing import Against

from kernels import Batch
from kernels.two_box import KERNEL, Options
from scenarios.forcing import synthetic_models

C_LOOP = r"""
/* All years of a tile of members, innermost in slices; two divisions a year. */
enum { SLICE = 256 };

void two_box(long years, long samples, const double *restrict npp, const double *restrict tau_veg,
             const double *restrict tau_soil, double mean_veg, double mean_soil,
             const double *restrict veg_obs, const double *restrict soil_obs,
             double *restrict c_veg, double *restrict c_soil)
{
    for (long start = 0; start < samples; start += SLICE) {
        long width = samples - start < SLICE ? samples - start : SLICE;
        double veg[SLICE], soil[SLICE], veg_shift[SLICE], soil_shift[SLICE];
        for (long i = 0; i < width; i++) {
            veg_shift[i] = veg_obs[start + i] - mean_veg;
            soil_shift[i] = soil_obs[start + i] - mean_soil;
            c_veg[start + i] = veg[i] = npp[0] * (tau_veg[0] + veg_shift[i]);
            c_soil[start + i] = soil[i] = npp[0] * (tau_soil[0] + soil_shift[i]);
        }
        for (long t = 1; t < years; t++) {
            double p = npp[t], a0 = tau_veg[t], b0 = tau_soil[t];
            double *restrict veg_t = c_veg + t * samples + start;
            double *restrict soil_t = c_soil + t * samples + start;
            for (long i = 0; i < width; i++) {
                double a = a0 + veg_shift[i], b = b0 + soil_shift[i];
                double grown = veg[i] + p, v = grown * (a / (1.0 + a));
                double s = (soil[i] + (grown - v)) * (b / (1.0 + b));
                veg_t[i] = veg[i] = v;
                soil_t[i] = soil[i] = s;
            }
        }
    }
}
"""
TILE = 1024
RUNS = {stage.name: stage.open(Options()) for stage in KERNEL.stages}
STAGES = {stage.name: stage for stage in KERNEL.stages}

needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not here for the C loop")


@pytest.fixture(scope="module")
def c_loop(tmp_path_factory):
    """Compile the loop and return the function."""
    folder = tmp_path_factory.mktemp("c")
    (folder / "two_box.c").write_text(C_LOOP)
    flags = ["-O3", "-march=native", "-shared", "-fPIC"]
    library = str(folder / "two_box.so")
    subprocess.run(["gcc", *flags, "-o", library, str(folder / "two_box.c")], check=True)
    function = ctypes.CDLL(library).two_box
    function.restype = None
    number, place = ctypes.c_double, ctypes.c_void_p
    function.argtypes = [ctypes.c_long] * 2 + [place] * 3 + [number] * 2 + [place] * 4
    return function


@dataclass(frozen=True)
class Call:
    """One call of a stage: everything is made before the clock starts."""

    stage: str
    batch: Batch
    out: dict
    status: np.ndarray

    def __call__(self):
        RUNS[self.stage](self.batch, self.out, self.status)


class Model:
    """One land model, its diagnosis and the buffers of its tiles."""

    def __init__(self, number):
        years, series = synthetic_models.model(number)
        names = {"npp": "npp", "rh": "rh", "c_veg_model": "cveg", "c_soil_model": "csoil"}
        self.drivers = {ours: series[theirs][np.newaxis] for ours, theirs in names.items()}
        self.years, self.coords = len(years), {"year": years}
        self.made = {}
        self.level = {}
        self.call("diagnosis", {}, 1, np.zeros(1, np.int64))()

    def empty(self, name, samples):
        return np.empty((1, *(self.years for _ in KERNEL.variable(name).dims), samples))

    def call(self, stage, parameters, samples, level, outputs=None, out=None):
        """Return a call of a stage; its outputs become upstream of later ones, used by level."""
        table = STAGES[stage]
        out = out or {n: self.empty(n, samples) for n in outputs or table.outputs}
        batch = Batch(
            parameters={
                p.name: np.full((1, samples), p.default)
                for p in KERNEL.parameters
                if p.name in table.parameters
            }
            | {n: np.ascontiguousarray(v[np.newaxis]) for n, v in parameters.items()},
            drivers={n: self.drivers[n] for n in table.drivers},
            coords=self.coords,
            upstream={n: self.made[n] for n in table.upstream},
            level={n: self.level[n][:samples] for n in table.upstream},
        )
        self.made |= out
        self.level |= dict.fromkeys(out, level)
        return Call(stage, batch, out, np.zeros((1, samples), np.uint8))


VEGETATION, SOIL = ("c_veg", "litter", "tau_veg_shift"), ("c_soil",)


def apart(model, veg, soil):
    """Return calls that share nothing, and per tile the stocks they leave."""
    everyone, own = np.zeros(TILE, np.int64), np.arange(TILE)
    for name in list(model.made):
        model.level[name] = everyone
    out = {n: model.empty(n, TILE) for n in (*VEGETATION, *SOIL, "tau_soil_shift")}
    calls = []
    for start in range(0, len(veg), TILE):
        here, width = slice(start, start + TILE), len(veg[start : start + TILE])
        mine = {n: v if width == TILE else model.empty(n, width) for n, v in out.items()}
        parts = [{n: mine[n] for n in names} for names in (VEGETATION, ("tau_soil_shift",), SOIL)]
        calls += [
            model.call("vegetation", {"tau_veg_obs": veg[here]}, width, own, out=parts[0]),
            model.call("turnover", {"tau_soil_obs": soil[here]}, width, own, out=parts[1]),
            model.call("soil", {}, width, own, out=parts[2]),
        ]
    return calls


def crossed(model, veg, soil):
    """Return calls that step each turnover time of a cross once."""
    everyone = np.zeros(max(len(veg), len(soil)), np.int64)
    for name in list(model.made):
        model.level[name] = everyone
    members = np.arange(len(veg) * len(soil))
    rows, columns = members // len(soil), members % len(soil)
    calls = [
        model.call("vegetation", {"tau_veg_obs": veg}, len(veg), rows, VEGETATION),
        model.call("turnover", {"tau_soil_obs": soil}, len(soil), columns),
    ]
    everyone, out = np.zeros(TILE, np.int64), {"c_soil": model.empty("c_soil", TILE)}
    levels = {n: model.level[n] for n in STAGES["soil"].upstream}
    for start in range(0, len(members), TILE):
        width = len(members[start : start + TILE])
        for name, level in levels.items():
            shared = name in ("tau_veg_model", "tau_soil_model")
            model.level[name] = everyone if shared else level[start : start + width].copy()
        mine = out if width == TILE else {"c_soil": model.empty("c_soil", width)}
        calls.append(model.call("soil", {}, width, None, out=mine))
    return calls


def in_c(function, model, veg, soil):
    """Return calls of the C loop over the same tiles."""
    given = [model.made[n][0].ravel()[: model.years] for n in ("tau_veg_model", "tau_soil_model")]
    means = [model.made[n].item() for n in ("tau_veg_mean", "tau_soil_mean")]
    stocks = [np.empty(model.years * TILE) for _ in range(2)]
    series = [model.drivers["npp"], *given]

    def call(start, width):
        arrays = (veg[start:], soil[start:], *stocks)
        places = [a.ctypes.data for a in series], [a.ctypes.data for a in arrays]
        kept = (series, arrays)
        return lambda kept=kept: function(model.years, width, *places[0], *means, *places[1])

    return [call(s, min(TILE, len(veg) - s)) for s in range(0, len(veg), TILE)], stocks


def everything(lists):
    def run():
        for calls in lists:
            for call in calls:
                call()

    return run


@dataclass(frozen=True)
class Work:
    models: list
    veg: np.ndarray
    soil: np.ndarray

    @property
    def cross(self):
        return (g.ravel() for g in np.meshgrid(self.veg, self.soil, indexing="ij"))


@pytest.fixture
def work(compare):
    """Return the tau job, or a small part of it where nothing is timed."""
    models, n = (16, 100) if compare.enabled else (2, 40)
    draw = np.random.default_rng(2022)
    veg, soil = draw.normal(10.3, 1.4, n), np.maximum(draw.normal(38.3, 11, n), 5)
    return Work([Model(m) for m in range(models)], veg, soil)


def agree(calls, c_calls, stocks):
    """Check tile by tile that both leave the same soil carbon."""
    soil = [call for call in calls if call.stage == "soil"]
    others = iter(calls)
    for mine, theirs in zip(soil, c_calls, strict=True):
        for call in others:
            call()
            if call is mine:
                break
        theirs()
        width = mine.status.shape[1]
        expected = stocks[1][: mine.out["c_soil"].size].reshape(-1, width)
        assert not mine.status.any()
        np.testing.assert_allclose(mine.out["c_soil"][0], expected, rtol=1e-9)


@needs_gcc
@pytest.mark.parametrize(
    ("figure", "calls_of", "shared", "reach"),
    [
        ("kernel, nothing shared", apart, False, "<= 1.1"),
        ("kernel, 100 x 100 crossed", crossed, True, "<= 0.5"),
    ],
    ids=["apart", "crossed"],
)
def test_against_c(benchmark, compare, work, c_loop, figure, calls_of, shared, reach):
    benchmark.group = figure
    veg, soil = work.cross
    ours = [calls_of(m, *((work.veg, work.soil) if shared else (veg, soil))) for m in work.models]
    theirs = [in_c(c_loop, m, veg, soil) for m in work.models]
    agree(ours[0], *theirs[0])
    loop = everything([calls for calls, _ in theirs])
    compare(figure, everything(ours), Against("C loop", loop, reach), rounds=25)


def test_two_threads(benchmark, compare, work):
    benchmark.group = "kernel, two threads"
    veg, soil = work.cross
    lists = [apart(model, veg, soil) for model in work.models]
    with ThreadPoolExecutor(2) as pool:

        def both():
            for done in pool.map(lambda calls: everything([calls])(), lists):
                assert done is None

        compare("kernel, two threads", both, Against("one thread", everything(lists), "<= 0.59"))
