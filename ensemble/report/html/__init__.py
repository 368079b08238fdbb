"""The page's templates and style sheet, and what puts a run's words into them."""
