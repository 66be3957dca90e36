"""The share of a run that one of several machines simulates.

A run may be split into shards that know nothing of each other: each simulates some passes of the
plan and keeps them in a results file of its own. `shards.merge` joins the files, and the whole run
then finds its numbers there. Verdicts are not shared out: the number of cells is that of the whole
run in every shard.
"""

from __future__ import annotations

import heapq
from dataclasses import replace

from nqmbench.forecast import work_per_trial
from nqmbench.passes import Pass
from nqmbench.plan import Plan

__all__ = ["share_of"]


def share_of(plan: Plan, index: int, shards: int) -> Plan:
    """The plan with the passes of one shard; together the shards have each pass once.

    The passes are dealt out by their work, the largest first, each to the shard that has least.

    Args:
        plan: the whole.
        index: 1..shards.
        shards: how many there are.
    """
    loads = [(0.0, i) for i in range(min(shards, len(plan.passes)))]
    mine = set()
    order = sorted(range(len(plan.passes)), key=lambda i: -work(plan, plan.passes[i]))
    for position in order:
        load, shard = heapq.heappop(loads)
        heapq.heappush(loads, (load + work(plan, plan.passes[position]), shard))
        if shard == index - 1:
            mine.add(position)
    passes = tuple(p for i, p in enumerate(plan.passes) if i in mine)
    here = {task for p in passes for task in p.tasks}
    return replace(plan, passes=passes, elsewhere=frozenset(plan.experiments) - here)


def work(plan: Plan, pass_: Pass) -> float:
    """The samples that one trajectory of a pass draws."""
    return sum(work_per_trial(plan.experiments[task]) for task in pass_.tasks)
