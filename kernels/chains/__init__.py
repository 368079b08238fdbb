"""Kernels one after the other, or several beside each other, as one kernel."""
