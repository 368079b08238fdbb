"""MIMICS in one layer: equations, steady states, years of months."""
