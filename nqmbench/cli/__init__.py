"""The command line: `python -m nqmbench run`, and the commands around it.

Commands, no logic. Heavy modules are imported inside the commands, so that `list` answers at once.

- main: the group of all commands; every error becomes one message and its exit code
- judging: run
- showing: list, show, report, doctor
- files: merge, cache
- speed: perf
- place: the folder of a run
"""

from nqmbench.cli.main import main

__all__ = ["main"]
