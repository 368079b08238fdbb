"""Five bands of 30 degrees, one without land."""

from forcing_law.example import Example

TEXT = "lat,gpp [g C m-2 d-1]\n75,0.5\n45,2.25\n15,5.5\n-15,6.125\n-45,1.5\n-75,NaN\n"

EXAMPLE = Example(
    lambda folder: (folder / "gpp.csv").write_text(TEXT),
    {"path": "gpp.csv", "value": "gpp"},
    files={"path": ["gpp.csv"]},
    columns={"<value>": ("gpp",)},
)
