#!/bin/bash
#SBATCH --job-name=soilsweep-run
#SBATCH --output=run.zarr/logs/%A_%a.log
#SBATCH --open-mode=append
#SBATCH --array=0-19
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=8192M
#SBATCH --time=240
#SBATCH --partition=long
#SBATCH --account=soil

export OMP_NUM_THREADS=1
export OPENBLAS_NUM_THREADS=1
export MKL_NUM_THREADS=1
export NUMBA_NUM_THREADS=1
export NUMBA_CACHE_DIR='/scratch/a b/compiled'

exec soilsweep worker run.zarr
