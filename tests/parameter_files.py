"""One whole file of each kind that kernels read, with their own published values."""

import numpy as np

from kernels.casa.shared.lookup import _BLOCKS, _SHARES
from kernels.casa.shared.pft_table import PFTS, published
from kernels.casa.shared.phenology import turns
from kernels.casa.shared.roots import KROOT, ROOT_DEPTH
from kernels.corpse.cohort.sets import SETS as CORPSE_SETS
from kernels.mimics.daily.parameter_file import _LABELS
from kernels.mimics.one_layer.sets import SETS as MIMICS_SETS


def casa(shares=True):
    """Return a lookup table of CASA with the published values."""
    table = published() | {"kroot": KROOT, "root_depth": ROOT_DEPTH, "exuded": np.zeros(PFTS)}
    lines = ["IGBP vegetation type,", 'IGBP,"(ice,water:0)/grass:1",', "vegtype,"]
    lines += [f"{i + 1},{table['class'][i]:g},name of it" for i in range(PFTS)]
    for count, columns in (*_BLOCKS, *([_SHARES] if shares else [])):
        width = max(columns, default=0) + 1
        heads = [columns[k][1].split()[0] if k in columns else "" for k in range(width)]
        lines += [",".join(heads), "vegtype,units"]
        for i in range(count):
            cells = [f"{table[columns[k][0]][i]!s}" if k in columns else "0" for k in range(width)]
            lines.append(",".join([str(i + 1), *cells[1:]]))
    return "\n".join(lines) + "\n"


def mimics():
    """Return a lookup table of MIMICS with the values of the testbed."""
    lines = ["vegtype,Description", "1,Forest", "Fixed Parameters,"]
    lines += [f"{MIMICS_SETS['testbed'][name]},{label} ,text" for label, name in _LABELS.items()]
    lines += ["Biome-Specific Parameters,", "vegtype,SOM depth (cm)"]
    lines += [f"{i},100" for i in range(1, 19)]
    return "\n".join([*lines, "3,mimicsbiome%fWFunction (3=CORPSE),"]) + "\n"


def corpse():
    """Return a namelist of CORPSE with the values of the archived runs."""
    of = CORPSE_SETS["testbed_2017"]
    three = ("labile", "recalc", "necro")
    named = {"vmaxref": "vmaxref", "Ea": "Ea", "eup": "eup", "protection_species": "protection"}
    lines = ["&soil_carbon_nml"]
    lines += [f"  {k} = {','.join(str(of[f'{v}_{x}']) for x in three)}" for k, v in named.items()]
    lines += [f"  kC = 3*{of['kC']}", *(f"  {k} = {of[k]}" for k in ("Tmic", "et", "fWmin"))]
    lines += ["  tProtected = 75.0", "  litterDensity = 22.0", "/", "&CORPSE_casa_nml"]
    return "\n".join([*lines, "  initial_C = 0.0,2.0,0.0", "  litter_option = 1", "/"]) + "\n"


def phenology():
    """Return a table of greenup and fall: the rows that ours has."""
    latitude, kinds, days = turns()
    lines = ["Lat", "\t".join(map(str, [*kinds, *kinds, *kinds]))]
    for at, lat in enumerate(latitude):
        phases = np.where(days[0, at] < days[1, at], 0, 2)
        row = [*days[0, at].astype(int), *days[1, at].astype(int), *phases]
        lines.append("\t".join(map(str, [lat, *row])))
    return "\n".join(lines) + "\n"
