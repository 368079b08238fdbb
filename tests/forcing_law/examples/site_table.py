"""Three sites; clay, depth and temperature last, litter changes from year to year."""

from forcing_law.example import Example

from kernels import Variable

SITES = """location,lat,lon,area [m2],clay [percent],soil_temperature [K]
ARC,68.6,-149.6,4e10,5,266.15
HFR,42.5,-72.2,5e10,15,280.25
LUQ,18.3,294.2,6e10,45,295.35
"""
CORES = """location,sampled,SOC [kg C m-2],SE [kg C m-2]
HFR,2001,9.5,0.5
ARC,2003,21.25,2
HFR,2002,9.1,0.75
LUQ,2004,12.5,1.5
"""


def write(folder):
    (folder / "sites.csv").write_text(SITES)
    rows = [
        f"{site},{2001 + k},{100 * (i + 1) + 7 * k}"
        for i, site in enumerate(("ARC", "HFR", "LUQ"))
        for k in range(4)
    ]
    header = "location,year,litter_input [g C m-2 yr-1]"
    (folder / "years.csv").write_text("\n".join([header, *rows, ""]))
    (folder / "cores.csv").write_text(CORES)


EXAMPLE = Example(
    write,
    {
        "path": "sites.csv",
        "series": {"path": "years.csv"},
        "observed": {"path": "cores.csv", "year": "sampled", "soc": "SOC", "error": "SE"},
    },
    (
        Variable("clay", "1", "clay", ()),
        Variable("soil_temperature", "degC", "temperature", ()),
        Variable("litter_input", "g C m-2 yr-1", "litter"),
    ),
    {"path": ["sites.csv"], "series": ["years.csv"], "observed": ["cores.csv"]},
    {
        "<drivers>": ("clay", "soil_temperature"),
        "<changing drivers>": ("litter_input",),
        "<observed>": ("SOC",),
        "<errors>": ("SE",),
        "<year>": ("sampled",),
    },
)
