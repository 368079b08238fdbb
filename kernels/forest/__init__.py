"""Random forests that carry records of soil respiration to maps."""
