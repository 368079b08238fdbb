"""Files of the biogeochemical testbed, read and written."""
