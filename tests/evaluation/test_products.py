"""Products beside models: their median, their scores, their totals; models on one grid."""

import json

import netCDF4
import numpy as np
import pytest
import xarray as xr
from benchmark_law import maps
from benchmark_law.example import GRID, run
from commandline import soilsweep
from gridded import forcing as data
from support import DATA, give, needs_data

from ensemble.members.benchmarks.parts.lattices import cells_of
from ensemble.members.stored import read_ensemble
from ensemble.scores.products import best_estimate
from ensemble.scores.skill import compared
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.scores import score_tables
from scenarios.forcing import Locations

FILE = """\
version: 1
name: ours
models:
  a: {outputs: {rh: {reader: netcdf_map, path: a.nc, land_fraction: 0.5}}}
  b: {outputs: {rh: {reader: netcdf_map, path: b.nc, land_fraction: 1}}}
  both: {mean_of: [a, b]}
grid: a
evaluation:
  products: {rh: [p, q, r]}
  benchmarks:
    p: {output: rh, observed: {reader: netcdf_map, path: p.nc, land_fraction: 1}}
    q: {output: rh, observed: {reader: netcdf_map, path: q.nc, land_fraction: 1}}
    r: {output: rh, observed: {reader: netcdf_map, path: r.nc, land_fraction: 1}}
    globe: {compare: total, output: rh, value: 100 Pg C yr-1}
store: ours.zarr
"""
DRAWN = np.random.default_rng(5)


def write(path, values):
    """Write rates of cells that cover the Earth, rows from the south."""
    rows, columns = values.shape
    step, wide = 180 / rows, 360 / columns
    with netCDF4.Dataset(path, "w") as file:
        for dim, middles, unit in (
            ("lat", -90 + step * (np.arange(rows) + 0.5), "degrees_north"),
            ("lon", wide * (np.arange(columns) + 0.5), "degrees_east"),
        ):
            file.createDimension(dim, len(middles))
            made = file.createVariable(dim, "f8", (dim,))
            made.units = unit
            made[:] = middles
        made = file.createVariable("rh", "f8", ("lat", "lon"))
        made.units = "g C m-2 yr-1"
        made[:] = values


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, shape in {
        "a": (6, 12),
        "b": (9, 18),
        "p": (12, 24),
        "q": (6, 12),
        "r": (6, 12),
    }.items():
        write(tmp_path / f"{name}.nc", DRAWN.gamma(2, 200, shape))
    (tmp_path / "ours.yaml").write_text(FILE)
    return tmp_path


def evaluated(folder, text=FILE):
    (folder / "ours.yaml").write_text(text)
    said = soilsweep("evaluate", "ours.yaml")
    assert said.code == 0, said.err
    found = xr.open_datatree(folder / "ours.zarr", engine="zarr")
    return said.out, found["evaluation"].to_dataset().load(), read(folder / "ours.zarr").attrs


def test_products_stand_beside_models_on_their_grid(folder):
    said, found, attrs = evaluated(folder)
    assert found["model"].values.tolist() == ["a", "b", "both", "p", "q", "r"]
    assert [m for m, one in attrs["models"].items() if one["product"]] == ["p", "q", "r"]
    assert np.isnan(found.p_bias.sel(model="p"))
    maps_ = {n: xr.open_dataset(folder / f"{n}.nc").rh.to_numpy() for n in "aqr"}
    fine = xr.open_dataset(folder / "p.nc").rh.to_numpy()
    rows = np.sin(np.radians(np.linspace(-90, 90, 13)))
    weight = np.diff(rows)[:, None] * np.ones(24)
    coarse = (fine * weight).reshape(6, 2, 12, 2).sum(axis=(1, 3))
    areas = weight.reshape(6, 2, 12, 2).sum(axis=(1, 3))
    products = np.stack([coarse / areas, maps_["q"], maps_["r"]])
    b, mad, _ = best_estimate(products)
    for name, values in {"a": maps_["a"], "q": maps_["q"]}.items():
        expected = compared(values.reshape(-1), b.reshape(-1), areas.reshape(-1))
        row = found.sel(model=name)
        assert row.products_rh_bias.item() == pytest.approx(expected.sums.bias.item(), rel=1e-10)
        assert row.products_rh_r.item() == pytest.approx(
            expected.sums.correlation.item(), rel=1e-10
        )
        inside = areas[np.abs(values - b) <= mad].sum() / areas.sum()
        assert row.products_rh_within.item() == pytest.approx(inside, rel=1e-10)
    about = attrs["products"]["rh"]
    sphere = 4 * np.pi * 6.371e6**2
    total = (b * areas).sum() / areas.sum() * sphere * 1e-15
    assert about["best"]["value"] == pytest.approx(total, rel=1e-10)
    assert about["mean_mad"] == pytest.approx((mad * areas).sum() / areas.sum(), rel=1e-10)
    totals = sorted((one * areas).sum() / areas.sum() * sphere * 1e-15 for one in products)
    assert about["median"] == pytest.approx(totals[1], rel=1e-10)
    assert about["mad"] == pytest.approx(min(np.diff(totals)), rel=1e-10)
    assert "total of the median of cells" in said
    plain = soilsweep("evaluate", "ours.yaml", "--json")
    of = [(one["model"], one["benchmark"]) for one in json.loads(plain.out)["scores"]]
    assert ("p", "q") in of
    assert ("p", "p") not in of


def test_a_grid_of_its_own_changes_no_total_and_the_mean_is_of_all(folder):
    _, found, _ = evaluated(folder)
    _, alone, _ = evaluated(folder, FILE.replace("grid: a\n", "").replace(
        "  both: {mean_of: [a, b]}\n", ""))  # fmt: skip
    for model in "ab":
        one, other = (f.globe_bias.sel(model=model).item() for f in (found, alone))
        assert one == pytest.approx(other, rel=1e-10)
    # a has half the land of b, and the mean of both has the mean of their land.
    assert np.isfinite(found.globe_bias.sel(model="both"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[p, q, r]", "[p, q, s]"), "no other benchmark 's'"),
        (("[p, q, r]", "[p]"), "needed two or more, each once"),
        (("[p, q, r]", "[p, q, globe]"), "'globe' has no observed: of its own"),
        (("grid: a", "grid: c"), "grid: no model 'c'"),
        (("grid: a", ""), "have no cell in common; say grid:"),
        (("mean_of: [a, b]", "mean_of: [a, c]"), "mean_of: no other model 'c'"),
        (("    p: {", "    a: {"), "no other benchmark 'p'"),
        (("path: r.nc, land_fraction: 1", "path: r.nc"), "r: has no land fraction"),
    ],
)
def test_what_is_not_there_is_said_at_once(folder, change, said):
    (folder / "ours.yaml").write_text(FILE.replace(*change))
    found = soilsweep("evaluate", "ours.yaml")
    assert found.code == 2, found.out
    assert said in found.err
    assert not (folder / "ours.zarr").exists()


def test_members_of_a_run_have_products_beside_them(tmp_path, monkeypatch):
    give(monkeypatch, [data.forcing(locations=data.cells(30))])
    maps.write(tmp_path)
    words = {"output": "rh", "observed": maps.read("one")}
    other = {"two": {"output": "rh", "observed": maps.read("two")}}
    path = run(tmp_path, "map", GRID, words, other, products={"rh": ["it", "two"]})
    tree = xr.open_datatree(path, engine="zarr")["evaluation"]
    assert {"products_rh_bias", "products_rh_within", "it_rmse"} <= {*tree.data_vars}
    # Of two products the median is the mean: one lies as far above it as the other below.
    held = tree["products_rh"]
    assert held["product"].to_numpy().tolist() == ["it", "two"]
    bias = held["of_products_bias"].to_numpy()[:, 0]
    assert bias[0] == pytest.approx(-bias[1], rel=1e-9)
    assert abs(bias[0]) > 0
    np.testing.assert_array_equal(held["of_products_within"].to_numpy()[:, 0], 1)
    assert held["count"].to_numpy().tolist() == [2] * 30
    assert tree["two"]["product"].to_numpy().tolist() == ["it"]
    apart = tree["two"]["of_products_bias"].to_numpy()[0, 0]
    assert apart == pytest.approx(2 * bias[0], rel=1e-9)
    table = next(
        one for one in score_tables(Results(read_ensemble(path))) if one.title == "against two"
    )
    row = next(row for row in table.rows if row[1] == "it (product)")
    assert row[:3] == ["bias [g C m-2 yr-1]", "it (product)", "all locations"]
    assert float(row[3]) == pytest.approx(apart, abs=0.01)


def test_cells_of_points_are_none():
    assert cells_of(Locations(("a",), {"lat": np.zeros(1)})) is None


@pytest.mark.slow
@needs_data
def test_three_models_three_products_and_the_mean_of_models(tmp_path, monkeypatch):
    # evaluation.md 5.4 and T5b, of R to their last digit; rates in kg, as CARDAMOM has them.
    monkeypatch.chdir(tmp_path)
    said = soilsweep("evaluate", "guenet2024", "--data", DATA, "--set", "common=false")
    assert said.code == 0, said.err
    tree = xr.open_datatree("runs/guenet2024-data.zarr", engine="zarr")
    found = tree["evaluation"].to_dataset()
    models = ["BCC-CSM2-MR", "CNRM-ESM2-1", "IPSL-CM6A-LR"]
    assert found.total_total.sel(model=models).values == pytest.approx(
        [52.481174, 43.254153, 44.906194], abs=1e-6
    )
    expected = {
        "bias": (50.714793e-3, -28.444886e-3, -10.449972e-3, 3.938106e-3),
        "rmse": (275.820366e-3, 182.535908e-3, 175.130562e-3, 142.647336e-3),
        "crmse": (271.117841e-3, 180.305979e-3, 174.818511e-3, 142.592965e-3),
        "r": (0.701992, 0.676203, 0.858301, 0.861466),
        "r2": (0.492792, 0.457250, 0.736681, 0.742124),
        "kge": (-0.119081, 0.487332, 0.274825, 0.486426),
        "nse": (-1.463182, -0.079061, 0.006612, 0.340978),
    }
    four = found.sel(model=[*models, "mean"])
    for name, values in expected.items():
        assert four[f"products_rh_{name}"].values == pytest.approx(values, rel=1e-5, abs=1e-6), name
    inside = found.products_rh_within.sel(model=models).values
    assert inside == pytest.approx([0.28117, 0.27349, 0.24719], abs=6e-6)
    # Cells that count the same: up to 3 of the specification's are slivers and not there.
    counted = found.sel(model=models)
    assert counted.products_rh_n.values.tolist() == [8411 - 3, 8368 - 1, 8378 - 2]
    cells = counted.products_rh_within_cells.values
    assert (np.abs(cells - (2406, 2453, 2213)) <= 3).all()
    for name, values, tolerance in (
        ("bias", (35.796314e-3, -8.659948e-3, -36.942852e-3), 1e-4),
        ("rmse", (252.810102e-3, 164.843814e-3, 158.587669e-3), 4e-4),
        ("r2", (0.518152, 0.515736, 0.734383), 2e-3),
    ):
        plain = counted[f"products_rh_{name}_unweighted"].values
        assert plain == pytest.approx(values, abs=tolerance), name
    # T6c: two products against the third, in the same table.
    two = found.sel(model=["climate_h", "climate_r"])
    assert two.cardamom_rmse.values == pytest.approx([0.252858413, 0.247916535], rel=1e-6)
    assert two.cardamom_r.values == pytest.approx([0.744249, 0.779919], abs=1e-6)
    about = read(tmp_path / "runs" / "guenet2024-data.zarr").attrs["products"]["rh"]
    assert (about["median"], about["mad"]) == pytest.approx((51.800430, 3.047504), abs=1e-6)
    assert about["best"]["value"] == pytest.approx(46.287907, abs=1e-6)
    assert about["best"]["land"] / 1e12 == pytest.approx(121.2732, abs=5e-5)
    assert about["mean_mad"] * 1000 == pytest.approx(61.705936, abs=1e-5)
