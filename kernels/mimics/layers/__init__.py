"""MIMICS by depth, with transport and radiocarbon."""
