"""Examining an installation in a process of its own, where the environment still decides."""

import json
import os
import subprocess
import sys

ENVIRONMENT = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "NQMBENCH_KERNELS", "NQMBENCH_THREADS")


def by_name(findings):
    return {f.name: f for f in findings}


def run_doctor(*parts, **environment):
    """Run parts in a new process, where the environment still decides; the findings by name."""
    code = (
        "import sys; from nqmbench.doctor import as_json, examine; "
        "from nqmbench.doctor.examine import PARTS; "
        "print(as_json(examine({n: PARTS[n] for n in sys.argv[1:]})))"
    )
    inherited = {k: v for k, v in os.environ.items() if k not in ENVIRONMENT} | environment
    done = subprocess.run(
        [sys.executable, "-c", code, *parts],
        env={k: v for k, v in inherited.items() if v is not None},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {f["name"]: f for f in json.loads(done.stdout)["findings"]}
