"""The former place of CORPSE's namelists, where checks outside this package look for them."""

from kernels.corpse.cohort.namelist import read_namelist as read_namelist
