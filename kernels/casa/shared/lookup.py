"""CASA: the testbed's parameter file of vegetation types, ``pftlookup_igbp_*.csv``.

Blocks of rows by type, each under two lines of heads, that the testbed reads by place. What its
C-only runs use is read here, or compared with what stands in our equations; the rest has no
effect on carbon.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kernels.casa.shared.pft_table import COMMON, PFTS
from kernels.casa.shared.roots import KROOT, ROOT_DEPTH
from kernels.contract.arrays import F8
from kernels.contract.faults import Fault, Unfit
from kernels.fortran.numbers import integer, number, repeated

# Blocks of a testbed file after the one of names and classes, in order: how many rows, and by
# their place the columns that are read, each with the names that its head may have, as Fortran
# reads by place alone. Release 2.0.0 added the last; a file without it has the published shares.
_BLOCKS: tuple[tuple[int, Mapping[int, tuple[str, str]]], ...] = (
    (PFTS, {
        1: ("kroot", "kroot"), 2: ("root_depth", "rootdepth"),
        7: ("fherb", "fracherb"), 8: ("age_leaf", "leafage"), 9: ("age_wood", "woodage"),
        10: ("age_froot", "frootage"), 11: ("tau_met", "metage"), 12: ("tau_str", "strage"),
        13: ("tau_cwd", "cwdage"), 14: ("tau_fast", "micage"), 15: ("tau_slow", "slowage"),
        16: ("tau_pass", "passage"), 18: ("sla", "sla"),
    }),
    (PFTS, {
        1: ("a_leaf", "calloc_leaf"), 2: ("a_wood", "calloc_wood"), 3: ("a_froot", "calloc_froot"),
        5: ("rm_wood", "rmwood"), 6: ("rm_froot", "rmfroot"),
    }),
    (PFTS, {
        1: ("cn_leaf", "c:nleaf"), 2: ("cn_wood", "c:nwood"), 3: ("cn_froot", "c:nfroot"),
        4: ("fn_leaf", "ntrans_leaf"), 6: ("fn_froot", "ntrans_frt"),
        7: ("lignin_leaf", "ligninleaf"), 8: ("lignin_wood", "lignincwd"),
        9: ("lignin_froot", "ligninfroot"), 19: ("lai_max", "laimax"), 20: ("lai_min", "laimin"),
    }),
    (PFTS, {
        1: ("c_leaf", "leafc"), 2: ("c_wood", "woodc"), 3: ("c_froot", "frootc"),
        4: ("c_met", "metc"), 5: ("c_str", "strc"), 6: ("c_cwd", "cwdc"),
        7: ("c_fast", "micc"), 8: ("c_slow", "slowc"), 9: ("c_pass", "passc"),
    }),
    (PFTS, {
        1: ("t_shed", "tkshed"), 2: ("cold_max", "xkleafcoldmax"), 3: ("cold_exp", "xkleafcoldexp"),
        4: ("dry_max", "xkleafdrymax"), 5: ("dry_exp", "xkleafdryexp"),
    }),
    (PFTS, {}),
    (PFTS, {}),
    (PFTS, {1: ("np_leaf", "n/pleafmin")}),
    (12, {}),
    (PFTS, {1: ("p_leaf", "pleaf")}),
    (PFTS, {
        2: ("q10", "q10soil q01soil"), 3: ("kopt_litter", "xkoplitter xkoptlitter"),
        4: ("kopt_soil", "xkoptsoil xkopsoil"),
    }),
)  # fmt: skip
_SHARES = (PFTS, {
    3: ("exuded", "fracrootexudate fracrootexud"), 4: ("met_to_fast", "cue(metb->fast)"),
    5: ("str_to_fast", "cue(struc->fast)"), 6: ("str_to_slow", "cue(struc->slow)"),
    7: ("cwd_to_fast", "cue(cwd->fast)"), 8: ("cwd_to_slow", "cue(cwd->slow)"),
    9: ("fast_to_slow", "cue(fast->slow)"), 10: ("fast_to_pass", "cue(fast->pass)"),
    11: ("slow_to_pass", "cue(pass->slow) cue(slow->pass)"),
})  # fmt: skip

# Columns that carbon does not depend on, in the testbed as here: nitrogen, phosphorus, what the
# code reads and does not use without them, and what it does not read.
_WITHOUT_EFFECT = frozenset(
    """
    kuptake krootlen kminn kuplabp klabile rmleaf rmclabile ntrans_wood
    c:nmic c:nslow c:npass c:nmic_min c:nslow_min c:npass_min c:nmic_max c:nslow_max c:npass_max
    tkchill tkwarm gdd2stdy nd2onset nd2grow nd2dorm phena phenb phenc
    n/cleafmi n/cleafmin n/cleafmx n/cleafmax n/cwdmin n/cwdmax n/cfrtmin n/cfrtmax xnminloss
    xnleach nfixrate nleaf nwood nfrt nmet nstr ncwd nmic nslow npass nnmin
    n/pleafmx n/pleafmax n/pwdmin n/pwdmax n/pfrtmin n/pfrtmax fpptol(leaf) fpptol(wd) fpptol(frt)
    xkmlabp xpsorbmax xfpleach n:psoil kplab xkpsorb kpocc
    pwood pfroot pmet pstr pcwd pmic pslow ppass plab psorb pocc
    xnpmax prodptase cosnpup maxfinel maxcwd nintercept nslope xknlimit_min xknlimit_max
""".split()
)
NOTE = "nitrogen, phosphorus and the labile pool have no effect on carbon, here as in the testbed"

# What a column may hold, of types that are simulated; others are from 0 on. Of those that are
# parameters the bounds are theirs.
_SHARE = (0.0, 1.0)
_LIMITS: dict[str, tuple[float, float]] = dict.fromkeys((
    "fherb", "a_leaf", "a_wood", "a_froot", "lignin_leaf", "lignin_wood", "lignin_froot", "exuded",
    "met_to_fast", "str_to_fast", "str_to_slow", "cwd_to_fast", "cwd_to_slow",
    "fast_to_slow", "fast_to_pass", "slow_to_pass",
), _SHARE) | dict.fromkeys(("fn_leaf", "fn_froot"), (1e-3, 1.0)) | dict.fromkeys(
    ("age_leaf", "age_wood", "age_froot", "cn_leaf", "cn_wood", "cn_froot", "np_leaf", "sla"),
    (1e-4, 1e4),
) | {
    "class": (0.0, 3.0), "t_shed": (150.0, 350.0), "lai_max": (0.0, 30.0), "lai_min": (0.0, 30.0),
    "q10": (1.0, 5.0), "tau_met": (0.02, 1.0), "tau_str": (0.02, 5.0), "tau_cwd": (0.02, 50.0),
    "tau_fast": (0.02, 5.0), "tau_slow": (0.1, 100.0), "tau_pass": (5.0, 5000.0),
}  # fmt: skip
_ANY = (0.0, 1e6)


@dataclass
class Read:
    """What a testbed file says.

    Attributes
    ----------
    table : Table
    warnings : list of str
        What the testbed does with the file, and the kernels of CASA do not.
    """

    table: dict[str, F8]
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_table(file: Path, where: str) -> Read:
    """Return what a testbed file says, ``pftlookup_igbp_*.csv``.

    Raises
    ------
    Unfit
        Every number that is none or cannot be, every column under another's head, and the first
        row that is not there or out of order; the place is the option ``where``.
    """
    read_so_far = Read({name: np.full(PFTS, value) for name, value in COMMON.items()})
    try:
        with file.open(newline="", encoding="utf-8", errors="replace") as lines:
            rows = list(csv.reader(lines))
    except OSError as error:
        raise Unfit(
            [Fault(f"found {file.name!r}, {error.strerror}; needed a file", where)]
        ) from error
    reading = _Reading(file.name, rows, read_so_far)
    # Three lines of heads, and the types' classes; then two lines of heads each.
    at = reading.fill(3, PFTS, {1: ("class", "")})
    for count, columns in (*_BLOCKS, _SHARES):
        if columns is _SHARES[1] and not any(map(any, rows[at:])):
            break
        reading.check_heads(at, columns)
        at = reading.fill(at + 2, count, columns)
    if any(map(any, rows[at:])):
        reading.fault("found a row behind the last block; needed the testbed's blocks alone", at)
    if read_so_far.faults:
        raise Unfit(read_so_far.faults)
    _compare_roots(reading)
    _name_exudates(read_so_far)
    if read_so_far.faults:
        raise Unfit(read_so_far.faults)
    return read_so_far


@dataclass
class _Reading:
    """Rows of a file on their way to columns."""

    name: str
    rows: list[list[str]]
    found: Read
    first: dict[str, int] = field(default_factory=dict)

    def fault(self, message: str, at: int) -> None:
        self.found.faults.append(Fault(message, file=self.name, line=at + 1))

    def check_heads(self, at: int, columns: Mapping[int, tuple[str, str]]) -> None:
        """Note columns that stand under another's head, and heads that nobody knows."""
        row = self.rows[at] if at < len(self.rows) else []
        heads = ["".join(cell.split()).lower() for cell in row]
        for place, (_, names) in columns.items():
            head = heads[place] if place < len(heads) else ""
            if head not in names.split():
                message = f"column {place + 1} is {head!r}; needed {names.split()[0]!r}"
                self.fault(f"{message}, as the testbed reads columns by their place", at)
        for place, head in enumerate(heads):
            heading = head.split("(only", 1)[0]
            if place and head and place not in columns and head[0] != "(":
                if heading not in _WITHOUT_EFFECT:
                    message = f"column {head!r} (line {at + 1}) is unknown here and is not read"
                    self.found.warnings.append(message)

    def fill(self, first: int, count: int, columns: Mapping[int, tuple[str, str]]) -> int:
        """Fill columns from the rows of one block; return the row after it."""
        for name, _ in columns.values():
            self.found.table[name] = np.full(PFTS, np.nan)
            self.first[name] = first
        for i in range(count):
            row = repeated(self.rows[first + i]) if first + i < len(self.rows) else []
            if not row or integer(row[0]) != i + 1:
                cells = ",".join(row)[:40]
                self.fault(
                    f"found {cells!r}; needed the numbers of vegetation type {i + 1}", first + i
                )
                raise Unfit(self.found.faults)
            for place, (name, _) in columns.items():
                self._take(name, i, row[place] if place < len(row) else "", first + i)
        return first + count

    def _take(self, name: str, i: int, cell: str, at: int) -> None:
        value = number(cell)
        low, high = _LIMITS.get(name, _ANY)
        if value is None:
            message = f"found {cell.strip()!r}; needed the {name} of vegetation type {i + 1}"
            self.fault(f"{message}, a number", at)
        # Of types that are not simulated files hold what they like.
        elif name == "class" or self.found.table["class"][i] > 0:
            if not low <= value <= high:
                message = f"found {value:g}; needed the {name} of vegetation type {i + 1}"
                self.fault(f"{message}, from {low:g} to {high:g}", at)
        self.found.table[name][i] = np.nan if value is None else value


def _compare_roots(reading: _Reading) -> None:
    """Refuse other roots than those that readers average the layers of the soil with."""
    table = reading.found.table
    for name, published in (("kroot", KROOT), ("root_depth", ROOT_DEPTH)):
        values = table.pop(name)
        for i in np.flatnonzero((values != published) & (table["class"] > 0)):
            message = (
                f"found {values[i]:g}; {name} of vegetation type {i + 1} is {published[i]:g} here"
            )
            why = "as root-zone drivers are made with it, whatever the file says; needed the same"
            reading.fault(f"{message}, {why}", reading.first[name] + int(i))


def _name_exudates(reading: Read) -> None:
    """Say of which types roots exude carbon: the kernels leave it to the roots."""
    exuded = reading.table.pop("exuded", np.zeros(PFTS))
    kinds = np.flatnonzero((exuded > 0) & (reading.table["class"] > 0)) + 1
    if kinds.size:
        reading.warnings.append(
            f"fracRootExudate is above 0 for vegetation types {', '.join(map(str, kinds))}: "
            "release 2.0.0 of the testbed gives that part of the NPP of fine roots to metabolic "
            "litter, and here it stays with the roots; cells of those types differ"
        )
