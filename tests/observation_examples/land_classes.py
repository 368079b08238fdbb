"""Five cells of half a degree, one without a class and one of a code without a meaning."""

from forcing_law.example import Example

CELLS = """lat,lon,IGBP
60.25,10.25,1
60.75,10.25,16
60.25,10.75,17
60.75,10.75,
60.25,11.25,0
"""
MAPPING = """# IGBP code,Ecosystem,group,numeric code
IGBP,IGBP_group,IGBP2001Pr
WAT,WAT,0
ENF,EF,1
BSV,BSV,16
"""


def write(folder):
    (folder / "cells.csv").write_text(CELLS)
    (folder / "mapping.csv").write_text(MAPPING.partition("\n")[2])


EXAMPLE = Example(
    write,
    {"path": "cells.csv", "mapping": "mapping.csv"},
    files={"path": ["cells.csv"], "mapping": ["mapping.csv"]},
)
