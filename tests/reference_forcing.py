"""RF-1: the reference forcing of the testbed's kernels, seven locations and one year, repeated.

Numbers that go through a float32 file are rounded to float32, as in the published tables.
"""

import csv
from pathlib import Path

import numpy as np

from kernels.casa.shared.roots import THICKNESS, pft_weights, root_zone

TABLES = Path(__file__).parent / "testbed"
DAYS = 365
SITES = "ABCDEFG"


def table(name):
    """Return the rows of a published table, dicts of float, or of str where no number is."""
    with open(TABLES / f"{name}.csv", newline="") as file:
        return [{k: _number(v) for k, v in row.items()} for row in csv.DictReader(file)]


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text


def constants(sites=SITES):
    """Return what is known of each site, by name, each (L,)."""
    rows = {row["site"]: row for row in table("rf1_sites")}
    names = [name for name in rows["A"] if name != "site"]
    return {name: np.array([rows[site][name] for site in sites]) for name in names}


def layers(sites=SITES):
    """Return one year as a testbed file holds it, float32.

    ``tair`` (K) and ``gpp`` (g C m-2 d-1), (L, 365); ``tsoil`` (K), ``liquid`` and ``frozen``
    (m3 m-3), (L, 365, 6).
    """
    c = {name: v[:, np.newaxis] for name, v in constants(sites).items()}
    day, w = np.arange(1.0, DAYS + 1), 2 * np.pi / DAYS
    thick = np.array(THICKNESS)
    deep = (np.cumsum(thick) - thick / 2) / 2
    tair = c["tm"] + c["ta"] * np.cos(w * (day - c["dt"]))
    gpp = np.maximum(0.0, c["gm"] + c["ga"] * np.cos(w * (day - c["dg"])))
    c3 = {name: v[..., np.newaxis] for name, v in c.items()}
    day3 = day[:, np.newaxis]
    swing = np.exp(-deep)
    tsoil = c3["tm"] + 1 + c3["ta"] * swing * np.cos(w * (day3 - c3["dt"]) - deep)
    wave = c3["wa"] * swing * np.cos(w * (day3 - c3["dw"]))
    total = np.clip(c3["wm"] + 0.02 * np.arange(6) + wave, 0.02, c3["saturation"])
    ice = 0.85 * np.clip((273.15 - tsoil) / 4, 0, 1)
    made = {
        "tair": tair,
        "gpp": gpp,
        "tsoil": tsoil,
        "liquid": total * (1 - ice),
        "frozen": total * ice,
    }
    return {name: values.astype(np.float32) for name, values in made.items()}


def drivers(sites=SITES, years=1, variant="code"):
    """Return every driver of the testbed's kernels in their units, the year repeated.

    Shapes (L, 365 * years) and (L,). With them are ``greenup`` and ``fall``, of the testbed's
    own phenology table, which has more latitudes than ours.
    """
    year, known = layers(sites), constants(sites)
    daily = {"gpp": np.float64(year["gpp"]), "air_temperature": np.float64(year["tair"]) - 273.15}
    daily |= root_zone(
        pft_weights(known["pft"], variant),
        np.float64(year["tsoil"]) - 273.15,
        np.float64(year["liquid"]),
        np.float64(year["frozen"]),
        known["wilting"],
        known["field"],
        known["saturation"],
    )
    lasting = ("pft", "latitude", "sand", "clay", "silt", "greenup", "fall")
    return {
        **{name: known[name] for name in lasting},
        "porosity": known["saturation"],
        **{name: np.tile(values, (1, years)) for name, values in daily.items()},
    }


def coords(years=1, first=1901):
    """Return the coordinates that go with the drivers."""
    return {
        "year": np.arange(first, first + years, dtype=np.int64),
        "date": np.arange(DAYS * years, dtype=np.int64),
    }
