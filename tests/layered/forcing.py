"""Two forcings of three locations, as a reader would give them."""

import numpy as np

from scenarios.forcing import Forcing, Locations, Observed

NAN = np.nan
YEARS = np.arange(1980, 1991)
SOC = Observed(
    values=np.array([[28.0, 20.0, 5.0], [33.0, NAN, NAN], [30.0, 12.0, NAN]]),
    top=np.array([[0.0, 12.0, 40.0], [0.0, NAN, NAN], [-2.0, 80.0, NAN]]),
    bottom=np.array([[10.0, 30.0, 100.0], [7.0, NAN, NAN], [10.0, 130.0, NAN]]),
    units="mg C cm-3",
    meaning="carbon of the soil",
)
MODERN = Observed(
    values=np.array([[1.1, 0.7], [1.0, 0.9], [NAN, NAN]]),
    top=np.array([[0.0, 30.0], [0.0, 5.0], [NAN, NAN]]),
    bottom=np.array([[5.0, 60.0], [5.0, 20.0], [NAN, NAN]]),
    units="1",
    meaning="fraction modern of the soil",
    error=np.array([[0.05, 0.02], [0.1, 0.03], [NAN, NAN]]),
)


def forcing(name="here", warmer=0.0, **changes):
    rising = 1.0 + 0.03 * (YEARS - 1980) + warmer
    given = {
        "name": name,
        "drivers": {
            "clay": np.array([0.1, 0.2, 0.3]) + warmer,
            "atmosphere": np.stack([rising, rising + 0.1, rising + 0.2]),
        },
        "coords": {"atmosphere_year": YEARS},
        "locations": Locations(("a", "b", "c"), {"lat": np.array([1.0, 2.0, 3.0])}),
        "provenance": {"reader": "tests"},
        "observations": {"soc": SOC, "fraction_modern": MODERN},
        "sources": {"clay": ("the profile", "grid at 0.3 deg", "")},
    }
    return Forcing(**{**given, **changes})


def both():
    return [forcing(), forcing("there", 0.05)]
