"""A number of the globe and its interval."""

from benchmark_law.example import Example

EXAMPLE = Example(
    {
        "output": "rh",
        "value": "0.005 Pg C yr-1",
        "interval": "0.002 Pg C yr-1",
        "period": [2000, 2001],
        "scores": ["bias", "total", "within"],
    }
)
