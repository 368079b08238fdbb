"""What parameters are drawn from: the grammar, the families, their bounds and units."""
