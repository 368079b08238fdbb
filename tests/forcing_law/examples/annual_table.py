"""Two models, five years, and what is observed in three of them."""

from forcing_law.example import Example

from kernels import two_box

MODELS = {"A": 0.0, "B": 3.0}
SEEN = """sampled,stock [Pg C],SE [Pg C]
1902,1510,50
1903,1490.5,75
1905,1505.25,60
"""
HEADER = "year,model,NPP [Pg C yr-1],Rh [Pg C yr-1],cVeg [Pg C],cSoil [Pg C]"


def write(folder):
    rows = [
        f"{1901 + k},{model},{50 + k + more},{49 + 0.5 * k + more},{450 + k},{1500 + 2 * k + more}"
        for model, more in MODELS.items()
        for k in range(5)
    ]
    (folder / "t.csv").write_text("\n".join([HEADER, *rows, ""]))
    (folder / "seen.csv").write_text(SEEN)


EXAMPLE = Example(
    write,
    {
        "path": "t.csv",
        "observed": {"path": "seen.csv", "year": "sampled", "c_soil": "stock", "error": "SE"},
    },
    two_box.KERNEL.drivers,
    {"path": ["t.csv"], "observed": ["seen.csv"]},
    {
        "<drivers>": ("NPP", "Rh", "cVeg", "cSoil"),
        "<observed>": ("stock",),
        "<errors>": ("SE",),
        "<year>": ("sampled",),
    },
)
