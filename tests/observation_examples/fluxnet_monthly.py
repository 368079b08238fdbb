"""Two sites of three months; one month has no flux."""

from forcing_law.example import Example

TEXT = """TIMESTAMP,NEE_VUT_REF,SITE_ID,SITE_NAME,LOCATION_LAT,LOCATION_LONG,IGBP
200901,-5.99881,AR-SLu,San Luis,-33.4648,-66.4598,MF
200902,-4.5,AR-SLu,San Luis,-33.4648,-66.4598,MF
200903,-3.25,AR-SLu,San Luis,-33.4648,-66.4598,MF
201001,0.125,FI-Hyy,Hyytiala,61.8474,24.2948,ENF
201002,-9999,FI-Hyy,Hyytiala,61.8474,24.2948,ENF
201003,0.375,FI-Hyy,Hyytiala,61.8474,24.2948,ENF
"""

EXAMPLE = Example(
    lambda folder: (folder / "flux.csv").write_text(TEXT),
    {"path": "flux.csv"},
    files={"path": ["flux.csv"]},
)
