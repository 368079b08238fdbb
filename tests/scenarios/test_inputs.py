"""A store keeps the small files its design reads, and runs from them alone."""

import numpy as np
from support import SMALL, plan

import ensemble
from ensemble.members.reopening import open_work
from ensemble.store.reading import read

DESIGN = SMALL[SMALL.index("design:") : SMALL.index("seed:")]
TABLE = """design:
  cross:
    - {method: table, path: tables/veg.csv, columns: {tau_veg_obs: tau}}
    - {method: monte_carlo, n: 5, parameters: {tau_soil_obs: {normal: [38.3, 11], lower: 2}}}
"""


def test_a_table_design_is_kept_in_the_store(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "veg.csv").write_text("tau\n8.5\n10.25\n12\n")
    planned = plan(tmp_path, text=SMALL.replace(DESIGN, TABLE))
    outcome = ensemble.run(planned)
    stored = ensemble.open_run(outcome.path)["tau_veg_obs"].values
    np.testing.assert_array_equal(stored, np.repeat([8.5, 10.25, 12.0], 5))
    (tmp_path / "tables" / "veg.csv").unlink()
    again = open_work(read(outcome.path)).open()((0, 0, 0))
    np.testing.assert_array_equal(again.arrays["tau_veg_obs"], stored)
