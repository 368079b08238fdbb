"""CASA written out plainly: a second way, and the loop that a kernel's speed is held against.

One location, one day after another, with libm and branches, straight from the equations as they
are published; nothing of the kernels' is called but the table of vegetation types.
"""

import math

import numpy as np
from numba import njit
from reference_forcing import constants, drivers

from kernels.casa.shared.pft_table import published

YEAR = 365

# Diagnostics of a day, in the order of the published table of days.
DIAGNOSTICS = (
    "npp", "rm_wood", "rm_froot", "rgrowth", "rh", "a_leaf", "a_wood", "a_froot", "k_leaf",
    "phase", "f_t", "f_w",
)  # fmt: skip
PLANTS = ("leaf", "wood", "froot")
POOLS = ("met", "str", "cwd", "fast", "slow", "pass")

# Of a vegetation type, in the order that the loop reads them.
COLUMNS = (
    "class", "fherb", "age_leaf", "age_wood", "age_froot", "sla", "lai_max", "lai_min",
    "a_leaf", "a_wood", "a_froot", "rm_wood", "rm_froot", "cn_leaf", "cn_wood", "cn_froot",
    "fn_leaf", "fn_froot", "lignin_leaf", "lignin_wood", "lignin_froot",
    "t_shed", "cold_max", "cold_exp", "dry_max", "dry_exp", "np_leaf", "p_leaf",
    "q10", "kopt_litter", "kopt_soil",
)  # fmt: skip
FIRST = ("c_leaf", "c_wood", "c_froot", "c_met", "c_str", "c_cwd", "c_fast", "c_slow", "c_pass")


def values_of(pft):
    """Return what the loop reads of a type, and its first pools."""
    table, at = published(), int(pft) - 1
    row = np.array([table[name][at] for name in COLUMNS])
    first = np.array([table[name][at] for name in FIRST])
    if row[0] < 2:
        first[[1, 5]] = 0.0
    return row, first


@njit(error_model="numpy")
def days(t, pft, greenup, fall, phase, clay, silt, gpp, tair, tsoil, theta, btran, linear, pools,
         lag, made, sums):  # fmt: skip
    """Take the nine pools through all days; temperatures in K.

    ``lag`` (2,) are N and P of the leaf; ``made`` (n, 9 + 12), if it has rows, gets pools and
    diagnostics of each day; ``sums`` (Y, 4) NPP, Ra, Rh and LAI at the end of each year.
    """
    (kind, fherb, age_leaf, age_wood, age_froot, sla, lai_max, lai_min, al, aw, ar, rm_wood,
     rm_froot, cn_leaf, cn_wood, cn_froot, fn_leaf, fn_froot, lig_leaf, lig_wood, lig_froot, shed,
     cold_max, cold_exp, dry_max, dry_exp, np_leaf, _, q10, opt_litter, opt_soil) = t  # fmt: skip
    leaf, wood, froot, met, structural, cwd, fast, slow, passive = pools
    n_leaf, p_leaf = lag
    turns = np.array([greenup, greenup + 14, fall, fall + 14])
    for k in (1, 3):
        if turns[k] > 365:
            turns[k] -= 365
    lai = max(lai_min, min(lai_max, sla * leaf))
    fmet_leaf = max(0.001, 0.75 * (0.85 - 0.013 * (cn_leaf * lig_leaf / fn_leaf)))
    fmet_froot = max(0.001, 0.75 * (0.85 - 0.013 * (cn_froot * lig_froot / fn_froot)))
    fines, crop = clay + silt, pft == 12
    kept = 0.85 - 0.68 * fines
    mf, sf, ss = 0.45, 0.45 * (1 - lig_leaf), 0.7 * lig_leaf
    cf, cs = 0.40 * (1 - lig_wood), 0.7 * lig_wood
    fs, fp = kept * (0.997 - 0.032 * clay), kept * (0.003 + 0.032 * clay)
    sp = 0.45 * (0.003 + 0.009 * clay)
    k_str0 = math.exp(-3 * lig_leaf) / (365 * 0.23)
    for i in range(len(gpp)):
        y, day = i // YEAR, i % YEAR + 1
        # Phase 0 waits for greenup since D4, phase 1 for D2 since D1, and so on.
        since, until = turns[(phase + 3) % 4], turns[phase]
        elapsed, length = day - since, until - since
        if elapsed < 0:
            elapsed += 365
        if length < 0:
            length += 365
        if elapsed > length:
            phase = (phase + 1) % 4
        if pft == 1 or pft == 2:
            phase = 2
        n_wood, n_froot = wood / cn_wood, froot / cn_froot
        ratio = p_leaf / (n_leaf + 1e-10) if n_leaf > 0 else 0.0
        growth = 0.65 + 0.2 * ratio / (ratio + 1 / 15)
        r_wood = r_froot = 0.0
        if tair[i] > 250 and wood > 1e-6:
            r_wood = (
                rm_wood / 365 * n_wood * math.exp(308.56 * (1 / 56.02 - 1 / (tair[i] - 227.13)))
            )
        if tsoil[i] > 250 and froot > 1e-6:
            warm = math.exp(308.56 * (1 / 56.02 - 1 / (tsoil[i] - 227.13)))
            r_froot = rm_froot / 365 * n_froot * warm
        r_growth = (1 - growth) * max(0.0, gpp[i] - r_wood - r_froot)
        npp = gpp[i] - r_wood - r_froot - r_growth
        a_leaf, a_wood, a_froot = al, aw, ar
        if phase == 0:
            a_leaf, a_froot = 0.0, a_froot / (a_froot + a_wood)
            a_wood = 1 - a_froot
        elif phase == 1:
            a_leaf = 0.8
            if kind >= 2:
                a_wood = a_froot = 0.1
            else:
                a_froot = 0.2
        elif phase == 3:
            a_leaf, a_froot = 0.0, 1 - a_wood
        if lai >= lai_max:
            a_leaf, a_froot = 0.0, a_froot / (a_froot + a_wood)
            a_wood = 1 - a_froot
        if npp < 0:
            a_leaf = 0.0
            a_wood, a_froot = r_wood / (r_wood + r_froot), r_froot / (r_wood + r_froot)
        total = a_leaf + a_wood + a_froot
        a_leaf, a_wood, a_froot = a_leaf / total, a_wood / total, a_froot / total
        c = 1.0 if tair[i] >= shed else 0.0 if tair[i] <= shed - 5 else (tair[i] - (shed - 5)) / 5
        if not linear:
            c = 1.0 if tair[i] >= shed else 0.0
        k_leaf = 0.0 if phase == 1 else 1 / (365 * age_leaf * (1 - fherb))
        k_leaf += cold_max / 365 * (1 - c) ** cold_exp
        k_leaf += dry_max / 365 * (1 - btran[i]) ** dry_exp
        if lai <= lai_min:
            k_leaf = 0.0
        fell = k_leaf * leaf
        fell_wood, fell_froot = wood / (365 * age_wood), froot / (365 * age_froot)
        f_t, f_w = q10 ** (0.1 * (tsoil[i] - 308.15)), 1.0
        if pft != 12 and pft != 14:
            f_w = ((theta[i] - 1.70) / (0.55 - 1.70)) ** 6.6481
            f_w *= ((theta[i] + 0.007) / (0.55 + 0.007)) ** 3.22
        xl, xs = opt_litter * f_t * f_w, opt_soil * f_t * f_w
        d_met, d_str, d_cwd = (
            xl / (365 * 0.04) * met,
            xl * k_str0 * structural,
            xl / (365 * 0.824) * cwd,
        )
        d_fast = xs / (365 * 0.137) * (1 - 0.75 * fines) * (1.25 if crop else 1.0) * fast
        d_slow = xs / (365 * 5) * (1.5 if crop else 1.0) * slow
        d_pass = xs / (365 * 222.22) * (1.5 if crop else 1.0) * passive
        rh = (1 - mf) * d_met + (1 - sf - ss) * d_str + (1 - cf - cs) * d_cwd
        rh += (1 - fs - fp) * d_fast + (1 - sp) * d_slow + d_pass
        leaf = max(0.0, leaf + npp * a_leaf - fell)
        wood = max(0.0, wood + npp * a_wood - fell_wood)
        froot = max(0.0, froot + npp * a_froot - fell_froot)
        met += fmet_leaf * fell + fmet_froot * fell_froot - d_met
        structural += (1 - fmet_leaf) * fell + (1 - fmet_froot) * fell_froot - d_str
        cwd += fell_wood - d_cwd
        fast += mf * d_met + sf * d_str + cf * d_cwd - d_fast
        slow += ss * d_str + cs * d_cwd + fs * d_fast - d_slow
        passive += fp * d_fast + sp * d_slow - d_pass
        lai = min(lai_max, max(lai_min, sla * leaf))
        p_leaf = n_leaf / np_leaf
        n_leaf = leaf / cn_leaf
        sums[y, 0] += npp
        sums[y, 1] += r_wood + r_froot + r_growth
        sums[y, 2] += rh
        sums[y, 3] = lai
        if len(made) > 0:
            made[i, :9] = np.array([leaf, wood, froot, met, structural, cwd, fast, slow, passive])
            made[i, 9:] = np.array([npp, r_wood, r_froot, r_growth, rh, a_leaf, a_wood, a_froot,
                                    k_leaf, phase, f_t, f_w])  # fmt: skip
    pools[:] = np.array([leaf, wood, froot, met, structural, cwd, fast, slow, passive])
    lag[0], lag[1] = n_leaf, p_leaf
    return phase


class Site:
    """A location of RF-1, or one with other drivers of the same names."""

    def __init__(self, site, given=None, linear=True):
        at = given or drivers(site)
        self.pft = int(at["pft"][0])
        self.row, self.pools = values_of(self.pft)
        self.linear = linear
        self.turns = int(at["greenup"][0]), int(at["fall"][0])
        self.phase = int(constants(site)["phase"][0]) if given is None else 2
        self.texture = float(at["clay"][0]), float(at["silt"][0])
        self.series = (
            at["gpp"][0], at["air_temperature"][0] + 273.15, at["soil_temperature"][0] + 273.15,
            at["theta_l"][0], at["btran"][0],
        )  # fmt: skip
        cn = self.row[COLUMNS.index("cn_leaf")]
        self.lag = np.array([self.pools[0] / cn, self.row[COLUMNS.index("p_leaf")]])

    @classmethod
    def copy_of(cls, site):
        """Return a site of RF-1 whose drivers are made but once."""
        if site not in _MADE:
            _MADE[site] = cls(site)
        new, known = cls.__new__(cls), _MADE[site]
        new.__dict__ |= vars(known) | {"pools": known.pools.copy(), "lag": known.lag.copy()}
        return new

    def run(self, years=1, keep=False):
        """Return days (n, 21), or none, and sums (Y, 4), of the series again and again."""
        length = len(self.series[0])
        made = np.empty((length if keep else 0, 21))
        kept, sums = [], []
        for _ in range(years * YEAR // length):
            some = np.zeros((length // YEAR, 4))
            self.phase = days(
                tuple(self.row), self.pft, *self.turns, self.phase, *self.texture, *self.series,
                self.linear, self.pools, self.lag, made, some,
            )  # fmt: skip
            sums.append(some)
            kept.append(made.copy())
        return np.concatenate(kept), np.concatenate(sums)


_MADE = {}
