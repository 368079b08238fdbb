"""Scenarios of the misbehaving kernel: a grid, and a Morris design, which can be extended.

Members are scored as they run, so that whatever is done to a run is done to its scores, too.
"""

GROWING = """
version: 1
name: misbehaving
kernel: {{name: misbehaving.model, bend: 0.01}}
forcing: {{reader: annual_table, path: drivers.csv, units: {{driver: "1"}}}}
design:
  method: morris
  trajectories: {trajectories}
  levels: 8
  parameters: {{x: {{uniform: [0, 100]}}}}
seed: 5
evaluation:
  benchmarks: {{level: {{compare: total, output: y, value: 2 1, scores: [bias, total]}}}}
outputs: {{y: all}}
responses: {{y_end: {{output: y, at: 2001}}}}
statistics: {{y: [mean, mu_star, mu_star_conf], level_bias: [mean, mu_star]}}
block: {{sample: {block}}}
"""
TEXT = """
version: 1
name: misbehaving
kernel: misbehaving.model
forcing: {{reader: annual_table, path: drivers.csv, units: {{driver: "1"}}}}
design: {{method: grid, parameters: {{x: {{linspace: [0, {upper}, {n}]}}}}}}
evaluation:
  benchmarks: {{level: {{compare: total, output: y, value: 2 1, scores: [bias, total]}}}}
outputs: {{y: all}}
responses: {{y_end: {{output: y, at: 2001}}}}
statistics: {{y: [mean, max], level_bias: [mean, q50]}}
block: {{sample: {block}}}
execution: {execution}
"""


def write(folder, *, n=100_000, block=10_000, execution="{backend: local}"):
    """Write the scenario; x is the number of the sample."""
    return _write(folder, TEXT.format(n=n, upper=n - 1, block=block, execution=execution))


def write_growing(folder, *, trajectories, block):
    """Write the scenario whose design can grow; a trajectory has two rows."""
    return _write(folder, GROWING.format(trajectories=trajectories, block=block))


def _write(folder, text):
    rows = "model,year,driver\nm,2000,1.0\nm,2001,2.0\n"
    (folder / "drivers.csv").write_text(rows)
    file = folder / "misbehaving.yaml"
    file.write_text(text)
    return file
