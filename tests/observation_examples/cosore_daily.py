"""Two data sets at one place and one elsewhere, which has no soil temperature."""

from forcing_law.example import Example

DAYS = """dataset,date,rh_gC_m2_d,tsoil_C
maple,2012-02-28,0.5354,4
maple,2012-02-29,0.55,4
maple,2012-03-01,0.6107,2
oak,2012-02-28,0.75,3
oak,2012-06-01,2.5,15
creek,2011-07-10,3.25,
creek,2011-07-11,,
creek,2011-07-12,3.5,
"""
SITES = """dataset,site,lat,lon,rh_treatment
oak,Forest,39.3232,-86.4131,Girdled
maple,Forest,39.3232,-86.4131,Girdled
creek,Creek,45.8,-90.08,Trenched
"""


def write(folder):
    (folder / "cosore").mkdir()
    (folder / "cosore" / "daily.csv").write_text(DAYS)
    (folder / "cosore" / "sites.csv").write_text(SITES)


EXAMPLE = Example(
    write,
    {"path": "cosore"},
    files={"path/daily.csv": ["cosore/daily.csv"], "path/sites.csv": ["cosore/sites.csv"]},
)
