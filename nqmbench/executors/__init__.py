"""Who runs the kernels: the threads of this process, or the workers of a cluster.

- executor: what every executor promises; the local one; the choice by name
- task: a portion of an increment as plain data, and the pure function that simulates it
- cluster: sends tasks to a dask.distributed cluster and merges what comes back
- flights: tasks on their way, sent again where a worker was lost
- connection: the way to a cluster, checked and closed
- local_cluster: a cluster of this machine, for as long as a run
"""

from nqmbench.executors.executor import Executor, Local, check_executor, open_executor

__all__ = ["Executor", "Local", "check_executor", "open_executor"]
