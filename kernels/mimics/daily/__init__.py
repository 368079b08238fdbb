"""MIMICS as the testbed steps it: hours of days, cycles of years, its parameter file."""
