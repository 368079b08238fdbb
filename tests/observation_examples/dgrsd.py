"""Three studies: days, a month without one, a manipulated soil, and gaps."""

from forcing_law.example import Example

TEXT = """Study_number,Meas_Year,Meas_Month,Meas_DOY,Rh_Norm,Rs_Norm,Latitude,Longitude,Manipulation
17,1961,1,6,0.46,0.6,51.81,-0.36,None
17,1961,2,40,0.86,1.13,51.81,-0.36,None
17,1962,7,366,2.5,3,51.81,-0.36,None
900,2001,3,NA,1.125,NA,-20.5,140.25,None
900,2001,12,NA,1.75,2,-20.5,140.25,None
900,2002,NA,NA,1.5,2,-20.5,140.25,None
8439,2011,NA,370,1.39,2,40,-105,Drained
8439,2011,NA,200,3.5,5,40,-105,None
8439,2011,NA,201,NA,5,40,-105,None
8439,2011,NA,202,3.25,5,NA,NA,None
"""

EXAMPLE = Example(
    lambda folder: (folder / "rh.csv").write_text(TEXT),
    {"path": "rh.csv"},
    files={"path": ["rh.csv"]},
)
