"""A scenario of the misbehaving kernel with exactly 100,000 members, in ten blocks of samples."""

TEXT = """
version: 1
name: misbehaving
kernel: misbehaving.model
forcing: {{reader: annual_table, path: drivers.csv, units: {{driver: "1"}}}}
design: {{method: grid, parameters: {{x: {{linspace: [0, {upper}, {n}]}}}}}}
outputs: {{y: all}}
responses: {{y_end: {{output: y, at: 2001}}}}
statistics: {{y: [mean, max]}}
block: {{sample: {block}}}
execution: {execution}
"""


def write(folder, *, n=100_000, block=10_000, execution="{backend: local}"):
    """Write the scenario; x is the number of the sample."""
    rows = "model,year,driver\nm,2000,1.0\nm,2001,2.0\n"
    (folder / "drivers.csv").write_text(rows)
    file = folder / "misbehaving.yaml"
    file.write_text(TEXT.format(n=n, upper=n - 1, block=block, execution=execution))
    return file
