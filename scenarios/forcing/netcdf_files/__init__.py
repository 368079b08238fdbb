"""Any variable of NetCDF files, at sites or on a grid, with time or without."""
