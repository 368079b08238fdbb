"""The shipped evaluations of maps: guenet2024 and he2022-maps, on made-up maps and on real ones."""

import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep
from support import DATA, needs_data


def evaluated(name, *words):
    """Return what a shipped evaluation prints and what it stores."""
    said = soilsweep("evaluate", name, *words)
    assert said.code == 0, said.err
    store = f"runs/{name}{'-data' if words else ''}.zarr"
    return said.out, xr.open_datatree(store, engine="zarr")["evaluation"]


@pytest.mark.parametrize(
    ("name", "score"), [("guenet2024", "products_rh_within"), ("he2022-maps", "tau_time")]
)
def test_made_up_maps_show_how_it_goes_and_are_called_so(name, score, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said, found = evaluated(name)
    assert said.startswith("synthetic data")
    assert np.isfinite(found[score]).all()


@pytest.mark.slow
@needs_data
def test_casa_against_stocks_over_a_flux(tmp_path, monkeypatch):
    # evaluation.md T6a (R, and a merge on coordinates in pandas) and T6b.
    monkeypatch.chdir(tmp_path)
    _, found = evaluated("he2022-maps", "--data", DATA)
    data = found.to_dataset()
    names = data["tau_group"].values.tolist()
    time, bias = (data[f"tau_{k}"].values.reshape(-1) for k in ("time", "bias"))
    observed = dict(zip(names, time - bias, strict=True))
    assert time[0] == pytest.approx(26.026305, rel=1e-6)
    expected = {"global": 27.464779, "tropical": 12.4631, "arid": 42.6398, "temperate": 19.2047}
    expected |= {"mediterranean": 28.6488, "boreal": 51.5639, "arctic": 131.3238}
    expected |= {"igbp_7": 101.1287}
    for name, value in expected.items():
        assert observed[name] == pytest.approx(value, abs=6e-5), name
