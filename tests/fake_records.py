"""Records of benchmarks that nobody ran: times with the noise of a shared machine."""

import copy
import json

import numpy as np

NAMES = ("sgd", "momentum", "import", "compile")


def document(seed=0, rounds=72, turns=24, names=NAMES, speed=1.0, slower=None, noise=0.1):
    """What `perf run` writes.

    The machine takes `speed` times as long for everything; `slower` maps names to factors. A
    time and its calibration share noise of the size `noise` and have half as much of their own; now
    and then one of them is disturbed, and each turn has a state of its own, of half that size, that
    the calibration does not see.
    """
    rng = np.random.default_rng(seed)
    benchmarks = []
    for name in names:
        shared = rng.lognormal(0.0, noise, rounds)
        turn = np.arange(rounds) * turns // rounds
        state = rng.lognormal(0.0, noise / 2, turns)[turn]

        def times(seconds, shared=shared):
            own = rng.lognormal(0.0, noise / 2, rounds)
            spikes = np.where(rng.random(rounds) < 0.05, 2.0, 1.0)
            return seconds * speed * shared * own * spikes

        benchmarks.append(
            {
                "param": name,
                "stats": {"data": (times(0.04) * state * (slower or {}).get(name, 1.0)).tolist()},
                "extra_info": {
                    "work": 1000,
                    "unit": "steps",
                    "threads": 1,
                    "turn": turn.tolist(),
                    "calibration": times(0.015).tolist(),
                },
            }
        )
    facts = {
        "format": 1,
        "calibration": 1,
        "machine": {"cpu": "Fast 9000", "cores": 8},
        "versions": {"python": "3.12.1", "numba": "0.61.0", "nqmbench": "0.1.0"},
        "settings": {},
        "revision": {"commit": "0123456789abcdef", "edited": False},
    }
    return {"benchmarks": benchmarks, "nqmbench": facts}


def changed(document, path, value):
    """A copy of a document with the entry at "a.b.0.c" set, or removed where the value is None."""
    result = copy.deepcopy(document)
    *parents, last = [int(key) if key.isdecimal() else key for key in path.split(".")]
    place = result
    for key in parents:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return result


def write(file, document):
    file.write_text(json.dumps(document))
    return file
