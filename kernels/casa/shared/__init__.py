"""What the three kernels share: equations, parameters, types of vegetation, files."""
