"""Litter, debris and soil day by day, and their steady states."""
