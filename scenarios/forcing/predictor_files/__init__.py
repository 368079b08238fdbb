"""Predictors of soil respiration on half a degree: files, rules, gaps."""
