"""Calibration: batches of searches for the parameters that fit what was measured.

A search knows numbers between 0 and 1 and their costs, and nothing of soils, kernels or stores.
"""
