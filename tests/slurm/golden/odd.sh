#!/bin/bash
#SBATCH '--job-name=it'"'"'s odd # name'
#SBATCH '--output=a b/logs/%j.log'
#SBATCH --open-mode=append
#SBATCH --no-requeue
#SBATCH --signal=B:TERM@30
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=2048M
#SBATCH --time=1
#SBATCH --exclusive

export OMP_NUM_THREADS=1
export OPENBLAS_NUM_THREADS=1
export MKL_NUM_THREADS=1
export NUMBA_NUM_THREADS=1
type module >/dev/null 2>&1 || . /etc/profile
set -e
module load gcc/12.2
module load 'a b'
source my\ env/bin/activate
export OMP_NUM_THREADS=2

exec echo 'it'"'"'s $HOME' '#SBATCH' ''
