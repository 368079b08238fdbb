"""Runs any work to its end, whatever dies."""
