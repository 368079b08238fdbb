"""Two models of four years, one of two realisations."""

from forcing_law.example import Example


def write(folder):
    rows = [
        f"{model},{member},{year},{base + 0.25 * (year - 2000) ** 2}"
        for model, member, base in (("A", "r1", 50), ("A", "r2", 47), ("B", "r1", 40))
        for year in (2000, 2001, 2002, 2003)
    ]
    header = "model,ensemble,year,value [Pg C yr-1]"
    (folder / "rh.csv").write_text("\n".join([header, *rows, ""]))


EXAMPLE = Example(
    write, {"path": "rh.csv"}, files={"path": ["rh.csv"]}, columns={"<value>": ("value",)}
)
