"""Two rows of four cells, one masked."""

import numpy as np
from forcing_law.example import Example


def write(folder):
    values = np.arange(8.0).reshape(2, 4) / 4
    np.save(folder / "rh.npy", values)
    np.save(folder / "mask.npy", values == 0.5)


EXAMPLE = Example(
    write,
    {
        "path": "rh.npy",
        "mask": "mask.npy",
        "units": "kg C m-2 yr-1",
        "grid": {"rows": 2, "columns": 4, "first_longitude": -135},
    },
    files={"path": ["rh.npy", "mask.npy"]},
)
