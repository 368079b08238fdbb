"""Cross-validation on real records, from SRDB and the grid to scores, as a person does it."""

import numpy as np
import pytest
from commandline import soilsweep
from support import DATA, needs_data

import ensemble
from ensemble.tables.validation import pooled_scores

pytest.importorskip("quantile_forest", reason="needs the extra 'forest'")

TEXT = """
version: 1
name: validated
kernel: {name: forest_validation, training: training_rh.csv%s}
forcing: {reader: training_records, path: training_rh.csv}
design: {method: grid, parameters: {repeat: [%s]}}
outputs: {observed: all, %s}
"""
KINDS = ("random", "climate", "study", "block")

SCORED = {"random": (0.482, 0.02), "climate": (0.485, 0.02), "study": (0.162, 0.03),
          "block": (0.116, 0.05)}  # fmt: skip
"""NSE over repeats, and how far a mean over ten may lie from it."""

COVERED = {"random": (0.522, 0.796, 0.907), "study": (0.412, 0.747, 0.876),
           "block": (0.486, 0.817, 0.934)}  # fmt: skip
"""What intervals of 50, 80 and 95 % hold in one repeat, of 200 trees and nodes of ten."""

ENDS = (("q25", "q75"), ("q10", "q90"), ("q025", "q975"))


def validated(options, repeats, outputs):
    """Return what a run holds of the first forcing, outputs by name."""
    assert soilsweep("prepare", "forest", "--data", str(DATA)).code == 0
    with open("cv.yaml", "w") as file:
        kept = ", ".join(f"{name}: all" for name in outputs)
        file.write(TEXT % (options, ", ".join(map(str, repeats)), kept))
    said = soilsweep("run", "cv.yaml", "--store", "cv.zarr")
    assert said.code == 0, said.err
    with ensemble.open_run("cv.zarr") as found:
        assert (found["status"] == 0).all()
        return {n: found[n][0].to_numpy().astype(float) for n in ("observed", *outputs)}


@pytest.mark.acceptance
@needs_data
def test_scores_by_folds_are_those_of_the_specification(tmp_path, monkeypatch, record_property):
    monkeypatch.chdir(tmp_path)
    found = validated("", range(10), ["held_out"])
    n, scores = pooled_scores(found["held_out"], found["observed"])
    assert (n == 667).all()
    means = dict(zip(KINDS, scores["nse"].mean(axis=1), strict=True))
    for k, kind in enumerate(KINDS):
        values = ", ".join(f"{name} {v[k].mean():.3f} +- {v[k].std(ddof=1):.3f}"
                           for name, v in scores.items())  # fmt: skip
        record_property("measured", f"{kind}: {values}")
        expected, far = SCORED[kind]
        np.testing.assert_allclose(means[kind], expected, atol=far, err_msg=kind)
    assert min(means["random"], means["climate"]) > means["study"] > means["block"]
    # Folds with the same share of climates say nothing that random ones do not.
    assert abs(means["random"] - means["climate"]) < 0.02


@pytest.mark.acceptance
@needs_data
def test_intervals_hold_what_the_specification_says(tmp_path, monkeypatch, record_property):
    monkeypatch.chdir(tmp_path)
    options = ", trees: 200, split: 11, quantiles: [0.025, 0.1, 0.25, 0.75, 0.9, 0.975]"
    names = [f"held_out_{end}" for pair in ENDS for end in pair]
    found = validated(options, [0], names)
    for kind, expected in COVERED.items():
        k, held = KINDS.index(kind), []
        for low, high in ENDS:
            least, most = (found[f"held_out_{end}"][:, k, 0] for end in (low, high))
            held.append(
                ((least <= found["observed"][:, 0]) & (found["observed"][:, 0] <= most)).mean()
            )
        record_property(
            "measured", f"{kind}: {', '.join(f'{part:.3f}' for part in held)} of 50, 80, 95 %"
        )
        np.testing.assert_allclose(held, expected, atol=0.05 if kind == "study" else 0.03)
