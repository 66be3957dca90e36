"""How fast the package is, kept as records and compared.

- benchmark: what a benchmark is
- benchmarks: what is measured
- cases: each benchmark under pytest-benchmark, beside the calibration
- facts: the machine, the versions and the git revision of a record
- runner: a record is made
- record: a record is read
- comparison: two records, benchmark by benchmark
- table: what the terminal shows of a comparison
"""

from nqmbench.perf.benchmark import Benchmark
from nqmbench.perf.benchmarks import BENCHMARKS
from nqmbench.perf.comparison import Change, Comparison, compare
from nqmbench.perf.record import Record, read_record
from nqmbench.perf.runner import run

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "Change",
    "Comparison",
    "Record",
    "compare",
    "read_record",
    "run",
]
