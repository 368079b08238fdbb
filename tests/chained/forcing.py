"""Two forcings of five locations and three years of ten days, as float32."""

import numpy as np

from chained import DAYS
from scenarios.forcing import Forcing, Locations

YEARS = np.arange(2001, 2004)
N = DAYS * len(YEARS)


def forcing(name="here", warmer=0.0, **changes):
    days, place = np.arange(N), np.arange(5)[:, None]
    given = {
        "name": name,
        "drivers": {
            "gpp": (3.0 + np.sin(days + place) + 0.1 * place).astype(np.float32),
            "soil_temperature": (10.0 + warmer + 8 * np.cos(days + place)).astype(np.float32),
            "clay": np.linspace(0.1, 0.5, 5),
        },
        "coords": {"year": YEARS, "date": np.arange(N)},
        "locations": Locations(tuple("abcde"), {"lat": np.arange(5.0)}),
        "provenance": {"reader": "tests"},
    }
    return Forcing(**{**given, **changes})


def both():
    return [forcing(), forcing("there", 5.0)]
