"""What the benchmarks compare with: the tau job without this program, as well as we can write it.

Every reference reads the same turnover times and the same rows as ours, so that its values
are ours to rounding and a benchmark may assert it.
"""

import ctypes
import os
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
from benchmarks.by_hand import diagnose, shifts, two_box

C_LOOP = r"""
/* All members of one land model; members innermost in blocks that stay in the first-level cache. */
enum { BLOCK = 512 };

void two_box(long years, long samples, const double *restrict npp, const double *restrict tau_veg,
             const double *restrict tau_soil, const double *restrict veg_shift,
             const double *restrict soil_shift, double *restrict veg_last,
             double *restrict soil_last)
{
    for (long start = 0; start < samples; start += BLOCK) {
        long width = samples - start < BLOCK ? samples - start : BLOCK;
        double veg[BLOCK], soil[BLOCK];
        for (long i = 0; i < width; i++) {
            veg[i] = npp[0] * (tau_veg[0] + veg_shift[start + i]);
            soil[i] = npp[0] * (tau_soil[0] + soil_shift[start + i]);
        }
        for (long t = 1; t < years; t++) {
            double p = npp[t], a0 = tau_veg[t], b0 = tau_soil[t];
            for (long i = 0; i < width; i++) {
                double a = a0 + veg_shift[start + i], b = b0 + soil_shift[start + i];
                double grown = veg[i] + p, v = grown * (a / (1.0 + a));
                soil[i] = (soil[i] + (grown - v)) * (b / (1.0 + b));
                veg[i] = v;
            }
        }
        for (long i = 0; i < width; i++) {
            veg_last[start + i] = veg[i];
            soil_last[start + i] = soil[i];
        }
    }
}
"""

gcc = shutil.which("gcc")


@dataclass(frozen=True)
class Job:
    """Land models and members: arrays are (models, T), (models, S) and (T,)."""

    names: tuple
    years: np.ndarray
    npp: np.ndarray
    tau_veg: np.ndarray
    tau_soil: np.ndarray
    veg_shift: np.ndarray
    soil_shift: np.ndarray

    @property
    def shape(self):
        return len(self.npp), len(self.years), self.veg_shift.shape[1]

    def arguments(self, m):
        series = (self.npp, self.tau_veg, self.tau_soil, self.veg_shift, self.soil_shift)
        return tuple(array[m] for array in series)


def drivers(plan):
    """Return the land models' own series, (models, T), by the names that by_hand reads."""
    names = {"npp": "npp", "c_veg": "c_veg_model", "c_soil": "c_soil_model"}
    found = {n: np.concatenate([d[o] for d in plan.experiment.drivers]) for n, o in names.items()}
    return {**found, "years": plan.experiment.years}


def job(plan):
    """Return the job that a plan of the tau-constraint scenario describes."""
    given = drivers(plan)
    tau_veg, tau_soil = diagnose(given["npp"], given["c_veg"], given["c_soil"])
    design = plan.layout.sampler.first
    rows = design.rows(0, design.size)
    years = given["years"]
    return Job(
        plan.experiment.forcings,
        years,
        given["npp"],
        tau_veg,
        tau_soil,
        np.ascontiguousarray(shifts(tau_veg, years, rows["tau_veg_obs"])),
        np.ascontiguousarray(shifts(tau_soil, years, rows["tau_soil_obs"])),
    )


def c_kernel(folder):
    """Compile the C loop and return ``run(job)``: pools of the last year (2, models, S)."""
    source, library = folder / "two_box.c", folder / "two_box.so"
    source.write_text(C_LOOP)
    flags = ["-O3", "-march=native", "-shared", "-fPIC"]
    subprocess.run([gcc, *flags, "-o", str(library), str(source)], check=True)
    function = ctypes.CDLL(str(library)).two_box
    function.restype = None

    def run(job):
        models, years, samples = job.shape
        last = np.empty((2, models, samples))
        for m in range(models):
            arrays = (*job.arguments(m), *last[:, m])
            places = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
            function(ctypes.c_long(years), ctypes.c_long(samples), *places)
        return last

    return run


def np_save(job, folder, *, sync):
    """Run the hand-written kernel and save each model's stocks, float32 (T, S)."""
    folder.mkdir()
    c_veg, c_soil = np.empty((2, *job.shape[1:]), dtype=np.float32)
    for m, name in enumerate(job.names):
        two_box(*job.arguments(m), c_veg, c_soil)
        for kind, values in (("c_veg", c_veg), ("c_soil", c_soil)):
            with open(folder / f"{name}_{kind}.npy", "wb") as file:
                np.save(file, values)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())


def read_np_save(job, folder):
    """Return what `np_save` wrote, by output (models, T, S)."""
    kinds = ("c_veg", "c_soil")
    return {k: np.stack([np.load(folder / f"{n}_{k}.npy") for n in job.names]) for k in kinds}


def _codec():
    from zarr.codecs import BloscCodec

    return BloscCodec(cname="lz4", clevel=5, shuffle="shuffle")


def zarr_by_hand(job, folder):
    """Run the hand-written kernel and assign each model's stocks to its zarr chunk."""
    import zarr

    group = zarr.create_group(folder)
    like = {"shape": job.shape, "chunks": (1, *job.shape[1:]), "dtype": "float32"}
    targets = [group.create_array(n, compressors=_codec(), **like) for n in ("c_veg", "c_soil")]
    c_veg, c_soil = np.empty((2, *job.shape[1:]), dtype=np.float32)
    for m in range(len(job.names)):
        two_box(*job.arguments(m), c_veg, c_soil)
        targets[0][m], targets[1][m] = c_veg, c_soil


def read_zarr(folder):
    """Return c_veg and c_soil of a zarr group, (models, T, S)."""
    import zarr

    group = zarr.open_group(folder, mode="r")
    return {name: group[name][:] for name in ("c_veg", "c_soil")}


def xarray_dask(job, folder):
    """Map the kernel over models with dask inside xarray and write with ``to_zarr``."""
    import xarray as xr

    def series(values):
        return xr.DataArray(values, dims=("model", "time"), coords={"time": job.years})

    def rows(values):
        return xr.DataArray(values, dims=("model", "sample"))

    given = xr.Dataset(
        {
            "npp": series(job.npp),
            "tau_veg": series(job.tau_veg),
            "tau_soil": series(job.tau_soil),
            "veg_shift": rows(job.veg_shift),
            "soil_shift": rows(job.soil_shift),
        }
    ).chunk(model=1)

    def run(*arrays):
        c_veg, c_soil = np.empty((2, 1, *job.shape[1:]), dtype=np.float32)
        two_box(*(np.ascontiguousarray(array[0]) for array in arrays), c_veg[0], c_soil[0])
        return c_veg, c_soil

    stocks = xr.apply_ufunc(
        run,
        *(given[name] for name in ("npp", "tau_veg", "tau_soil", "veg_shift", "soil_shift")),
        input_core_dims=[["time"]] * 3 + [["sample"]] * 2,
        output_core_dims=[["time", "sample"]] * 2,
        dask="parallelized",
        output_dtypes=[np.float32] * 2,
    )
    out = xr.Dataset(dict(zip(("c_veg", "c_soil"), stocks, strict=True)))
    encoding = {"compressors": (_codec(),), "chunks": (1, *job.shape[1:])}
    out.to_zarr(folder, zarr_format=3, consolidated=False, encoding=dict.fromkeys(out, encoding))
