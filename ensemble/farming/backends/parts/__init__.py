"""What backends do when they run: pushing to Dask, tending jobs, ranks of MPI."""
