"""Six records with the predictors of their cells."""

from forcing_law.example import Example

from kernels.forest.shared.predictors import CLASSES, NUMBERS, PREDICTORS, RECORD

HEADER = ["Record_number", "Study_number", "lat", "lon", "cell_lat", "cell_lon",
          *(f"{v.name} [{v.units}]" for v in NUMBERS), "veg", "class_area [m2]"]  # fmt: skip


def write(folder):
    lines = [",".join(HEADER)]
    for k, number in enumerate(("2", "7", "11", "3905.1", "41", "52")):
        place = [45.3 + k, 10.1 - 3 * k, 45.25 + k, 10.25 - 3 * k]
        values = [0.1 + 0.1 * k if v.name == "swc" else 1.5 + k for v in NUMBERS]
        lines.append(",".join(map(str, [number, k // 2, *place, *values, CLASSES[k], 1e12])))
    (folder / "t.csv").write_text("\n".join([*lines, ""]))


EXAMPLE = Example(write, {"path": "t.csv"}, (RECORD, *PREDICTORS), {"path": ["t.csv"]})
