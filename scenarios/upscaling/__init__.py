"""Records of soil respiration beside the predictors of their cells: what forests learn from."""
