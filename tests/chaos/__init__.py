"""Chaos: runs that are disturbed in every way, and must end as if they had not been."""
