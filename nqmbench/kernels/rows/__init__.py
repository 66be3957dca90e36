"""Least squares on drawn rows, compiled: several methods, batches and tables in one pass.

- structure, program, bundle: what is simulated, alone or beside others
- job: what a kernel is told
- gather, draws: rows for the lanes, and which of them a batch has
- narrow, wide, sparse, stream, still: the kernels; `observe`: what they look at
- superblock: blocks of trajectories in, central moments out
- prepare: the memory that a thread works in
"""
