"""Three cells of half a degree."""

from forcing_law.example import Example
from workbooks import workbook

ROWS = [
    ("Latitude", "Longitude", "ClimateTypes"),
    (60.25, 10.25, "Dfb"),
    (60.75, 10.75, "Csb"),
    (60.25, 10.75, "As"),
]

EXAMPLE = Example(
    lambda folder: (folder / "classes.xlsx").write_bytes(workbook(ROWS)),
    {"path": "classes.xlsx"},
    files={"path": ["classes.xlsx"]},
)
