"""Members of one layer of MIMICS whose steady states are looked for, and the same loops in C."""

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from mimics_cases import COLD, POOLS, lasting

from kernels import Batch
from kernels.mimics import mimics
from kernels.mimics.one_layer.coefficients import coefficients
from kernels.mimics.one_layer.equations import COEFFICIENTS, FORMS, corpse
from kernels.mimics.one_layer.sets import FORM_OF, NAMES

C_LOOPS = r"""
#include <math.h>
#include <string.h>
enum { M, S, R, K, P, C, A, N };
enum { V = 0, H = 6, KO = 12, MU = 14, FP = 16, FC = 18, FA = 20, D = 22, IN = 23, E = 27,
       BETA = 31, COEFFICIENTS = 35 };
static const int FOOD[3] = {M, S, A};

static inline double eat(int rev, double v, double h, double b, double s)
{ return v * b * s / (h + (rev ? b : s)); }
static inline double by_b(int rev, double v, double h, double b, double s)
{ return rev ? v * s * h / ((h + b) * (h + b)) : v * s / (h + s); }
static inline double by_s(int rev, double v, double h, double b, double s)
{ return rev ? v * b / (h + b) : v * b * h / ((h + s) * (h + s)); }
static inline double crowd(double b, double beta) { return beta == 1 ? 1 : pow(b, beta - 1); }

static inline void rates(int rev, const double *k, const double *y, double *f)
{
    double des = k[D] * y[P], sum_o = 0;
    f[M] = k[IN]; f[S] = k[IN + 1]; f[P] = k[IN + 2] - des; f[C] = k[IN + 3]; f[A] = des;
    for (int b = 0; b < 2; b++) {
        double x = y[R + b], e[3] = {k[E + 2 * b], k[E + 2 * b + 1], k[E + 2 * b]}, grown = 0;
        for (int i = 0; i < 3; i++) {
            double u = eat(rev, k[V + 3 * b + i], k[H + 3 * b + i], x, y[FOOD[i]]);
            f[FOOD[i]] -= u; grown += e[i] * u;
        }
        double dead = k[MU + b] * x * crowd(x, k[BETA]);
        sum_o += eat(rev, k[V + 3 * b + 1], k[KO + b], x, y[C]);
        f[R + b] = grown - dead;
        f[P] += k[FP + b] * dead; f[C] += k[FC + b] * dead; f[A] += k[FA + b] * dead;
    }
    f[C] -= sum_o; f[A] += sum_o;
}

static inline void jacobian(int rev, const double *k, const double *y, double j[N][N])
{
    memset(j, 0, N * N * sizeof(double));
    j[P][P] = -k[D]; j[A][P] = k[D];
    for (int b = 0; b < 2; b++) {
        int r = R + b;
        double x = y[r], e[3] = {k[E + 2 * b], k[E + 2 * b + 1], k[E + 2 * b]};
        for (int i = 0; i < 3; i++) {
            double v = k[V + 3 * b + i], h = k[H + 3 * b + i], s = y[FOOD[i]];
            double p = by_b(rev, v, h, x, s), q = by_s(rev, v, h, x, s);
            j[FOOD[i]][r] -= p; j[FOOD[i]][FOOD[i]] -= q;
            j[r][r] += e[i] * p; j[r][FOOD[i]] += e[i] * q;
        }
        double p = by_b(rev, k[V + 3 * b + 1], k[KO + b], x, y[C]);
        double q = by_s(rev, k[V + 3 * b + 1], k[KO + b], x, y[C]);
        j[C][r] -= p; j[C][C] -= q; j[A][r] += p; j[A][C] += q;
        double dead = k[MU + b] * k[BETA] * crowd(x, k[BETA]);
        j[r][r] -= dead; j[P][r] += k[FP + b] * dead;
        j[C][r] += k[FC + b] * dead; j[A][r] += k[FA + b] * dead;
    }
}

static inline void solve(double a[N][N], double *x)
{
    for (int i = 0; i < N; i++) {
        int best = i;
        for (int r = i + 1; r < N; r++) if (fabs(a[r][i]) > fabs(a[best][i])) best = r;
        if (best != i) {
            double t = x[i]; x[i] = x[best]; x[best] = t;
            for (int c = 0; c < N; c++) { t = a[i][c]; a[i][c] = a[best][c]; a[best][c] = t; }
        }
        for (int r = i + 1; r < N; r++) {
            if (a[r][i] == 0) continue;
            double share = a[r][i] / a[i][i];
            for (int c = i + 1; c < N; c++) a[r][c] -= share * a[i][c];
            x[r] -= share * x[i];
        }
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int c = i + 1; c < N; c++) x[i] -= a[i][c] * x[c];
        x[i] /= a[i][i];
    }
}

void steady(long members, int rev, const double *ks, const double *cold, double *pools)
{
    for (long n = 0; n < members; n++) {
        const double *k = ks + n * COEFFICIENTS;
        double *y = pools + n * N, dt = 24, before = 1;
        memcpy(y, cold, N * sizeof(double));
        for (int count = 0; count < 300; count++) {
            double a[N][N], f[N], change = 0;
            rates(rev, k, y, f);
            jacobian(rev, k, y, a);
            for (int r = 0; r < N; r++) {
                for (int c = 0; c < N; c++) a[r][c] = -a[r][c];
                a[r][r] += 1 / dt;
            }
            solve(a, f);
            for (int i = 0; i < N; i++) {
                double ratio = f[i] / y[i];
                if (!(ratio > -0.9 && ratio < 9)) change = INFINITY;
                else if (fabs(ratio) > change) change = fabs(ratio);
            }
            if (change == INFINITY) { dt /= 4; continue; }
            for (int i = 0; i < N; i++) y[i] += f[i];
            if (dt > 1e12) {
                if (change < 1e-13 || (change < 1e-9 && change >= before)) break;
                before = change;
            }
            dt *= change > 0.3 ? 2 : change > 0.1 ? 4 : 10;
        }
    }
}

void years(long members, int rev, const double *ks, const double *cold, long hours, double *pools)
{
    for (long n = 0; n < members; n++) {
        double *y = pools + n * N, f[N];
        memcpy(y, cold, N * sizeof(double));
        for (long t = 0; t < hours; t++) {
            rates(rev, ks + n * COEFFICIENTS, y, f);
            for (int i = 0; i < N; i++) y[i] += f[i];
        }
    }
}
"""

gcc = shutil.which("gcc")


@cache
def loops():
    """Compile the loops and return their library."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "mimics.c"), str(Path(folder, "mimics.so"))
        source.write_text(C_LOOPS)
        flags = ["-O3", "-march=native", "-shared", "-fPIC"]
        subprocess.run([gcc, *flags, "-o", library, str(source), "-lm"], check=True)
        found, place = ctypes.CDLL(library), ctypes.c_void_p
    found.steady.argtypes = [ctypes.c_long, ctypes.c_int, place, place, place]
    found.years.argtypes = [ctypes.c_long, ctypes.c_int, place, place, ctypes.c_long, place]
    found.steady.restype = found.years.restype = None
    return found


class Job:
    """Members of one case whose rates, half saturations and density exponents differ."""

    def __init__(self, case, samples, **chosen):
        draw = np.random.default_rng(7)
        options = case.options(**chosen)
        kernel = mimics.KERNEL.made(options, None)
        rows = {p.name: np.full(samples, p.default) for p in kernel.parameters}
        rows |= {n: np.full(samples, case.constants[n]) for n in NAMES}
        for name, low, high in (("aV", 0.7, 4), ("aK", 0.7, 4), ("D1", 0.5, 2)):
            rows[name] = rows[name] * draw.uniform(low, high, samples)
        if case.constants["beta"] > 1:
            rows["beta"] = draw.uniform(1.1, 2, samples)
        years = 1
        drivers = case.drivers if options.mode == "steady" else lasting(case.drivers, years)
        (stage,) = kernel.stages
        self.samples, self.shape = samples, () if options.mode == "steady" else (years,)
        self.batch = Batch(
            parameters={n: v[np.newaxis] for n, v in rows.items()},
            drivers={n: drivers[n] for n in stage.drivers},
            coords={"year": np.arange(years)},
        )
        self.out = {pool: np.empty((1, *self.shape, samples)) for pool in POOLS}
        self.status = np.zeros((1, samples), np.uint8)
        self._run = stage.open(options)
        self.form = FORMS.index(FORM_OF[case.named])
        self.ks, self.theirs = np.empty((samples, COEFFICIENTS)), np.empty((samples, 7))
        site = (case.litter, case.litter, case.temperature, case.clay, case.lignin_n, case.depth)
        f_w = corpse(*case.water) if case.water else 1.0
        for s in range(samples):
            row = np.array([rows[n][s] for n in NAMES])
            assert coefficients(row, *site, f_w, self.ks[s]) == 0

    def ours(self):
        self._run(self.batch, self.out, self.status)

    def agree(self):
        assert not self.status.any()
        mine = np.stack([v.reshape(-1) for v in self.out.values()], axis=-1)
        np.testing.assert_allclose(mine, self.theirs, rtol=1e-8)

    def places(self):
        return self.ks.ctypes.data, COLD.ctypes.data

    def in_c(self):
        loops().steady(self.samples, self.form, *self.places(), self.theirs.ctypes.data)

    def hours_in_c(self, hours):
        place = self.theirs.ctypes.data
        loops().years(self.samples, self.form, *self.places(), hours, place)
