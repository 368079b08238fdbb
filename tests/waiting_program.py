"""A program whose members wait for the file that ``GO`` names, but for the first of each block."""

import stat

MODEL = """#!/bin/sh
. ./x.txt
case $x in 0|4) sleep 1.1;; *) until [ -e "$GO" ]; do sleep 0.1; done;; esac
printf 'year,y\\n2000,%s\\n2001,%s\\n' "$x" "$x" > y.csv
"""
"""Of each block of four the first member takes a second, and the others wait for a file."""

SCENARIO = """version: 1
name: waits
kernel:
  command: [./model.sh]
  time_limit: 600
  inputs: {x.txt: x.template}
  parameters: {x: {units: "1", default: 0, lower: 0, upper: 10}}
  drivers: {driver: {units: "1", file: drivers.csv}}
  outputs: {y: {units: "1", file: y.csv}}
forcing: {reader: annual_table, path: drivers.csv, units: {driver: "1"}}
design: {method: grid, parameters: {x: {values: [0, 1, 2, 3, 4, 5, 6, 7]}}}
outputs: {y: all}
block: {sample: 4}
"""


def write(folder):
    """Write the program and its scenario; return the latter's file."""
    (folder / "drivers.csv").write_text("model,year,driver\nm,2000,1.0\nm,2001,2.0\n")
    (folder / "x.template").write_text("x={{x:int}}\n")
    program = folder / "model.sh"
    program.write_text(MODEL)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (folder / "waits.yaml").write_text(SCENARIO)
    return folder / "waits.yaml"
