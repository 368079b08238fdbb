"""A cohort: its equations, its day, its year, its steady state, its parameters."""
