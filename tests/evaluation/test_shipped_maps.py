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
    ("name", "score"),
    [
        ("guenet2024", "products_rh_within"),
        ("he2022-maps", "tau_time"),
        ("he2022-types", "tau_time"),
    ],
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


@pytest.mark.slow
@needs_data
def test_turnover_by_types_of_vegetation(tmp_path, monkeypatch):
    # evaluation.md T6a (R, and pandas) and T6b.
    monkeypatch.chdir(tmp_path)
    _, found = evaluated("he2022-types", "--data", DATA)
    data = found.to_dataset().load()
    whole = data.sel(tau_group="global") if "tau_group" in data.coords else data.isel(tau_group=0)
    modelled = whole.tau_time
    assert modelled.sel(model="CASA-CNP").item() == pytest.approx(26.026305, rel=1e-6)
    three = modelled.sel(model=["BCC-CSM2-MR", "CNRM-ESM2-1", "IPSL-CM6A-LR"]).values
    assert three == pytest.approx([28.750619, 36.360079, 12.335059], rel=1e-6)
    observed = (data.tau_time - data.tau_bias).sel(model="CASA-CNP").values
    by_type = dict(zip(data["tau_group"].values.tolist(), observed, strict=True))
    expected = {
        "global": 27.464779, "evergreen_needleleaf": 31.4153, "evergreen_broadleaf": 9.9554,
        "deciduous_needleleaf": 45.4145, "deciduous_broadleaf": 14.6827, "mixed_forest": 23.7519,
        "shrubland": 51.4951, "savanna": 17.6581, "grassland": 28.7907, "cropland": 24.6852,
        "tundra": 96.6019,
    }  # fmt: skip
    for name, value in expected.items():
        assert by_type[name] == pytest.approx(value, abs=6e-5), name
