"""Four years with a header."""

from forcing_law.example import Example

TEXT = "year,rh [Pg C yr-1]\n2000,51.5\n2001,50.25\n2002,52\n2003,51.75\n"

EXAMPLE = Example(
    lambda folder: (folder / "rh.csv").write_text(TEXT),
    {"path": "rh.csv", "value": "rh"},
    files={"path": ["rh.csv"]},
    columns={"<value>": ("rh",)},
)
