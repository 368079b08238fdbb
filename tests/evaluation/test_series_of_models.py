"""Models that are series of the globe: T1d and T7.2 of the specification, flags of years."""

import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep
from support import DATA, needs_data

from ensemble.store.reading import read

OBSERVED = "\n".join(
    ["# year, Pg C yr-1", *(f"{y},{50 + 0.1 * (y - 2000)}" for y in range(2000, 2010))]
)
MODELS = "\n".join([
    "year,model,ensemble,rh [Pg C yr-1]",
    *(f"{y},long,{r},{49 + 0.2 * (y - 2000) + r}" for y in range(2000, 2010) for r in (1, 2)),
    *(f"{y},short,1,{60 + 0.1 * (y - 2000)}" for y in range(2004, 2010)),
])  # fmt: skip
MAP = "{outputs: {rh: {reader: synthetic_map, quantity: rh}}}"
FILE = """\
version: 1
name: ours
models: {of: {outputs: {rh: {reader: model_series, path: models.csv, value: rh}}}}
evaluation:
  period: [2000, 2009]
  benchmarks:
    product: {output: rh, observed: {reader: global_series, path: seen.txt, units: Pg C yr-1}}
    mean: {output: rh, compare: total, same_as: product}
store: ours.zarr
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seen.txt").write_text(OBSERVED + "\n")
    (tmp_path / "models.csv").write_text(MODELS + "\n")
    return tmp_path


def evaluated(folder, text):
    (folder / "ours.yaml").write_text(text)
    said = soilsweep("evaluate", "ours.yaml")
    assert said.code == 0, said.err
    found = xr.open_datatree("ours.zarr", engine="zarr")["evaluation"].to_dataset().load()
    return said.out, found, read(folder / "ours.zarr").attrs["evaluation"]


def test_each_model_of_a_series_stands_by_its_name_and_lacking_years_are_flagged(folder):
    said, found, about = evaluated(folder, FILE)
    assert found["model"].values.tolist() == ["long", "short"]
    # Of the two realisations the mean, 50.5 + 0.2 (year - 2000).
    np.testing.assert_allclose(found.product_bias, [0.5 + 0.1 * 4.5, 10.0], rtol=1e-9)
    np.testing.assert_allclose(found.product_trend, [0.1, 0.0], atol=1e-9)
    np.testing.assert_allclose(found.mean_total, [50.5 + 0.9, 60.65], rtol=1e-9)
    assert "rh: mean of 2 realisations" in said
    row = next(line for line in said.splitlines() if line.startswith("long "))
    assert row.split()[:4] == ["long", "2000-2009", "10", "51.4"]
    assert "has 6 of 10 years that are compared, and no rank (of short)" in said
    for name in ("product", "mean"):
        assert about["short"][name]["about"]["incomplete"] == [6, 10]
        assert "incomplete" not in about["long"][name]["about"]
    _, _, about = evaluated(
        folder, FILE.replace("{output: rh, ", "{incomplete: keep, output: rh, ")
    )
    assert "incomplete" not in about["short"]["product"]["about"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("models: {of: {", "models: {of: {years: [2000, 2009], "), "years: of a series"),
        (("models: {of:", f"models: {{long: {MAP}, of:"), "model 'long' is there twice"),
        (("period: [2000, 2009]", "period: [1980, 1990]"), "needed one or more"),
        (("name: ours", "name: ours\ngrid: of"), "which has no whole grid"),
    ],
)  # fmt: skip
def test_what_a_series_cannot_be_is_said(folder, change, said):
    (folder / "ours.yaml").write_text(FILE.replace(*change))
    found = soilsweep("evaluate", "ours.yaml")
    assert found.code == 2, found.out
    assert said in found.err


REAL = f"""\
version: 1
name: globe
models:
  trendy: {{outputs: {{rh: {{reader: model_series, path: {DATA}/trendy_v9_s2/annual_global.csv,
           value: Rh, units: Pg C yr-1}}}}}}
  cmip6: {{outputs: {{rh: {{reader: model_series, units: g C yr-1,
          path: {DATA}/benchmarks/cmip6_rh_global_1980-2015.csv}}}}}}
evaluation:
  benchmarks:
    hashimoto: {{output: rh, scores: [bias, rmse, crmse, r, sd_ratio, trend, r_detrended],
                observed: {{reader: global_series, path: {DATA}/benchmarks/hashimoto2015_rh.txt,
                           units: Pg C yr-1}}}}
    tang: {{output: rh, scores: [bias, rmse, crmse, r, sd_ratio, trend, r_detrended],
           observed: {{reader: global_series, path: {DATA}/benchmarks/tang2020_rh.txt,
                      units: Pg C yr-1}}}}
    of_1990: {{output: rh, compare: total, value: 47 Pg C yr-1, period: [1990, 2010],
              scores: [total]}}
store: globe.zarr
"""
SLOPES = {"hashimoto": 0.06342204, "tang": 0.03659130}
INTERANNUAL = {
    ("hashimoto", "JULES-ES-1p0"): (
        *(4.668658, 4.759924, 0.927636, 0.783807, 2.309988, 0.159869, 0.453584),
    ),
    ("hashimoto", "VISIT"): (
        *(-8.686832, 8.701828, 0.510648, 0.798513, 1.476979, 0.117828, 0.423854),
    ),
    ("hashimoto", "CNRM-ESM2-1"): (
        *(-8.839063, 8.854518, 0.522923, 0.706939, 1.309006, 0.105528, -0.013603),
    ),
    ("hashimoto", "IPSL-CM6A-LR"): (
        *(-6.208584, 6.245623, 0.679180, 0.776285, 1.804858, 0.151805, 0.401787),
    ),
    ("tang", "JULES-ES-1p0"): (
        *(-1.380023, 2.017034, 1.471041, 0.686166, 3.049521, 0.157211, 0.274469),
    ),
    ("tang", "VISIT"): (
        *(-14.615562, 14.637923, 0.808776, 0.761623, 1.956774, 0.105623, 0.670783),
    ),
}
OF_1990 = {
    "ACCESS-ESM1-5": 59.578860, "CESM2": 40.942408, "CESM2-WACCM-FV2": 42.582629,
    "CNRM-CM6-1": 48.505576, "IPSL-CM6A-LR": 45.158252, "NorCPM1": 29.628851,
    "NorESM2-LM": 39.461844, "SAM0-UNICON": 44.354874,
}  # fmt: skip


@needs_data
def test_models_of_trendy_and_cmip6_against_two_products(tmp_path, monkeypatch):
    # evaluation.md T7.2 (R) and T1d; slopes stand there as the model's own.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "globe.yaml").write_text(REAL)
    said = soilsweep("evaluate", "globe.yaml")
    assert said.code == 0, said.err
    found = xr.open_datatree("globe.zarr", engine="zarr")["evaluation"].to_dataset().load()
    scores = ("bias", "rmse", "crmse", "r", "sd_ratio", "trend", "r_detrended")
    for (product, model), values in INTERANNUAL.items():
        row = found.sel(model=model)
        mine = [row[f"{product}_{score}"].item() for score in scores]
        mine[5] += SLOPES[product]
        assert mine == pytest.approx(values, rel=2e-5, abs=1e-6), (product, model)
    assert len(found["model"]) == 2 + 15
    for model, total in OF_1990.items():
        assert found.of_1990_total.sel(model=model).item() == pytest.approx(total, abs=2e-6), model
    # T1c: mean, standard deviation, slope with its interval, share of variance, Theil-Sen.
    lines = [line for line in said.out.splitlines() if line.startswith("tang ")]
    row = next(line for line in lines if "1980-2016" in line)
    told = (
        "1980-2016 37 57.211 0.6031 0.0365913 0.0144183 0.431301 0.0361613 [0.0223412, 0.0512833]"
    )
    assert row.split()[1:] == told.split()
    assert "has 12 of 21 years that are compared, and no rank (of CESM2-WACCM-FV2)" in said.out
