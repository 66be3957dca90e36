"""Measure the normals: moments, distribution, tails and independence of a billion of them.

    python tests/statistical/normals.py --count 1e9 --bits 32

(from the top of the repository, with nqmbench installed or PYTHONPATH=.; two minutes for 1e9 on one
core; OPENBLAS_NUM_THREADS=1 keeps it there).  Prints one table; `test_random_streams.py` makes the
same of 2e7 numbers.  `--defect NAME` spoils the numbers first: what would a broken generator show?
"""

import argparse
import time

import numpy as np
from defects import DEFECTS
from judging import by_normal, by_squares, correlation, table
from tally import Tally, standard_square

from nqmbench.kernels import normals, start_normals
from nqmbench.kernels.formats import F32, F64

STEPS = 2**14  # of each stream
LANES = {form.bits: form.lanes for form in (F32, F64)}


def chunk(number, seed, bits):
    """Return four streams at neighbouring addresses, shape (4, STEPS, lanes)."""
    block = 2 * number
    addresses = [(seed, block, 0), (seed, block + 1, 0), (seed, block, 1), (seed + 1, block, 0)]
    return np.stack([normals("gaussian", 0.0, *address, STEPS, bits) for address in addresses])


def stream_checks(count, seed, bits, spoil=None, draw=chunk):
    """Return the checks of at least ``count`` normals, each chunk spoiled by a defect if given."""
    tally, number = Tally(bits, LANES[bits]), 0
    while tally.count < count:
        x = draw(number, seed, bits)
        tally.add(x if spoil is None else spoil(x))
        number += 1
    return tally.checks()


def starts(blocks, seed, bits):
    """Return Gaussian starts and the first noise at the same addresses, shapes (blocks, lanes)."""
    at_start = [start_normals(seed, b, 0, bits) for b in range(blocks)]
    first = [normals("gaussian", 0.0, seed, b, 0, 1, bits)[0] for b in range(blocks)]
    return np.array(at_start, dtype=float), np.array(first, dtype=float)


def start_checks(at_start, first):
    """Return the checks of Gaussian starts, also against the first noise at the same address."""
    for what, standard in (("", np.asarray), ("squares of ", standard_square)):
        s, z = standard(at_start), standard(first)
        pairs = {
            "start and first noise": (s, z),
            "starts, cosine and sine": np.split(s, 2, axis=1),
            "starts, next lane": (s[:, :-1], s[:, 1:]),
            "starts, next block": (s[:-1], s[1:]),
            "first noise, next block": (z[:-1], z[1:]),
        }
        yield by_normal(what + "starts", s.mean(), 0.0, 1.0 / np.sqrt(s.size))
        yield by_squares(what + "starts, every lane", s.sum(axis=0) / np.sqrt(len(s)))
        for name, (a, b) in pairs.items():
            yield correlation(what + name, np.sum(a * b), a.size)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=float, default=1e8, help="how many normals (1e8)")
    parser.add_argument("--bits", type=int, choices=LANES, default=32, help="of a number (32)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--defect", choices=DEFECTS, help="spoil them first")
    args = parser.parse_args()
    started = time.perf_counter()
    spoil = DEFECTS[args.defect].spoil if args.defect else None
    checks = stream_checks(args.count, args.seed, args.bits, spoil)
    checks += start_checks(*starts(2**16, args.seed, args.bits))
    print(f"{args.count:g} normals in float{args.bits}, seed {args.seed}", end="")
    print(f", spoiled: {args.defect}" if args.defect else "")
    print(table(checks))
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
