"""Runs whose designs are extended in tests."""

from support import run

from ensemble.store.reading import read

TEXT = """\
version: 1
name: growing
kernel: two_box
forcing: {{reader: synthetic_models, n: 2}}
# the design of a first look
design:
  {design}
  parameters: {{tau_veg_obs: {{uniform: [6, 15]}}, tau_soil_obs: {{uniform: [20, 60]}}}}
seed: 5   # of the rows
{outputs}
responses:
  d_soil: {{output: c_soil, change: [1901, 2018]}}
{statistics}
{more}
"""
DESIGNS = {
    "morris": "method: morris\n  trajectories: 20\n  levels: 8",
    "sobol": "method: sobol\n  n: 16\n  second_order: true",
}
STATISTICS = {
    "morris": "statistics: {c_soil: [mean, mu_star, mu_star_conf, theta], d_soil: [std]}",
    "sobol": "statistics: {c_soil: [mean, ST, ST_conf, S2], d_soil: [std]}",
}


def text(method, *, outputs="outputs: {c_soil: last}", statistics=None, more=""):
    inside = STATISTICS[method] if statistics is None else statistics
    return TEXT.format(design=DESIGNS[method], outputs=outputs, statistics=inside, more=more)


def from_the_start(tmp_path, path):
    """Run the scenario that an extended store holds, anew."""
    words = read(path).attrs["scenario"]
    return run(tmp_path, text=words, store="straight.zarr")[1].path
