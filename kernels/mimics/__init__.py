"""MIMICS: two microbes, two litters, three pools of soil; one layer, many, or day by day."""
