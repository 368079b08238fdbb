"""Three land models of different size, growing unevenly, and three that die."""

import numpy as np
from stages import Example

years = np.arange(1901, 2019)
u = (years - 1901) / 117
size = np.array([[0.3], [1.0], [1.7]])
wobble = 1 + 0.02 * np.sin(np.outer([3.0, 5.0, 7.0], years))
c_veg, c_soil = 450 * size * (1 + 0.2 * u) * wobble, 1200 * size * (1 + 0.05 * u**2)
npp = 75 * size * (1 + 0.2 * u)
rh = npp * (0.9 + 0.05 * wobble)
dying = {
    "npp": 0.0 * npp,
    "c_veg_model": 450 * size * 0.9 ** (years - 1901),
    "c_soil_model": 1200 * size * 0.95 ** (years - 1901),
}
dying["rh"] = 0.05 * dying["c_soil_model"]
drivers = {"npp": npp, "rh": rh, "c_veg_model": c_veg, "c_soil_model": c_soil}
EXAMPLE = Example(drivers, {"year": years}, dying)
