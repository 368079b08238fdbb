"""Numbers and namelists in files that Fortran writes or reads."""
