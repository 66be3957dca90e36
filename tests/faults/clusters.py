"""A cluster of processes that a test may kill."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"
CODE = "import sys; sys.path[:] = {path!r}; from distributed.cli.{module} import main; main()"
STARTING = 60  # seconds; on a busy machine too


def start(module, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", CODE.format(path=sys.path, module=module), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Processes:
    """A scheduler, and its workers."""

    def __init__(self, folder, workers):
        file = folder / "scheduler.json"
        self.scheduler = start(
            "dask_scheduler", f"--host={LOOPBACK}", "--port=0", "--no-dashboard",
            f"--dashboard-address={LOOPBACK}:0", f"--scheduler-file={file}",
        )  # fmt: skip
        begin = time.monotonic()
        while not (file.exists() and file.read_text().endswith("}")):
            assert self.scheduler.poll() is None
            assert time.monotonic() - begin < STARTING
            time.sleep(0.05)
        self.address = json.loads(file.read_text())["address"]
        self.workers = [self.start_worker() for _ in range(workers)]

    def start_worker(self):
        return start(
            "dask_worker", self.address, "--nthreads=1", "--no-nanny", "--memory-limit=0",
            f"--host={LOOPBACK}", f"--dashboard-address={LOOPBACK}:0",
        )  # fmt: skip

    def end(self):
        for process in [*self.workers, self.scheduler]:
            process.kill()
        for process in [*self.workers, self.scheduler]:
            process.wait()


@contextmanager
def processes(folder, workers):
    """A cluster of this machine, whose processes end with the block."""
    started = Processes(folder, workers)
    try:
        yield started
    finally:
        started.end()
