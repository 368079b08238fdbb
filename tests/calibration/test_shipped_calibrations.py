"""Calibrations that ship: two boxes against stocks by year, forest types against their twins."""

import numpy as np
import pytest
import xarray as xr
from commandline import refused, soilsweep
from scipy.optimize import least_squares
from support import DATA, needs_data

from scenarios.forcing.synthetic_models import REFERENCE, model


def ran(name, path, *words):
    """Run a shipped scenario as a person does; return its store."""
    said = soilsweep("run", name, *words, "--store", path)
    assert said.code == 0, said.err
    return xr.open_datatree(path, engine="zarr").load(), said


def test_two_boxes_find_the_turnover_times_that_stocks_were_made_of(tmp_path):
    tree, said = ran("two-box-calibration", tmp_path / "twins.zarr")
    found = tree["calibration"]
    assert list(found["group"].values) == [f"S{m + 1:02d}" for m in range(16)]
    for m, best in enumerate(found["parameters"].values[:, 0]):
        _, series = model(m)
        veg, soil = series["cveg"], series["csoil"]
        litter = series["npp"][1:] - np.diff(veg)
        tau_veg, tau_soil = veg[1:] / litter, soil[1:] / series["rh"][1:]
        truth = [tau[REFERENCE[1:]].mean() for tau in (tau_veg, tau_soil)]
        np.testing.assert_allclose(best, truth, rtol=1e-8)
    assert found["cost"].values.max() < 1e-12
    parts = found["part_j_soil"].values
    assert (parts == 0).sum() == (parts == 1).sum() == 16 * 59
    # What is met to rounding does no worse than what is met to other rounding.
    assert "above that of the defaults" not in said.out
    # What apply refuses is said before the searches run, in its words.
    assert "parameters of its own, and `soilsweep apply` will refuse" in said.err
    refused(soilsweep("apply", tmp_path / "twins.zarr"), "every forcing has parameters")


@needs_data
def test_two_boxes_of_trendy_come_to_what_a_second_program_finds(tmp_path):
    tree, _ = ran("two-box-calibration", tmp_path / "real.zarr", "--data", DATA)
    found = tree["calibration"]
    table = np.genfromtxt(
        f"{DATA}/trendy_v9_s2/annual_global.csv", delimiter=",", names=True, dtype=None,
        encoding="utf-8",
    )  # fmt: skip
    assert sorted(found["group"].values) == ["JULES-ES-1p0", "VISIT"]
    for g, name in enumerate(found["group"].values):
        mine = np.sort(table[table["model"] == name], order="year")
        npp, stocks = mine["NPP"], np.stack([mine["cVeg"], mine["cSoil"]])
        litter = npp[1:] - np.diff(stocks[0])
        taus = [stocks[0, 1:] / litter, stocks[1, 1:] / (litter - np.diff(stocks[1]))]
        taus = [np.concatenate([tau[:1], tau]) for tau in taus]
        late = mine["year"] >= 1982

        def residuals(means, taus=taus, npp=npp, stocks=stocks, late=late):
            a, b = (tau + mean - tau[late].mean() for tau, mean in zip(taus, means, strict=True))
            boxes = np.empty_like(stocks)
            boxes[:, 0] = npp[0] * a[0], npp[0] * b[0]
            for t in range(1, len(npp)):
                boxes[0, t] = (boxes[0, t - 1] + npp[t]) / (1 + 1 / a[t])
                boxes[1, t] = (boxes[1, t - 1] + boxes[0, t] / a[t]) / (1 + 1 / b[t])
            return (((boxes - stocks) / (0.05 * stocks))[:, ::2]).ravel()

        second = least_squares(residuals, (10.0, 30.0), xtol=1e-14, ftol=1e-14, gtol=1e-14)
        best = int(np.argmin(found["cost"].values[g]))
        np.testing.assert_allclose(found["cost"].values[g, best], 2 * second.cost, rtol=1e-6)
        np.testing.assert_allclose(found["parameters"].values[g, best], second.x, rtol=1e-5)
        counts = found["metrics"].sel(metric="n").values[g]
        np.testing.assert_array_equal(counts, 59)


@pytest.mark.slow
def test_forest_types_come_to_no_cost_and_predict_layers_that_were_not_seen(tmp_path):
    tree, _ = ran("wang2021-calibration", tmp_path / "types.zarr")
    found = tree["calibration"]
    assert (found["cost"].values < 1e-3).all()
    names = list(found["parameter"].values)
    x_v, x_k = (found["parameters"].values[:, 0, names.index(n)] for n in ("x_v", "x_k"))
    np.testing.assert_allclose((x_v / x_k)[1:3], (7.75 / 11.72, 8.91 / 15.49), rtol=0.02)
    held = found["metrics"].sel(part="validation")
    names = list(found["metric"].values)
    assert (held.values[..., names.index("n")] == 5).all()
    assert (held.values[..., names.index("nse")] > 0.95).all()
    folds = found["fold_j_soc"].values[0]
    assert all(sorted(row) == [0, 1, 2, 3, 4] for row in folds.tolist())


@needs_data
@pytest.mark.acceptance
def test_one_set_for_every_second_profile_does_worse_than_the_defaults(tmp_path, record_property):
    tree, said = ran("wang2021-calibration", tmp_path / "halves.zarr", "--data", DATA)
    found = tree["calibration"]
    cost = float(found["cost"].values[0, 0])
    assert cost <= 1.005 * 44586.578
    assert "j_soc, held back: RMSE above that of the defaults in all" in said.out
    record_property("measured", f"wang2021-calibration --data, even half: cost {cost:.3f}")
