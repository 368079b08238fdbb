"""Runs of a kernel whose totals are known: its respiration is the forcing's times a parameter."""

import nc_files as nc
from commandline import soilsweep

TEXT = """\
version: 1
name: respired
kernel: models.respired
forcing: {{reader: netcdf, name: other, path: {path}, variables: {{respired: {name}}}{more}}}
design: {{method: grid, parameters: {{factor: [0.5, 1.0, 1.5]}}}}
outputs: {{{outputs}}}
responses: {{rate: rh}}
aggregates: {{rate: [global]}}
"""


def run(folder, path="f.nc", name="rh", more="", outputs="rh: all"):
    """Return the store of a run."""
    text = TEXT.format(path=path, name=name, more=more, outputs=outputs)
    (folder / "s.yaml").write_text(text)
    said = soilsweep("run", folder / "s.yaml", "--store", folder / "run.zarr", "-q")
    assert said.code == 0, said.err
    return folder / "run.zarr"


def on_land(folder, **words):
    """Return the store of a run on 3 x 4 cells, of which a third of each is land."""
    made = nc.grid(nc.cells(3), unit="g C m-2 d-1")
    made.to_dataset(name="rh").to_netcdf(folder / "f.nc")
    return run(folder, more=", values: {landfrac: 0.333}", **words)
