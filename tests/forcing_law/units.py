"""Units in other spellings, other sizes, and of other dimensions."""

_SPELLINGS = {
    "Pg C yr-1": ("PgC/yr", "Pg C year-1", "GtC yr^-1"),
    "Pg C": ("PgC", "GtC"),
    "kg C m-2 s-1": ("kg m-2 s-1", "kg/(m2 s)", "kgC m^-2 s^-1", "kg m^{-2} s^{-1}"),
    "kg C m-2": ("kg m-2", "kg/m2", "kgC m^-2"),
    "g C m-2 yr-1": ("gC/m2/yr", "g m-2 a-1"),
    "g C m-2 d-1": ("gC m-2 day-1", "gC/m2/day", "g C m^-2 d^-1"),
    "gC m-2 day-1": ("g C m-2 d-1", "gC/m2/day"),
    "gC m-2 d-1": ("g C m-2 d-1", "gC/m2/day"),
    "gC/m^2/s": ("g C m-2 s-1", "gC/m2/s", "gC m-2 s-1", "g C m^{-2} s^{-1}"),
    "umol/m^2/s": ("umol m-2 s-1", "umol/m2/s"),
    "mm month-1": ("mm/mon", "mm mon-1", "mm/month"),
    "mm d-1": ("mm/day", "mm day-1"),
    "kg/m2": ("kg m-2", "kg/m^2", "kg m^-2"),
    "mm3/mm3": ("m3 m-3", "m3/m3"),
    "degrees C": ("degC", "degrees_C", "celsius"),
    "degC": ("degrees_C", "celsius", "°C"),
    "K": ("kelvin", "Kelvin"),
    "fraction": ("1",),
    "1": ("fraction", "-"),
    "percent": ("%",),
    "m2": ("m^2", "m**2"),
    "km2": ("km^2",),
}
_RESCALED = {
    "Pg C yr-1": (("Tg C yr-1", 1e3, 0.0),),
    "Pg C": (("Tg C", 1e3, 0.0),),
    "kg C m-2 s-1": (("g C m-2 s-1", 1e3, 0.0), ("kg C m-2 d-1", 86400.0, 0.0)),
    "kg C m-2": (("g C m-2", 1e3, 0.0), ("Mg C ha-1", 10.0, 0.0)),
    "g C m-2 yr-1": (("kg C m-2 yr-1", 1e-3, 0.0),),
    "g C m-2 d-1": (("kg C m-2 d-1", 1e-3, 0.0),),
    "gC m-2 day-1": (("kg C m-2 d-1", 1e-3, 0.0),),
    "gC m-2 d-1": (("kg C m-2 d-1", 1e-3, 0.0),),
    "gC/m^2/s": (("kgC/m^2/s", 1e-3, 0.0), ("gC/m2/day", 86400.0, 0.0)),
    "umol/m^2/s": (("mmol m-2 s-1", 1e-3, 0.0),),
    "mm d-1": (("cm d-1", 0.1, 0.0),),
    "kg/m2": (("g m-2", 1e3, 0.0),),
    "mm3/mm3": (("percent", 1e2, 0.0),),
    "degrees C": (("K", 1.0, 273.15),),
    "degC": (("K", 1.0, 273.15),),
    "K": (("degC", 1.0, -273.15),),
    "fraction": (("percent", 1e2, 0.0),),
    "1": (("percent", 1e2, 0.0),),
    "percent": (("1", 1e-2, 0.0),),
    "m2": (("km2", 1e-6, 0.0), ("ha", 1e-4, 0.0)),
    "km2": (("m2", 1e6, 0.0),),
}


def respelled(unit: str) -> tuple[str, ...]:
    """Return other spellings of a unit; none of an empty one."""
    return _SPELLINGS.get(unit, ())


def rescaled(unit: str) -> tuple[tuple[str, float, float], ...]:
    """Return other units of the same dimension: what values are multiplied by, and then added."""
    return _RESCALED.get(unit, ())


def foreign(unit: str) -> str:
    """Return a unit of another dimension."""
    return "kg" if unit in ("K", "degC", "degrees C", "m2", "km2") else "degC"
