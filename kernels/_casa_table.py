"""CASA: parameters of vegetation types, as published and as the testbed's CSV files hold them.

Values are those of ``pftlookup_igbp_updated4.csv`` of the biogeochemical testbed.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kernels._contract import F8, Fault, Unfit

PFTS = 18

_PUBLISHED = """
pft class fherb age_leaf age_wood   age_froot         sla lai_max lai_min
  1     3 0.068        2       70          18     0.00718       7       3
  2     3 0.406      1.5       60          10     0.01532       7       3
  3     3 0.068      0.8       80          10      0.0231       7     0.5
  4     3 0.134      0.8       40          10     0.02646       7     0.5
  5     3 0.137      1.2       50          10     0.01682       7     0.5
  6     2     0        1       40           5     0.00992       3     0.5
  7     2 0.022        1       40           5     0.00992       3     0.1
  8     3  0.35      1.5       40           5 0.026308333       4     0.5
  9     3  0.35      1.5       40           3 0.026156667       4     0.3
 10     1 0.109        1        1           3    0.026005       3     0.2
 11     0     0        1        1           1        0.02       5     0.1
 12     1  0.14        1        1 0.884227423    0.026005       6     0.5
 13     0     0        1        1           1        0.02       6     0.5
 14     1     0        1        1           1    0.026005       6     0.5
 15     0     0        1        1           1        0.02       0       0
 16     1  0.01        1        5           4     0.02447       1    0.05
 17     0     0        1        1           1        0.02       1     0.1
 18     1 0.109        1        1           3    0.026005       3     0.2

pft a_leaf a_wood a_froot rm_wood rm_froot cn_leaf cn_wood cn_froot
  1   0.42   0.33    0.25       6        6      50     250       78
  2   0.25    0.1    0.65       6        6      25     150       68
  3    0.4    0.3     0.3       6        6      60     250       41
  4    0.3    0.2     0.5       6        6      50     175       41
  5   0.35    0.4    0.25       6        6      50     175       41
  6   0.52   0.15    0.33       6        6      45     150       41
  7    0.4   0.15    0.45       6        6      40     150       41
  8    0.3    0.1     0.6       6        6      25     150       41
  9    0.2    0.1     0.7       6        6      25     150       41
 10    0.3      0     0.7       1       10      50     150       41
 11    0.5      0     0.5       1       10      30     150       41
 12    0.3      0     0.7       1       10      50     125       41
 13    0.5      0     0.5       1       10      40     150       41
 14   0.35      0    0.65       1       10      30     125       41
 15    0.5      0     0.5       1       10      40     150       41
 16    0.2    0.2     0.6       1       10      40     150       41
 17    0.6    0.4       0       1       10      40     135       41
 18    0.3      0     0.7       1       10    47.6     150       41

pft fn_leaf fn_froot lignin_leaf lignin_wood lignin_froot
  1     0.5      0.9        0.25         0.4         0.25
  2     0.5      0.9         0.2         0.4          0.2
  3     0.5      0.9         0.2         0.4          0.2
  4     0.5      0.9         0.2         0.4          0.2
  5     0.5      0.9        0.22         0.4         0.22
  6     0.5      0.9         0.2         0.4          0.2
  7     0.5      0.9         0.2         0.4          0.2
  8     0.5      0.9        0.15         0.4         0.15
  9     0.5      0.9        0.15         0.4         0.15
 10     0.5      0.9         0.1         0.4          0.1
 11     0.5      0.9        0.15         0.4         0.15
 12     0.5      0.9         0.2         0.4          0.2
 13     0.5      0.9        0.15         0.4         0.15
 14     0.5      0.9         0.1         0.4          0.1
 15     0.5      0.9         0.1         0.4          0.1
 16     0.5      0.9        0.15         0.4         0.15
 17     0.5      0.9        0.25         0.4         0.25
 18     0.5      0.9       0.166         0.4        0.166

pft t_shed cold_max cold_exp dry_max dry_exp np_leaf      p_leaf  q10 kopt_litter  kopt_soil
  1    268      0.2        3     0.1       3      10   0.1916475 1.72        0.33       0.33
  2    260      0.1        3     0.1       3      20       0.415 1.72         0.6        0.6
  3 263.15      0.1        3     0.1       3       8   0.1159884 1.72        0.15       0.15
  4 268.15      0.6        3       1       3      10  0.13545312 1.72         0.6        0.6
  5 277.15      0.4        3     0.1       3      10 0.113219446 1.72         0.4      0.495
  6 268.15      0.1        3     0.1       3       8 0.022820513 1.72         0.4        0.5
  7 277.15        1        3     0.1       3       8 0.022820513 1.72         0.4 0.10343498
  8 275.15        3        3     1.5       3      20     0.35904 1.72         0.4    0.46494
  9 278.15        5        3     2.5       3      20     0.35904 1.72         0.4   0.168633
 10 275.15      0.2        3     0.1       3      15     0.15125 1.72         0.4       0.25
 11 277.15      0.1        3     0.1       3      15           0 1.72         0.4          1
 12 278.15      0.3        3     0.1       3      10     0.15125 1.72         0.4         10
 13 277.15      0.1        3     0.1       3      10           0 1.72         0.4        0.5
 14 278.15      0.3        3     0.1       3      10     0.15125 1.72         0.4        0.5
 15 283.15      0.1        3     0.1       3      10           0 1.72         0.4          1
 16 277.15      0.1        3     0.1       3      10       0.007 1.72           2          2
 17 277.15      0.1        3     0.1       3      10           0 1.72         0.4          1
 18 275.15      0.2        3     0.1       3      15     0.15125 1.72         0.4       0.25

pft      c_leaf      c_wood c_froot       c_met       c_str       c_cwd
  1 384.6036921 7865.396308     250 6.577021277  209.172766 606.0255319
  2         273       11451    2586  44.6345733 433.7625821  1150.76477
  3 96.59813663 5683.401863     220 7.127118644 277.7733051 776.7330508
  4 150.2637681 10833.73623     220  10.9779661 312.5491525 888.5694915
  5 166.5076575 9583.492343     250 14.56340426 377.7089362 1060.544681
  6           0           0       0  3.22937365 39.44449244 111.5863931
  7          88         372     140  3.22937365 39.44449244 111.5863931
  8 177.0965838 1972.903416     250 31.19319149  206.893617 813.0919149
  9 177.0965838 1972.903416     250 31.19319149  206.893617 813.0919149
 10 137.1714256           0     263 28.57245081 50.91091234           0
 11           0           0       0           0           0           0
 12         160           0     240 28.57245081 50.91091234           0
 13           0           0       0           0           0           0
 14           0           0       0 28.57245081 50.91091234           0
 15           0           0       0           0           0           0
 16          20          17      63 1.457746479 4.956338028 28.44084507
 17           0           0       0           0           0           0
 18 137.1714256           0     263 28.57245081 50.91091234           0

pft      c_fast      c_slow      c_pass
  1 528.6639776 13795.93978 4425.396244
  2 11.37765442 311.8092321 13201.81311
  3 597.0785149  16121.1199 5081.801584
  4 405.5553953 11153.25218  5041.19242
  5 467.4272937 11896.79405 5485.778656
  6           0           0           0
  7 168.0450549 4465.477951 1386.476994
  8 174.5109109 4782.379293 2268.109796
  9 174.5109109 4782.379293 2268.109796
 10 425.6431308 5694.436626 4179.920244
 11           0           0           0
 12 512.4247399 6855.438268 5032.136992
 13           0           0           0
 14 0.041324576 0.552857925 0.405817499
 15           0           0           0
 16 57.77584708 1325.052246 517.1719068
 17           0           0           0
 18 425.6431308 5694.436626 4179.920244
"""

# The same for every vegetation type: ages (yr), and shares of decomposition that arrive.
_COMMON = {
    "tau_met": 0.04, "tau_str": 0.23, "tau_cwd": 0.824,
    "tau_fast": 0.137, "tau_slow": 5.0, "tau_pass": 222.22,
    "met_to_fast": 0.45, "str_to_fast": 0.45, "str_to_slow": 0.7,
    "cwd_to_fast": 0.40, "cwd_to_slow": 0.7,
    "fast_to_slow": 1.0, "fast_to_pass": 1.0, "slow_to_pass": 0.45,
}  # fmt: skip

# Blocks of a testbed file after the one of names and classes, in order: its rows, and the columns
# that are read. Release 2.0.0 added the last; a file without it has the published shares.
_BLOCKS: tuple[tuple[int, Mapping[int, str]], ...] = (
    (PFTS, {
        7: "fherb", 8: "age_leaf", 9: "age_wood", 10: "age_froot", 11: "tau_met", 12: "tau_str",
        13: "tau_cwd", 14: "tau_fast", 15: "tau_slow", 16: "tau_pass", 18: "sla",
    }),
    (PFTS, {1: "a_leaf", 2: "a_wood", 3: "a_froot", 5: "rm_wood", 6: "rm_froot"}),
    (PFTS, {
        1: "cn_leaf", 2: "cn_wood", 3: "cn_froot", 4: "fn_leaf", 6: "fn_froot",
        7: "lignin_leaf", 8: "lignin_wood", 9: "lignin_froot", 19: "lai_max", 20: "lai_min",
    }),
    (PFTS, dict(enumerate(
        ("c_leaf", "c_wood", "c_froot", "c_met", "c_str", "c_cwd", "c_fast", "c_slow", "c_pass"), 1
    ))),
    (PFTS, {1: "t_shed", 2: "cold_max", 3: "cold_exp", 4: "dry_max", 5: "dry_exp"}),
    (PFTS, {}),
    (PFTS, {}),
    (PFTS, {1: "np_leaf"}),
    (12, {}),
    (PFTS, {1: "p_leaf"}),
    (PFTS, {2: "q10", 3: "kopt_litter", 4: "kopt_soil"}),
)  # fmt: skip
_SHARES = (PFTS, {
    4: "met_to_fast", 5: "str_to_fast", 6: "str_to_slow", 7: "cwd_to_fast", 8: "cwd_to_slow",
    9: "fast_to_slow", 10: "fast_to_pass", 11: "slow_to_pass",
})  # fmt: skip

Table = Mapping[str, F8]
"""Values of the types 1 to 18, (18,), by name; ``class`` 0 is not simulated."""


def published() -> dict[str, F8]:
    """Return the published table."""
    found = {name: np.full(PFTS, value) for name, value in _COMMON.items()}
    for group in _PUBLISHED.strip().split("\n\n"):
        names, *rows = (line.split() for line in group.splitlines())
        values = np.array(rows, dtype=np.float64)
        found |= {name: values[:, i].copy() for i, name in enumerate(names) if i > 0}
    return found


def read_table(file: Path, where: str) -> dict[str, F8]:
    """Return the table of a testbed file, ``pftlookup_igbp_*.csv``.

    Raises
    ------
    Unfit
        A row that is not there, out of order or of text; the place is the option ``where``.
    """
    found = {name: np.full(PFTS, value) for name, value in _COMMON.items()}
    try:
        with file.open(newline="", encoding="utf-8", errors="replace") as lines:
            rows = list(csv.reader(lines))
    except OSError as error:
        raise Unfit(
            [Fault(f"found {file.name!r}, {error.strerror}; needed a file", where)]
        ) from error
    # Three lines of heads, and the types' classes; then two lines of heads each.
    at = _fill(found, rows, 3, PFTS, {1: "class"}, file.name)
    for count, columns in (*_BLOCKS, _SHARES):
        if at >= len(rows) and columns is _SHARES[1]:
            break
        at = _fill(found, rows, at + 2, count, columns, file.name)
    return found


def _fill(
    found: dict[str, F8],
    rows: list[list[str]],
    first: int,
    count: int,
    columns: Mapping[int, str],
    name: str,
) -> int:
    """Fill columns from the rows of one block; return the row after it."""
    for name_ in columns.values():
        found[name_] = np.empty(PFTS)
    for i in range(count):
        line = first + i
        row = rows[line] if line < len(rows) else []
        try:
            if int(row[0]) != i + 1:
                raise ValueError
            for column, name_ in columns.items():
                found[name_][i] = float(row[column])
        except (ValueError, IndexError):
            said = ",".join(row)[:40]
            need = f"needed the numbers of vegetation type {i + 1}"
            fault = Fault(f"found {said!r}; {need}", file=name, line=line + 1)
            raise Unfit([fault]) from None
    return first + count


def of_pft(table: Table, name: str, pft: F8) -> F8:
    """Return a column for every location, (L,); NaN where there is no such type."""
    known = (pft >= 1) & (pft <= PFTS) & (pft == np.round(pft))
    at = np.where(known, pft, 1).astype(np.int64) - 1
    return np.where(known, table[name][at], np.nan)
