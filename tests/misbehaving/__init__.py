"""Kernels that kill or stop their process; scenarios of tests name them by module."""
