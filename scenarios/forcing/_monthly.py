"""The former place of `climatology`, where checks outside this package look for it."""

from scenarios.forcing.profile_files.climatology import _converted as _converted
