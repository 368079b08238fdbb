"""A kernel with a named dimension, and forcings of many locations with area and latitude."""
