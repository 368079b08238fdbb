"""Spellings of five, and of none, as gfortran 12.2 reads them: for tests of what reads numbers."""

FORMS = {
    "5.0": 5.0, "5": 5.0, "5.": 5.0, "+5.": 5.0, ".5d1": 5.0, "0.5E+1": 5.0, "50.0D-1": 5.0,
    "500q-2": 5.0, "50-1": 5.0, "0.5+1": 5.0, "005.00": 5.0,
}  # fmt: skip
NONE = (
    "5_0", "1_0", "T", ".true.", "five", "0x5", "5e", "5.0e+", "--5", "5.0.0", "5f0", "5 0e",
    "nan", "inf", "-Infinity", "1e400", "\u0665", "", "5.0!", "0*5", "'5.0'",
)  # fmt: skip
