"""What readers share: tables, NetCDF, times, places, units, findings."""
