"""A run for other programs: one format a file, all of the same selection of members."""
