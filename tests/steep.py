"""A table of models in which turnover times that are too short fail."""

HEADER = "year,model,NPP [Pg C yr-1],Rh [Pg C yr-1],cVeg [Pg C],cSoil [Pg C]"


def write_steep(folder):
    """Write models whose soil turns over ever faster: a short observed time fails some years."""
    lines = [HEADER]
    for k in range(3):
        npp, veg, soil = 50.0 + 5 * k, 450.0, 2000.0
        for year in range(1901, 2019):
            npp *= 1.001
            tau = 40.0 - (27 + k) * (year - 1901) / 117
            veg = (veg + npp) / (1 + 1 / 9)
            soil = (soil + veg / 9) / (1 + 1 / tau)
            lines.append(f"{year},M{k},{npp!r},{soil / tau!r},{veg!r},{soil!r}")
    (folder / "steep.csv").write_text("\n".join(lines))
