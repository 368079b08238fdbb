"""Four studies: one manipulated, one with Rh above Rs, one in the other hemisphere, gaps."""

from forcing_law.example import Example

TEXT = """Study_number,Study_midyear,Latitude,Longitude,Manipulation,Rs_annual,Rh_annual
1,2001.5,56.63,-99.94,None,855,431.5
1,2002.5,56.63,-99.94,None,,350
2,1998,-3.5,102.25,None,1500,812.25
2,1998.5,-3.5,102.25,Fertilized,1600,900
4,2005,,,None,700,400
4,2005,60,10,None,700,
4,2006.5,60,10,None,700,333.25
3,1999,40,-80,None,500,510
3,1999,40,-80,None,500,-116.4
"""

EXAMPLE = Example(
    lambda folder: (folder / "srdb.csv").write_text(TEXT),
    {"path": "srdb.csv"},
    files={"path": ["srdb.csv"]},
)
