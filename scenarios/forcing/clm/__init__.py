"""History files of CLM: places, times, soil, drivers."""
