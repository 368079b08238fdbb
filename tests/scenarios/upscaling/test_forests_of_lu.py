"""`lu2021-forest` on real data, from SRDB and the grid to totals, as a person does it."""

import pytest
from commandline import soilsweep
from support import DATA, needs_data

import ensemble

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

ACCEPTED = {"rh": (48, 54), "rs": (84, 90), "ra": (32, 40)}
"""Pg C yr-1: what the mean of draws may be, by forests of four libraries."""

SPREAD = (1.3, 2.8)
"""Pg C yr-1: 2.0 of totals of rh, within three standard errors of 40 draws."""


@pytest.mark.acceptance
@needs_data
def test_draws_have_the_totals_of_other_libraries(tmp_path, monkeypatch, record_property):
    monkeypatch.chdir(tmp_path)
    for flux in ("rh", "rs"):
        said = soilsweep("prepare", "forest", "--data", str(DATA), "--flux", flux)
        assert said.code == 0, said.err
    said = soilsweep(
        "run", "lu2021-forest", "--data", str(DATA), "--store", "lu.zarr",
        "--set", f"kernel.training={tmp_path}/training_rh.csv",
        "--set", f"kernel.soil_respiration={tmp_path}/training_rs.csv", "--set", "design.n=40",
    )  # fmt: skip
    assert said.code == 0, said.err
    with ensemble.open_run("lu.zarr") as tree:
        totals = {flux: tree[f"aggregates/{flux}_global"].load() for flux in ACCEPTED}
        below = float((tree["statistics/ra_mean"] < 0.0).mean())
    measured = {flux: (t.mean().item(), t.std(ddof=1).item()) for flux, t in totals.items()}
    text = ", ".join(f"{flux} {mean:.2f} +- {sd:.2f}" for flux, (mean, sd) in measured.items())
    record_property("measured", f"totals: {text} Pg C yr-1, {below:.4f} of cells have ra below 0")
    for flux, (low, high) in ACCEPTED.items():
        assert totals[flux].attrs["units"] == "Pg C yr-1"
        assert low < measured[flux][0] < high
    assert SPREAD[0] < measured["rh"][1] < SPREAD[1]
    # Drawn apart: the variance of a difference is the sum of the two.
    apart = measured["rh"][1] ** 2 + measured["rs"][1] ** 2
    assert 0.5 < measured["ra"][1] ** 2 / apart < 1.5
