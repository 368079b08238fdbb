"""Models that `soilsweep init` writes for a person to begin with; see ``own.py``."""
