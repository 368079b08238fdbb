"""A kernel with layers of its own and a forcing that brings a coordinate and observations."""
