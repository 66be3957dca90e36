"""All compiled code: a bundle of programs in, the moments of its trajectories out.

- cache, options: how and where functions are compiled
- lanes, polynomial, memory: vectors as values, polynomials of them, and where they live
- formats: functions that are written once for float32 and float64
- random: generators that have an address
- elementary, laws: from random bits to noise; `fit` finds the `coefficients`
- program, bundle: what is simulated, alone or under shared noise
- noise, update: the two kernels; `plain`: the same, two lanes or one number at a time
- rows: least squares, on rows that are drawn; it shares the rest with the noisy quadratic
- job, entry: what a kernel is told, and how it is called by address
- superblock, condense: trajectories in, central moments out
- prepare, prepared: the code and the memory for a bundle
- loops, threads, run: superblocks on threads, in chunks, merged
- draws: the raw noise at an address
- machine: the vectors, the modes and the threads that there are
- calibration: a fixed piece of work that tells how fast the machine is just now
"""

from nqmbench.kernels.bundle import Bundle, Contrast
from nqmbench.kernels.draws import (
    KNOWN_DIGESTS,
    digest,
    generator_state,
    generator_words,
    normals,
    start_normals,
)
from nqmbench.kernels.laws import LAWS
from nqmbench.kernels.program import (
    PRECISIONS,
    Precision,
    Program,
    Structure,
    superblock_size,
)
from nqmbench.kernels.rows.bundle import RowBundle
from nqmbench.kernels.rows.program import (
    DISTANCE,
    LOSS,
    RowProgram,
    StillProgram,
    StreamProgram,
)
from nqmbench.kernels.run import (
    PROGRAMS,
    AnyBundle,
    AnyProgram,
    bundle_of,
    simulate,
    trajectory_values,
    usable_threads,
)

__all__ = [
    "DISTANCE",
    "KNOWN_DIGESTS",
    "LAWS",
    "LOSS",
    "PRECISIONS",
    "PROGRAMS",
    "AnyBundle",
    "AnyProgram",
    "Bundle",
    "Contrast",
    "Precision",
    "Program",
    "RowBundle",
    "RowProgram",
    "StillProgram",
    "StreamProgram",
    "Structure",
    "bundle_of",
    "digest",
    "generator_state",
    "generator_words",
    "normals",
    "simulate",
    "start_normals",
    "superblock_size",
    "trajectory_values",
    "usable_threads",
]
