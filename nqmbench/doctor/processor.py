"""The processor: what it is, and how much of it compiled kernels use."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from nqmbench.describe import cpu_name
from nqmbench.doctor.finding import Finding

__all__ = ["processor"]

TELLING = ("avx512f", "avx2", "avx", "fma", "sse4.2", "sse2", "neon", "sve")
NAMES = {512: "AVX-512", 256: "AVX2", 128: "SSE"}
NEEDED = {"avx512f": 512, "avx2": 256}  # the features that give wider vectors, the widest first


def processor() -> Iterator[Finding]:
    """Model, features, the vectors in use and the mode for tiny numbers."""
    from nqmbench.kernels import machine

    yield Finding("model", f"{cpu_name()}, {platform.machine()}")
    present = machine.processor_features()
    yield features(present)
    if machine.compiles():
        yield vectors(machine.vector_bits(), machine.fused(), present)
    yield denormals(machine.keeps_denormals())


def features(present: frozenset[str]) -> Finding:
    """The features that matter to kernels."""
    listed = ", ".join(name for name in TELLING if name in present)
    return Finding("features", listed or "none that matters here")


def vectors(bits: int, fused: bool, present: frozenset[str]) -> Finding:
    """The width of the vectors in use, beside what the processor has.

    Args:
        bits: of the widest registers in the machine code.
        fused: whether it has multiply-adds.
        present: the processor's features.
    """
    name = NAMES.get(bits, "unknown") if platform.machine() in ("x86_64", "AMD64") else "other"
    with_fma = "with" if fused else "without"
    seen = f"{name}, {bits} bits, {with_fma} fused multiply-add"
    possible = next((width for feature, width in NEEDED.items() if feature in present), 128)
    if bits < possible or (not fused and "fma" in present):
        advice = (
            f"the processor has {possible} bits; unset NUMBA_CPU_NAME, NUMBA_CPU_FEATURES and"
            " NUMBA_ENABLE_AVX"
        )
        return Finding("vectors", seen, "notice", advice)
    if not fused:
        advice = (
            "the same digits, several times slower; give a virtual machine its host's processor"
        )
        return Finding("vectors", seen, "notice", advice)
    return Finding("vectors", seen)


def denormals(kept: bool) -> Finding:
    """Whether tiny numbers are kept or made 0, which changes digits."""
    if kept:
        return Finding("denormals", "kept")
    advice = (
        "a library compiled with -ffast-math was loaded into this Python and changes digits: see"
        " LD_PRELOAD, sitecustomize.py, *.pth files"
    )
    return Finding("denormals", "made 0", "trouble", advice)
