"""Measured profiles of soil, the atmosphere above them, and their climate."""
