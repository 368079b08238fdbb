"""What forests and the readers of their predictors share."""
