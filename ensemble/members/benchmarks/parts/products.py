"""Products by name: maps as they are read, and respiration that is made of monthly climate."""

from ensemble.scores.products import climate_h, climate_r
from scenarios.observations import Climate, GridMap, GridMaps, provenance_of
from scenarios.units import convert

RESPIRATION = "g C m-2 yr-1"
FORMULAS = {"climate_h": climate_h, "climate_r": climate_r}


def maps_of(observed: GridMap | GridMaps, name: str) -> dict[str, GridMap]:
    """Return the maps of what is observed; a map alone is called ``name``.

    Raises
    ------
    ValueError
        The unit of a climate that a product is made of.
    """
    if isinstance(observed, GridMap):
        return {name: observed}
    made = {product: _from_climate(climate) for product, climate in observed.made.items()}
    return {**observed.maps, **made}


def together(parts: dict[str, GridMap | GridMaps]) -> GridMaps:
    """Return the observations of several benchmarks as products of one, each map once.

    A benchmark of one map lends it its own name; the maps of one that has several keep theirs.
    """
    maps: dict[str, GridMap] = {}
    made: dict[str, Climate] = {}
    for name, one in parts.items():
        if isinstance(one, GridMap):
            maps[name] = one
            continue
        alone = len(one.maps) + len(one.made) == 1
        maps |= {name if alone else own: found for own, found in one.maps.items()}
        made |= {name if alone else own: found for own, found in one.made.items()}
    every = parts.items()
    return GridMaps(
        units=next(iter(maps.values())).units if maps else RESPIRATION,
        maps=maps,
        made=made,
        left_out={f"{n}: {why}": k for n, one in every for why, k in one.left_out.items()},
        notes=tuple(f"{n}: {note}" for n, one in every for note in one.notes),
        provenance=provenance_of("products", parts),
    )


def _from_climate(climate: Climate) -> GridMap:
    warm = convert(climate.temperature.values, climate.temperature.units, "degC")
    rain = convert(climate.precipitation.values, climate.precipitation.units, "mm month-1")
    of = climate.precipitation
    return GridMap(
        units=RESPIRATION,
        grid=of.grid,
        values=FORMULAS[climate.product](warm, rain),
        area=of.area,
        land=of.land,
        land_source=of.land_source,
        provenance={
            "reader": climate.product,
            "files": [*climate.temperature.provenance.get("files", ()),
                      *of.provenance.get("files", ())],
        },
    )  # fmt: skip
