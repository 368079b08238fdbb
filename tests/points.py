"""Sites with what was observed there, without depth, and a scenario of two boxes for them."""

SITES = """\
site,area [m2],STOCK [g C],SE [g C]
ARC,1e10,2.5e15,2e14
HFR,2e10,NA,NA
LUQ,3e10,4e15,3e14
"""
YEARS = range(2000, 2006)
DRIVERS = {"npp": 60.0, "rh": 55.0, "c_veg_model": 500.0, "c_soil_model": 1500.0}
CORES = """\
site,sampled,C [Pg C],error [Tg C]
ARC,2001,2.4,200
LUQ,2003,3.9,300
ARC,2001,2.6,200
LUQ,2005,na,100
LUQ,2002,4.1,300
elsewhere,2002,9,1
"""
TEXT = """
version: 1
name: points
kernel: two_box
forcing:
  reader: site_table
  path: sites.csv
  location: site
  series: {path: years.csv}
  units: {npp: Pg C yr-1, rh: Pg C yr-1, c_veg_model: Pg C, c_soil_model: Pg C}
  observed: {c_soil: STOCK, error: SE}
design:
  method: latin_hypercube
  n: 40
  parameters: {tau_veg_obs: {uniform: [6, 15]}, tau_soil_obs: {uniform: [20, 60]}}
seed: 3
precision: float64
outputs: {c_soil: all}
responses:
  j: {output: c_soil, cost: {observed: c_soil, years: [2001, 2004]}}
block: {location: 2, sample: 16}
"""
DATED = TEXT.replace(
    "observed: {c_soil: STOCK, error: SE}",
    "observed: {path: cores.csv, year: sampled, c_soil: {column: C, error: error}}",
).replace(", years: [2001, 2004]", ", error: {floor: 100 Tg C}")


def write(folder, **files):
    rows = ["site,year," + ",".join(DRIVERS)]
    for k, site in enumerate(("ARC", "HFR", "LUQ")):
        for year in YEARS:
            values = [value * (1 + k) * (1 + 0.01 * (year - 2000)) for value in DRIVERS.values()]
            rows.append(f"{site},{year}," + ",".join(map(repr, values)))
    texts = {"sites": SITES, "cores": CORES, "years": "\n".join(rows), **files}
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
