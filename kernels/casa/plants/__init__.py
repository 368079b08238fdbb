"""Leaves, wood and roots day by day, and the seasons that drive them."""
