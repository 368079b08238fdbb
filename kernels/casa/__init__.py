"""CASA-CNP as the biogeochemical testbed runs it, carbon only: plants, debris, soil."""
