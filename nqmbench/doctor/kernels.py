"""Compiled kernels: where they are kept, which ones run, and whether they draw the known noise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nqmbench.doctor.finding import Finding

if TYPE_CHECKING:
    from nqmbench.kernels.cache import Place

__all__ = ["kernels"]

LARGE = 2**30  # bytes of compiled code, of many versions and edits


def kernels() -> Iterator[Finding]:
    """The cache folder, fast or plain kernels, and the digests of the first million normals."""
    from nqmbench.kernels import cache, machine

    yield kept(cache.PLACE)
    yield size(cache.PLACE)
    if not machine.compiles():
        seen = "none: NUMBA_DISABLE_JIT is set, and kernels exist only compiled"
        yield Finding("kernels", seen, "trouble", "unset NUMBA_DISABLE_JIT")
        return
    yield chosen(os.environ.get("NQMBENCH_KERNELS"))
    yield from digests()


def kept(place: Place) -> Finding:
    """Where compiled kernels are kept, and by whose choice."""
    if not place.refused:
        return Finding("cache", f"{place.folder} ({place.source}), writable")
    where = f"in {place.folder}, for this process" if place.kept else "nowhere"
    seen = f"{place.refused} is not writable; kept {where}"
    advice = "set NUMBA_CACHE_DIR to a folder that is: each start compiles for half a minute else"
    return Finding("cache", seen, "trouble", advice)


def size(place: Place) -> Finding:
    """How large the cache is, all versions of the kernels together."""
    files = [p.stat().st_size for p in place.folder.rglob("*.nb[ci]")] if place.kept else []
    seen = f"{sum(files) / 2**20:,.0f} MiB in {len(files)} files"
    if sum(files) > LARGE:
        advice = f"delete {place.folder} now and then: it holds older kernels too"
        return Finding("cache size", seen, "notice", advice)
    return Finding("cache size", seen)


def chosen(named: str | None) -> Finding:
    """Fast or plain kernels, as NQMBENCH_KERNELS chooses."""
    if named in (None, "fast"):
        return Finding("kernels", "fast")
    if named == "plain":
        advice = "the same bits, ten times slower: unset NQMBENCH_KERNELS"
        return Finding("kernels", "plain", "notice", advice)
    seen = f"NQMBENCH_KERNELS: got {named!r}; allowed: fast, plain, or unset"
    return Finding("kernels", seen, "trouble", "unset NQMBENCH_KERNELS")


def digests() -> Iterator[Finding]:
    """The digests of the first million normals, in 32 and in 64 bits, beside the known ones."""
    from nqmbench.kernels import KNOWN_DIGESTS, digest

    for bits, known in KNOWN_DIGESTS.items():
        found, name = digest(bits=bits), f"noise, f{bits}"
        if found == known:
            yield Finding(name, f"{found}, the known one")
        else:
            advice = (
                f"{known} is known: results differ from those of other machines; delete"
                " the cache, unset NUMBA_* variables, or report this with the lines above"
            )
            yield Finding(name, found, "trouble", advice)
