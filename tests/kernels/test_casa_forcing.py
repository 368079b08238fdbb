"""The reference forcing RF-1 and the root zone, against their published tables."""

import numpy as np
import pytest
from reference_forcing import SITES, drivers, layers, table

from kernels.casa.shared.roots import THICKNESS, root_weights


@pytest.mark.parametrize("row", table("rf1_forcing"), ids=lambda r: f"{r['site']}{r['day']:.0f}")
def test_forcing_is_as_published(row):
    year, day = layers(row["site"]), int(row["day"]) - 1
    found = {"tair": year["tair"][0, day], "gpp": year["gpp"][0, day]}
    for name in ("tsoil", "liquid", "frozen"):
        found |= {f"{name}_{k}": year[name][0, day, k - 1] for k in (1, 6)}
    # Nine digits say which float32 it is.
    assert {n: np.float32(row[n]) for n in found} == found


@pytest.mark.parametrize("row", table("casa_roots"))
def test_root_weights(row):
    found = root_weights(row["kroot"], row["depth"], row["variant"])
    np.testing.assert_allclose(found, [row[f"w{k}"] for k in range(1, 7)], atol=5.1e-10)
    assert found.sum() == pytest.approx(1, abs=1e-14)
    assert len(found) == len(THICKNESS)


@pytest.mark.parametrize("row", table("casa_rf1_days"), ids=lambda r: f"{r['site']}{r['day']:.0f}")
def test_root_zone_is_as_published(row):
    found, day = drivers(row["site"]), int(row["day"]) - 1
    expected = row["soil_temperature"] - 273.15
    assert found["soil_temperature"][0, day] == pytest.approx(expected, abs=5.1e-8)
    assert found["btran"][0, day] == pytest.approx(row["btran"], rel=1e-9)
    assert found["gpp"][0, day] == pytest.approx(row["gpp"], rel=1e-9)
    for name in ("theta_l", "theta_f"):
        water = found[name][0, day] * found["porosity"][0]
        assert water == pytest.approx(row[name], rel=1e-9), name


def test_a_year_is_repeated():
    one, three = drivers(), drivers(years=3)
    assert three["gpp"].shape == (len(SITES), 3 * 365)
    np.testing.assert_array_equal(three["btran"][:, 730:], one["btran"])
    np.testing.assert_array_equal(three["clay"], one["clay"])
