"""Fingerprints of noise and of whole simulations, for one processor.

`python kernel_digests.py` prints them as JSON, beside what the machine code consists of; with the
argument "few" those of the Gaussian law alone, which compile in a fraction of the time.
"""

import hashlib
import json
import sys

import nqmbench as nq
from nqmbench.kernels import LAWS, PRECISIONS, normals, start_normals

PROBLEM = nq.NoisyQuadratic([1.0, 0.1], w0_std=[0.0, 0.5])
EXPERIMENTS = {
    "sgd": nq.Experiment(
        PROBLEM, nq.sgd(0.1), steps=70, checkpoints=[0, 5, 70], observables=["error", "w3[i]"]
    ),
    "averaged heavy ball, scheduled": nq.Experiment(
        PROBLEM,
        nq.averaged(nq.heavy_ball(nq.cosine(0.1, 70), 0.9), nq.uniform_average()),
        batch=nq.schedule(range(1, 71)),
        steps=70,
        checkpoints=[1, 64, 69],
        observables=["loss", "w[i]"],
    ),
}
TRIALS = 1100  # a superblock, and a part of one that no group of lanes fills


def digest(*arrays):
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()[:16]


def digests(few=False):
    """Return a fingerprint by what it is of."""
    found = {}
    for bits in (32, 64):
        found[f"starts, {bits} bits"] = digest(start_normals(3, 1, 2, bits))
        for law in ["gaussian"] if few else LAWS:
            found[f"{law}, {bits} bits"] = digest(normals(law, 5.0, 3, 1, 2, 200, bits))
    for precision in PRECISIONS:
        for name, experiment in EXPERIMENTS.items():
            sample = nq.simulate(experiment, TRIALS, 4, threads=1, precision=precision).moments
            found[f"{name}, {precision}"] = digest(sample.mean, sample.central)
    return found


def machine():
    """Return the widest registers of a kernel's code, and whether it has multiply-adds."""
    from nqmbench.kernels.machine import fused, vector_bits

    return {"bits": vector_bits(), "fma": fused()}


if __name__ == "__main__":
    print(json.dumps({"digests": digests("few" in sys.argv), "machine": machine()}))
