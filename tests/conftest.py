"""What all tests share: hypothesis without a deadline, as a kernel's first call compiles it."""

from hypothesis import settings

settings.register_profile("soilsweep", deadline=None)
settings.load_profile("soilsweep")
