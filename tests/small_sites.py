"""Four sites for MIMICS, and what becomes of them where a unit is another."""

from support import plan

COLUMNS = {
    "litter_input": ("g C m-2 yr-1", (70.5, 372.0, 221.0, 900.0)),
    "annual_npp": ("g C m-2 yr-1", (70.5, 372.0, 221.0, 900.0)),
    "soil_temperature": ("degC", (-7.0, 7.1, 13.0, 23.0)),
    "clay": ("1", (0.05, 0.15, 0.37, 0.62)),
    "lignin_n": ("1", (15.1, 20.6, 21.0, 11.5)),
}
SITES = """
version: 1
name: sites
kernel: {name: mimics}
forcing: {reader: site_table, path: sites.csv, location: site, values: {depth: 30}}
design:
  method: latin_hypercube
  n: 20
  parameters: {beta: {uniform: [1.1, 2.0]}}
seed: 11
outputs: {soc_stock: last}
"""


def sites(tmp_path, text=SITES, **changed):
    """Return the plan of four sites; ``changed`` are (unit written, values)."""
    columns = COLUMNS | changed
    header = ",".join(["site", *(f"{name} [{unit}]" for name, (unit, _) in columns.items())])
    rows = zip("ABCD", *(values for _, values in columns.values()), strict=True)
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "sites.csv").write_text("\n".join(lines))
    return plan(tmp_path, text=text, store="sites.zarr")


def mostly_kelvin(tmp_path, text=SITES):
    """Return the plan of sites of which three were given in kelvin."""
    return sites(tmp_path, text, soil_temperature=("degC", (7.1, 280.0, 286.0, 296.0)))
