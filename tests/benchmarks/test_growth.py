"""Time and memory of runs that grow: members, locations, years, blocks; statistics alone are kept.

``pytest tests/benchmarks/test_growth.py --benchmark-enable`` prints a line for each size; without
the option each grows from small to less small. Memory is the peak of the run above its process'.
"""

import numpy as np
from benchmarks.test_scale import MEGABYTE, in_process, megabytes, scenario

SMALL = 32
"""Of whatever grows, in the run that loads all code."""

FLAT = 200 * MEGABYTE
"""What a run holds at most above its process, however many members, years or blocks it has."""

SITES = """
version: 1
name: sites
kernel: {name: mimics}
forcing: {reader: site_table, path: sites.csv, location: site, values: {depth: 30}}
design: {method: latin_hypercube, n: 4, parameters: {beta: {uniform: [1.1, 2.0]}}}
seed: 11
outputs: {}
statistics: {soc_stock: [mean, std, q05, q50, q95]}
"""

YEARS = """
version: 1
name: years
kernel: {name: two_box, reference: [1901, 1909]}
forcing:
  reader: annual_table
  path: years.csv
  units: {npp: Pg C yr-1, rh: Pg C yr-1, c_veg_model: Pg C, c_soil_model: Pg C}
design:
  method: monte_carlo
  n: 10000
  parameters: {tau_soil_obs: {normal: [38.3, 3.0], lower: 20}}
seed: 1
statistics: {c_soil: [mean, std, q05, q50, q95]}
"""


def grown(compare, folder, what, sizes, write):
    """Run a scenario in each size, in processes of their own; return what was measured of each."""
    found, small = [], folder / "small"
    small.mkdir()
    warm = write(small, SMALL)
    for size in sizes:
        inside = folder / f"{size}"
        inside.mkdir()
        one = in_process("run", write(inside, size), inside / "run.zarr", 1, warm)
        compare.measured(
            f"growth: {size:,} {what}, {one['members']:.0e} members, {one['blocks']:,} blocks",
            f"{one['seconds']:.2f} s",
            f"{megabytes(one['peak'])} at most, {one['seconds'] / size * 1e6:.3g} us each",
        )
        found.append(one)
    return found


def test_members(compare, tmp_path):
    def write(folder, members):
        return scenario(folder, models=16, samples=members // 16)

    exponents = range(4, 9) if compare.enabled else range(3, 5)
    sizes = [16 * (10**k // 16) for k in exponents]
    found = compare.once(lambda: grown(compare, tmp_path, "members", sizes, write))
    assert [one["members"] for one in found] == sizes
    assert max(one["peak"] for one in found) < FLAT


def test_locations(compare, tmp_path):
    """With quantiles; a gigabyte for a worker of 10^5 cells is most of what a node has for one."""
    sizes = [10**k for k in (range(2, 6) if compare.enabled else range(1, 3))]
    found = compare.once(lambda: grown(compare, tmp_path, "locations", sizes, sites))
    assert [one["members"] for one in found] == [4 * size for size in sizes]
    assert max(one["peak"] for one in found) < 1000 * MEGABYTE


def sites(folder, count):
    """Write a scenario of so many sites that are all different."""
    random = np.random.default_rng(3)
    columns = {
        "litter_input [g C m-2 yr-1]": random.uniform(70, 900, count),
        "annual_npp [g C m-2 yr-1]": random.uniform(70, 900, count),
        "soil_temperature [degC]": random.uniform(-5, 25, count),
        "clay [1]": random.uniform(0.05, 0.6, count),
        "lignin_n [1]": random.uniform(11, 21, count),
    }
    rows = np.stack(list(columns.values()), axis=1)
    lines = [",".join(["site", *columns])]
    lines += [f"s{k}," + ",".join(f"{v:.4f}" for v in row) for k, row in enumerate(rows)]
    (folder / "sites.csv").write_text("\n".join(lines))
    file = folder / "sites.yaml"
    file.write_text(SITES)
    return file


def test_years(compare, tmp_path):
    # Four digits is what a year has.
    sizes = [100, 1000, 8000] if compare.enabled else [20, 100]
    found = compare.once(lambda: grown(compare, tmp_path, "years", sizes, years))
    assert {one["members"] for one in found} == {10_000}
    assert max(one["peak"] for one in found) < FLAT


def years(folder, count):
    """Write a scenario of one model of so many years, near its steady state."""
    random = np.random.default_rng(4)
    npp = 60.0 + random.normal(0, 1, count)
    lines = ["model,year,npp,rh,c_veg_model,c_soil_model"]
    lines += [f"m,{1900 + k},{npp[k]:.3f},{npp[k]:.3f},600.0,1500.0" for k in range(count)]
    (folder / "years.csv").write_text("\n".join(lines))
    file = folder / "years.yaml"
    file.write_text(YEARS)
    return file


def test_blocks(compare, tmp_path):
    """Of one member each: what a block costs beside its members, while it runs and at the end."""

    def write(folder, blocks):
        rest = "block: {sample: 1}\nexecution: {sync: false}\nstatistics: {c_soil: [mean]}"
        return scenario(folder, models=1, samples=blocks, rest=rest)

    sizes = [10**k for k in (range(2, 5) if compare.enabled else range(1, 3))]
    found = compare.once(lambda: grown(compare, tmp_path, "blocks", sizes, write))
    assert [one["blocks"] for one in found] == sizes
    assert max(one["peak"] for one in found) < FLAT
