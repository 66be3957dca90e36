"""All compiled code: a program in, the moments of its trajectories out.

- cache, options: how and where functions are compiled
- bits: operations of the machine that Numba lacks
- random: generators that have an address
- elementary, laws: from random bits to noise; `fit` finds the coefficients
- draws: the raw noise at an address
- program: what is simulated, and which part of it shapes the code
- plain: the loop over blocks of 32 trajectories
- blocks, run: superblocks, threads, merging
"""

from nqmbench.kernels.draws import digest, generator_state, generator_words, normals, start_normals
from nqmbench.kernels.laws import LAWS
from nqmbench.kernels.program import Program, Structure
from nqmbench.kernels.random import LANES
from nqmbench.kernels.run import simulate, superblock_size, trajectory_values

__all__ = [
    "LANES",
    "LAWS",
    "Program",
    "Structure",
    "digest",
    "generator_state",
    "generator_words",
    "normals",
    "simulate",
    "start_normals",
    "superblock_size",
    "trajectory_values",
]
