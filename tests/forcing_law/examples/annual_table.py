"""Two models, five years."""

from forcing_law.example import Example

from kernels import two_box

MODELS = {"A": 0.0, "B": 3.0}
HEADER = "year,model,NPP [Pg C yr-1],Rh [Pg C yr-1],cVeg [Pg C],cSoil [Pg C]"


def write(folder):
    rows = [
        f"{1901 + k},{model},{50 + k + more},{49 + 0.5 * k + more},{450 + k},{1500 + 2 * k + more}"
        for model, more in MODELS.items()
        for k in range(5)
    ]
    (folder / "t.csv").write_text("\n".join([HEADER, *rows, ""]))


EXAMPLE = Example(
    write,
    {"path": "t.csv"},
    two_box.KERNEL.drivers,
    {"path": ["t.csv"]},
    {"<drivers>": ("NPP", "Rh", "cVeg", "cSoil")},
)
