/* Vertically resolved forward MIMICS, written from its specification alone: a second way.

   Pools are y[layer][N] in mg C cm-3, rates per hour. Coefficients are k[layer][COEFFICIENTS],
   so that whoever calls may change one of them (inputs and decay of a 14C run, say). */
#include <math.h>
#include <string.h>

enum { M, S, R, K, P, C, A, N };
/* A row of a block fills vector registers; its last column stays 0. */
enum { WIDE = 8 };
enum {
    V = 0, H = 6, KO = 12, MU = 14, FP = 16, FC = 18, FA = 20, D = 22, IN = 23, E = 27,
    BETA = 31, UP, DOWN, DECAY, DZ, COEFFICIENTS
};
enum { X_V, X_K, X_D, X_DIFF, ALPHA_R, ALPHA_V, BETA_OF, PARAMETERS };
enum { I_A, I_B, T, CLAY, LN_A, LN_B, NPP, SITE };
enum { DONE, NOT_FINISHED, NOT_AT_REST };

static const int FOOD[3] = {M, S, A};
static const double YEAR = 8760;

typedef struct { double e[4], fp[2], fc[2], fc_slope; } Preset;
static const Preset PRESETS[2] = {
    {{0.55, 0.25, 0.75, 0.35}, {0.3, 0.2}, {0.1, 0.3}, -3},
    {{0.5, 0.25, 0.7, 0.35}, {0.432 * 0.3, 0.098 * 0.2}, {10.56 * 0.1, 29.78 * 0.3}, -2.61},
};

static double metabolic(double lignin_n) { return fmax(0, 0.85 - 0.013 * lignin_n); }

void coefficients(int preset, const double *site, const double *x, long layers, const double *dz,
                  double (*k)[COEFFICIENTS])
{
    static const double v_mod[6] = {10, 2, 10, 3, 3, 2}, k_mod[6] = {8, 2, 4, 2, 4, 6};
    static const double k_slope[3] = {0.017, 0.027, 0.017};
    static const double tau[2][2] = {{5.2e-4, 0.3}, {2.4e-4, 0.1}}, fp_slope[2] = {1.3, 0.8};
    const Preset *own = &PRESETS[preset];
    double warm = 8e-6 * x[X_V] * exp(0.063 * site[T] + 5.47);
    double sticky = 2 * exp(-2 * sqrt(site[CLAY]));
    double turnover = fmin(fmax(sqrt(site[NPP] / 100), 0.6), 1.3);
    double above = metabolic(site[LN_A]), below = metabolic(site[LN_B]);
    double alpha = x[ALPHA_R] / 100, diffusivity = 1.14e-4 * x[X_DIFF], depth = 0, top = 0;
    for (long j = 0; j < layers; j++) depth += dz[j];
    for (long j = 0; j < layers; j++) {
        double *c = k[j], bottom = top + dz[j], mid = (top + bottom) / 2;
        /* expm1 of the layer alone: the two exponentials cancel where roots are few. */
        double roots = exp(-alpha * top) * expm1(-alpha * dz[j]) / expm1(-alpha * depth);
        double unit = 0.1 / YEAR / dz[j];
        double from_above = j == 0 ? site[I_A] * unit : 0, from_below = site[I_B] * roots * unit;
        double in_m = above * from_above + below * from_below;
        double in_s = (1 - above) * from_above + (1 - below) * from_below;
        double f_met = j == 0 ? in_m / (in_m + in_s) : below;
        for (int i = 0; i < 6; i++) {
            c[V + i] = warm * v_mod[i] * exp(-x[ALPHA_V] * mid / 100);
            c[H + i] = 10 * x[X_K] * exp(k_slope[i % 3] * site[T] + 3.19) / k_mod[i];
        }
        for (int b = 0; b < 2; b++) {
            c[H + 3 * b + 2] /= sticky;
            c[KO + b] = 4 * c[H + 3 * b + 1];
            c[MU + b] = tau[b][0] * exp(tau[b][1] * f_met) * turnover;
            c[FP + b] = own->fp[b] * exp(fp_slope[b] * site[CLAY]);
            c[FC + b] = fmin(own->fc[b] * exp(own->fc_slope * f_met), 1 - c[FP + b]);
            c[FA + b] = 1 - c[FP + b] - c[FC + b];
        }
        c[D] = x[X_D] * 1.5e-5 * exp(-1.5 * site[CLAY]);
        c[IN] = 0.95 * in_m; c[IN + 1] = 0.95 * in_s;
        c[IN + 2] = 0.05 * in_m; c[IN + 3] = 0.05 * in_s;
        memcpy(c + E, own->e, sizeof own->e);
        c[BETA] = x[BETA_OF];
        c[UP] = j == 0 ? 0 : diffusivity / ((dz[j - 1] + dz[j]) / 2) / dz[j];
        c[DOWN] = j == layers - 1 ? 0 : diffusivity / ((dz[j] + dz[j + 1]) / 2) / dz[j];
        c[DECAY] = 0;
        c[DZ] = dz[j];
        top = bottom;
    }
}

/* Rates of one layer without diffusion; returns its respiration. Where `a` is given, the
   derivatives are taken off it, as the linear systems have -J. */
static inline double layer(const double *k, const double *y, double *f, double (*a)[WIDE])
{
    double lost = k[D] * y[P], breath = 0;
    for (int i = 0; i < N; i++) f[i] = -k[DECAY] * y[i];
    f[M] += k[IN]; f[S] += k[IN + 1]; f[P] += k[IN + 2] - lost; f[C] += k[IN + 3]; f[A] += lost;
    if (a) {
        for (int i = 0; i < N; i++) a[i][i] += k[DECAY];
        a[P][P] += k[D]; a[A][P] -= k[D];
    }
    for (int b = 0; b < 2; b++) {
        int me = R + b;
        double x = y[me], e[3] = {k[E + 2 * b], k[E + 2 * b + 1], k[E + 2 * b]};
        for (int i = 0; i < 3; i++) {
            int s = FOOD[i];
            double v = k[V + 3 * b + i], h = k[H + 3 * b + i], part = 1 / (h + y[s]);
            double by_me = v * y[s] * part, u = by_me * x;
            f[s] -= u; f[me] += e[i] * u; breath += (1 - e[i]) * u;
            if (a) {
                double by_s = v * x * h * part * part;
                a[s][me] += by_me; a[s][s] += by_s;
                a[me][me] -= e[i] * by_me; a[me][s] -= e[i] * by_s;
            }
        }
        double v = k[V + 3 * b + 1], h = k[KO + b], part = 1 / (h + y[C]);
        double by_me = v * y[C] * part, freed = by_me * x;
        /* The floor is for a rejected step's sake alone: no accepted pool is ever so small. */
        double dead = k[MU + b] * (k[BETA] == 1 ? x : pow(fmax(x, 1e-300), k[BETA]));
        f[C] -= freed; f[A] += freed; f[me] -= dead;
        f[P] += k[FP + b] * dead; f[C] += k[FC + b] * dead; f[A] += k[FA + b] * dead;
        if (a) {
            double by_c = v * x * h * part * part, dying = k[BETA] * dead / x;
            a[C][me] += by_me; a[C][C] += by_c; a[A][me] -= by_me; a[A][C] -= by_c;
            a[me][me] += dying; a[P][me] -= k[FP + b] * dying;
            a[C][me] -= k[FC + b] * dying; a[A][me] -= k[FA + b] * dying;
        }
    }
    return breath;
}

static inline void mix(long layers, const double (*k)[COEFFICIENTS], const double (*y)[N], long j,
                       double *f)
{
    if (j > 0) for (int i = 0; i < N; i++) f[i] += k[j][UP] * (y[j - 1][i] - y[j][i]);
    if (j < layers - 1) for (int i = 0; i < N; i++) f[i] += k[j][DOWN] * (y[j + 1][i] - y[j][i]);
}

void rates(long layers, const double (*k)[COEFFICIENTS], const double (*y)[N], double (*f)[N],
           double *breath)
{
    for (long j = 0; j < layers; j++) {
        breath[j] = layer(k[j], y[j], f[j], NULL);
        mix(layers, k, y, j, f[j]);
    }
}

/* -J of every layer by itself, its diffusive losses included: `UP` and `DOWN` hold the rest. */
void jacobian(long layers, const double (*k)[COEFFICIENTS], const double (*y)[N],
              double (*a)[N][WIDE])
{
    memset(a, 0, layers * sizeof *a);
    for (long j = 0; j < layers; j++) {
        double f[N];
        layer(k[j], y[j], f, a[j]);
        for (int i = 0; i < N; i++) a[j][i][i] += k[j][UP] + k[j][DOWN];
    }
}

typedef double Row __attribute__((vector_size(WIDE * sizeof(double)), aligned(8), may_alias));

/* Gauss-Jordan in place, rows exchanged, which is seldom needed and the compiler is told so. The
   whole inverse is wanted: diffusion couples every pool to itself alone and all alike, so that
   eliminating a layer adds a multiple of its inverse. */
static inline void invert(double a[N][WIDE])
{
    int from[N], moved = 0;
    Row *row = (Row *)a;
#pragma GCC unroll 7
    for (int i = 0; i < N; i++) {
        int best = i;
        for (int r = i + 1; r < N; r++)
            if (__builtin_expect(fabs(a[r][i]) > fabs(a[best][i]), 0)) best = r;
        from[i] = best;
        if (__builtin_expect(best != i, 0)) {
            Row t = row[i]; row[i] = row[best]; row[best] = t;
            moved = 1;
        }
        double over = 1 / a[i][i];
        a[i][i] = 1;
        Row mine = row[i] * over;
        row[i] = mine;
#pragma GCC unroll 7
        for (int r = 0; r < N; r++) {
            if (r == i) continue;
            double share = a[r][i];
            Row kept = row[r];
            kept[i] = 0;
            row[r] = kept - share * mine;
        }
    }
    if (moved)
        for (int i = N - 1; i >= 0; i--)
            for (int r = 0; r < N; r++) {
                double t = a[r][i]; a[r][i] = a[r][from[i]]; a[r][from[i]] = t;
            }
}

static inline void times(double (*a)[WIDE], const double *x, double *out)
{
    for (int r = 0; r < N; r++) {
        double sum = 0;
        for (int c = 0; c < N; c++) sum += a[r][c] * x[c];
        out[r] = sum;
    }
}

/* Block elimination of 1/dt - J, from the -J of `jacobian`. */
static void factorise(long layers, const double (*k)[COEFFICIENTS], double dt,
                      double (*a)[N][WIDE])
{
    for (long j = 0; j < layers; j++) {
        for (int i = 0; i < N; i++) a[j][i][i] += 1 / dt;
        if (j > 0) {
            double both = k[j][UP] * k[j - 1][DOWN];
            for (int r = 0; r < N; r++)
                for (int c = 0; c < WIDE; c++) a[j][r][c] -= both * a[j - 1][r][c];
        }
        invert(a[j]);
    }
}

static void solve(long layers, const double (*k)[COEFFICIENTS], double (*a)[N][WIDE],
                  double (*x)[N])
{
    double from[N];
    for (long j = 1; j < layers; j++) {
        times(a[j - 1], x[j - 1], from);
        for (int i = 0; i < N; i++) x[j][i] += k[j][UP] * from[i];
    }
    for (long j = layers - 1; j >= 0; j--) {
        if (j < layers - 1) for (int i = 0; i < N; i++) x[j][i] += k[j][DOWN] * x[j + 1][i];
        memcpy(from, x[j], sizeof from);
        times(a[j], from, x[j]);
    }
}

/* What one linearly implicit Euler step would add. */
static void euler(long layers, const double (*k)[COEFFICIENTS], const double (*y)[N], double dt,
                  double (*a)[N][WIDE], double (*x)[N])
{
    memset(a, 0, layers * sizeof *a);
    for (long j = 0; j < layers; j++) {
        layer(k[j], y[j], x[j], a[j]);
        mix(layers, k, y, j, x[j]);
        for (int i = 0; i < N; i++) a[j][i][i] += k[j][UP] + k[j][DOWN];
    }
    factorise(layers, k, dt, a);
    solve(layers, k, a, x);
}

/* Pseudo-transient continuation that ends as Newton; `y` is the start and the answer. */
int steady(long layers, const double (*k)[COEFFICIENTS], double (*y)[N], long budget,
           long *solves, double *rate)
{
    double a[layers][N][WIDE] __attribute__((aligned(64))), x[layers][N], dt = 24, before = 1;
    double *flat = (double *)y, *step = (double *)x;
    int status = NOT_FINISHED;
    for (*solves = 0; *solves < budget && status == NOT_FINISHED;) {
        double change = 0;
        euler(layers, k, (const double (*)[N])y, dt, a, x);
        ++*solves;
        for (long i = 0; i < layers * N; i++) {
            double part = step[i] / flat[i];
            /* A NaN is refused too. */
            if (!(part > -0.9 && part < 9)) change = INFINITY;
            change = fmax(change, fabs(part));
        }
        if (change == INFINITY) { dt /= 4; continue; }
        for (long i = 0; i < layers * N; i++) flat[i] += step[i];
        if (dt > 1e12) {
            /* Or it has come as near as rounding lets it. */
            if (change < 1e-13 || (change < 1e-9 && change >= before)) status = DONE;
            before = change;
        }
        dt *= change > 0.3 ? 2 : change > 0.1 ? 4 : 10;
    }
    double breath[layers];
    rates(layers, k, (const double (*)[N])y, x, breath);
    *rate = 0;
    for (long i = 0; i < layers * N; i++) *rate = fmax(*rate, YEAR * fabs(step[i] / flat[i]));
    /* Small updates alone have been false stops where microbes still grew from next to nothing. */
    return status == DONE && *rate > 1e-12 ? NOT_AT_REST : status;
}

void steady_many(long members, int preset, const double (*site)[SITE],
                 const double (*x)[PARAMETERS], long layers, const double *dz, const double *cold,
                 long budget, double (*y)[N], long *solves, double *rate, int *status)
{
    double k[layers][COEFFICIENTS];
    for (long n = 0; n < members; n++, y += layers) {
        coefficients(preset, site[n], x[n], layers, dz, k);
        for (long j = 0; j < layers; j++) memcpy(y[j], cold, sizeof y[j]);
        status[n] = steady(layers, k, y, budget, solves + n, rate + n);
    }
}

/* Fully implicit steps of an hour, all layers and pools at once, one Newton iteration each. */
void hourly(long layers, const double (*k)[COEFFICIENTS], double (*y)[N], long hours)
{
    double a[layers][N][WIDE] __attribute__((aligned(64))), x[layers][N];
    double *flat = (double *)y, *step = (double *)x;
    for (long t = 0; t < hours; t++) {
        euler(layers, k, (const double (*)[N])y, 1, a, x);
        for (long i = 0; i < layers * N; i++) flat[i] += step[i];
    }
}

/* Exact in time: linearly implicit Euler with the Jacobian of the step's beginning, extrapolated
   over 1, 2, 3 ... parts of the step until two orders agree in every pool. `*step` in hours is
   where to begin and is left as found. Returns 0, or 1 where the step has shrunk to nothing. */
enum { ORDERS = 10 };

int integrate(long layers, const double (*k)[COEFFICIENTS], double (*y)[N], double hours,
              double tolerance, double *step)
{
    long size = layers * N;
    double j0[layers][N][WIDE], a[layers][N][WIDE], x[layers][N], z[layers][N], breath[layers];
    double table[ORDERS][size], *part = (double *)z, *add = (double *)x;
    while (hours > 0) {
        double dt = fmin(*step, hours), worst = INFINITY;
        int order = 0;
        jacobian(layers, k, (const double (*)[N])y, j0);
        for (; order < ORDERS && !(worst < tolerance); order++) {
            int parts = order + 1;
            memcpy(a, j0, sizeof a);
            factorise(layers, k, dt / parts, a);
            memcpy(z, y, sizeof z);
            for (int i = 0; i < parts; i++) {
                rates(layers, k, (const double (*)[N])z, x, breath);
                solve(layers, k, a, x);
                for (long q = 0; q < size; q++) part[q] += add[q];
            }
            /* table[i] is the last row of the extrapolation, of order i. */
            worst = order ? 0 : INFINITY;
            for (long q = 0; q < size; q++) {
                double now = part[q], last = now;
                for (int i = 0; i < order; i++) {
                    double old = table[i][q];
                    table[i][q] = last = now;
                    now += (now - old) / ((double)parts / (order - i) - 1);
                }
                table[order][q] = now;
                double miss = order ? fabs(now - last) / now : 0;
                if (!(now > 0 && miss < INFINITY)) miss = INFINITY;
                worst = fmax(worst, miss);
            }
        }
        if (!(worst < tolerance)) {
            if ((*step = dt / 2) < 1e-9) return 1;
            continue;
        }
        memcpy(y, table[order - 1], sizeof z);
        /* A step cut short by the end of the time says nothing of the next one. */
        if (dt == *step && order < 7) *step *= 2;
        hours -= dt;
    }
    return 0;
}

/* The first year after which nothing named by `rule` has changed by `limit` since the last year:
   the whole column, the column's seven pools, or every pool in every layer; -1 if none. */
enum { COLUMN, COLUMN_POOLS, LAYERS };

static long watched(int rule, long layers, const double (*k)[COEFFICIENTS], const double (*y)[N],
                    double *seen)
{
    if (rule == LAYERS) { memcpy(seen, y, layers * sizeof *y); return layers * N; }
    long count = rule == COLUMN ? 1 : N;
    for (int i = 0; i < count; i++) seen[i] = 0;
    for (long j = 0; j < layers; j++)
        for (int i = 0; i < N; i++) seen[rule == COLUMN ? 0 : i] += k[j][DZ] * y[j][i];
    return count;
}

long stopping_year(int rule, double limit, long years, double tolerance, long layers,
                   const double (*k)[COEFFICIENTS], double (*y)[N])
{
    double before[layers * N], now[layers * N], step = 100;
    watched(rule, layers, k, (const double (*)[N])y, before);
    for (long year = 1; year <= years; year++) {
        if (integrate(layers, k, y, YEAR, tolerance, &step)) return -1;
        long count = watched(rule, layers, k, (const double (*)[N])y, now);
        double change = 0;
        for (long i = 0; i < count; i++) change = fmax(change, fabs(now[i] / before[i] - 1));
        if (change < limit) return year;
        memcpy(before, now, count * sizeof *now);
    }
    return -1;
}

/* Of 14C that goes where carbon goes: -A of dN/dt = A N + b, fluxes by their donors' carbon. */
void donors(long layers, const double (*k)[COEFFICIENTS], const double (*y)[N],
            double (*a)[N][WIDE])
{
    memset(a, 0, layers * sizeof *a);
    for (long j = 0; j < layers; j++) {
        const double *c = k[j], *p = y[j];
        double (*out)[WIDE] = a[j];
        for (int i = 0; i < N; i++) out[i][i] = c[DECAY] + c[UP] + c[DOWN];
        out[P][P] += c[D]; out[A][P] -= c[D];
        for (int b = 0; b < 2; b++) {
            int me = R + b;
            for (int i = 0; i < 3; i++) {
                int s = FOOD[i];
                double per = c[V + 3 * b + i] * p[me] / (c[H + 3 * b + i] + p[s]);
                out[s][s] += per; out[me][s] -= c[E + 2 * b + i % 2] * per;
            }
            double per = c[V + 3 * b + 1] * p[me] / (c[KO + b] + p[C]);
            double dying = c[MU + b] * pow(p[me], c[BETA] - 1);
            out[C][C] += per; out[A][C] -= per;
            out[me][me] += dying; out[P][me] -= c[FP + b] * dying;
            out[C][me] -= c[FC + b] * dying; out[A][me] -= c[FA + b] * dying;
        }
    }
}
