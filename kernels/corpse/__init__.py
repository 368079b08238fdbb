"""CORPSE: microbes and protected carbon in cohorts."""
