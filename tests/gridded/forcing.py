"""Forcings of many locations on a regular grid, as a reader would give them."""

from dataclasses import replace

import numpy as np

from scenarios.forcing import Forcing, Locations, Source

YEARS = np.arange(2000, 2003)


def places(count, seed=1):
    """Return locations in no order of latitude, some on an edge of a band and at a pole."""
    random = np.random.default_rng(seed)
    lat = random.choice(np.arange(-88.75, 90, 2.5), count)
    lat[:4] = [90.0, -90.0, 5.0, 4.999][: len(lat[:4])]
    lon = random.choice(np.arange(-178.75, 180, 2.5), count)
    area = 5e10 * np.cos(np.radians(lat)) * random.uniform(0.3, 1.0, count) + 1e8
    columns = {"lat": lat, "lon": lon, "area": area}
    return Locations(tuple(f"cell {k}" for k in range(count)), columns)


def cells(count):
    """Return the locations as cells of 2.5 degrees, with their edges."""
    found = places(count)
    lat, lon = (found.columns[name] for name in ("lat", "lon"))
    edges = {"lat_south": np.maximum(lat - 1.25, -90), "lat_north": np.minimum(lat + 1.25, 90)}
    edges |= {"lon_west": lon - 1.25, "lon_east": lon + 1.25}
    return replace(found, columns={**found.columns, **edges})


def forcing(name="now", count=30, warmer=0.0, locations=None, synthetic=""):
    found = locations or places(count)
    random = np.random.default_rng(5)
    lat = found.columns.get("lat", np.zeros(len(found.names)))
    warmth = 0.2 + np.cos(np.radians(lat))[:, None] ** 2 * random.uniform(0.5, 2.0, (len(lat), 3))
    drivers = {"warmth": warmth * (1 + warmer)}
    about = {"provenance": {"reader": "tests"}, "synthetic": synthetic}
    return Forcing(name, drivers, {"year": YEARS}, found, **about)


def both(count=30, **rest):
    return [forcing("now", count, **rest), forcing("later", count, 0.3, **rest)]


class Making:
    """Makes the drivers of a forcing when they are taken, and says of how many locations."""

    def __init__(self, whole, most=10**9):
        self.whole = whole
        self.most = most
        self.taken = set()

    def __call__(self, places):
        self.taken |= set(places.tolist())
        assert len(self.taken) <= self.most, f"{len(self.taken)} locations were made"
        return {name: values[places] for name, values in self.whole.items()}


def made(forcing, most=10**9, recipe="warm"):
    """Return a forcing whose drivers are made when they are taken, and what makes them."""
    making = Making(forcing.drivers, most)
    count = len(forcing.locations.names)
    source = Source(making, count, working=1 << 20)
    return replace(forcing, drivers=source.drivers, recipe=recipe), making
