"""The code and the memory that the trajectories of a bundle need."""

from __future__ import annotations

import numpy as np

from nqmbench.kernels.bundle import Bundle
from nqmbench.kernels.entry import noise_address, update_address
from nqmbench.kernels.job import Work, pack
from nqmbench.kernels.laws import FACTORS, GAUSSIAN
from nqmbench.kernels.prepared import Prepared
from nqmbench.kernels.superblock import PITCH, STRETCH, superblock_address


def prepare(bundle: Bundle, seed: int, size: int, threads: int, kernels: str = "fast") -> Prepared:
    """Compile what a bundle needs, and set up the memory that each thread works in."""
    form, tables = bundle.format, bundle.tables
    any_start = np.any(tables.w0_std > 0.0)
    common = int(bundle.law in FACTORS)
    updates = [update_address(structure, kernels) for structure in bundle.structures]
    # A row is longer than its trajectories by one cache line: rows at a multiple of 4096 bytes
    # would all fall into the same few places of the cache.
    pitch = (size + form.width - 1) // form.width * form.width + PITCH
    stop = np.zeros(1, dtype=np.uint8)
    work = [
        Work(
            lanes=form.lanes,
            width=form.width,
            noise=noise_address(bundle.law, form, kernels),
            start=noise_address(GAUSSIAN, form, kernels) if any_start else 0,
            seed=int(np.uint64(seed).view(np.int64)),
            tag=bundle.law,
            common=common,
            pitch=pitch,
            updates=np.array(updates, dtype=np.int64),
            stop=stop,
            words=np.zeros(4 * (1 + common) * form.width, dtype=f"u{form.noise // 8}"),
            drawn=np.zeros((STRETCH, form.width), dtype=form.real),
            states=np.zeros((tables.members, tables.states, form.width), dtype=form.real),
            buffer=np.zeros((tables.S, tables.columns, pitch)),
        )
        for _ in range(threads)
    ]
    code = superblock_address(form.noise, form.state)
    jobs = np.stack([pack(one, tables) for one in work])
    return Prepared(code, jobs, stop, tuple(one.buffer for one in work), (tables, work))
