"""Runs that are killed at random moments, and what must be left of them.

A run is started again in the same folder, with another number of threads each time, until it ends
by itself; then the next folder is begun. Every process notes what it is doing, so that it is known
what a kill has hit, and every record that the results file has confirmed.
"""

import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field

from warm import begin, exports, judge, names, undisturbed

from nqmbench.store import Store

# Nine looks at each of two experiments: the claim is wrong by exactly the margin.
LOOKS = """
import nqmbench as nq

one, five = (nq.Experiment(nq.NoisyQuadratic([1.0, 0.5]), nq.sgd(0.1), batch=B, steps=60,
                           checkpoints=[1, 5, 60]) for B in (1, 5))
suite = nq.Suite("looks", experiments=[one, five])

@suite.claim("at the margin", of="error", at="last", expect="inconclusive")
def edge(k, h, eta, B):
    forget = (1 - eta * h) ** (2 * k)
    return (forget + eta * h / (B * (2 - eta * h)) * (1 - forget)) / 1.05

suite.ordering("larger batches are better", smaller=five, larger=one, of="error", at="last",
               expect="confirmed")
suite.figure("side by side", panels={"both": {"one": one, "five": five}}, single=True)
"""

# Lines "+word" and "-word" where something begins and ends, and "=sha256" of confirmed records.
NOTED = """
import os
import nqmbench.report, nqmbench.results, nqmbench.simulator, nqmbench.store
log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

def note(owner, name, word):
    real = getattr(owner, name)
    def noted(*args, **kwargs):
        os.write(log, f"+{word}\\n".encode())
        found = real(*args, **kwargs)
        kept = args[1] if word == "storing" else ()
        os.write(log, "".join(f"={record.sha256}\\n" for record in kept).encode())
        os.write(log, f"-{word}\\n".encode())
        return found
    setattr(owner, name, noted)

note(nqmbench.simulator, "run_pass", "simulating")
note(nqmbench.store.Store, "put", "storing")
note(nqmbench.results.Run, "save", "tables")
note(nqmbench.report, "write_report", "report")
"""


@dataclass
class Kills:
    """What the kills have hit.

    Args:
        hit: how many, by what the process was doing.
        journals: how many left a transaction half written.
        completed: how many folders were begun, and ended with a whole run.
    """

    hit: Counter = field(default_factory=Counter)
    journals: int = 0
    completed: int = 0

    @property
    def total(self):
        return self.hit.total()


def kept(out, scratch):
    """The records of the results file as the next run will find them, by their SHA-256.

    The file is copied first, and its journal with it: to look at them would mend them.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for name in ("run.sqlite", "run.sqlite-journal"):
        if (out / name).exists():
            shutil.copy(out / name, scratch / name)
    with Store.open(scratch / "run.sqlite") as store:
        known = {record.sha256 for record in store.records()}
        assert store.damaged == ()
    return known


def kill(folder, kills, seed):
    """Kill runs of one suite at random moments.

    Args:
        folder: for everything.
        kills: how many. Of each four one strikes at any moment of the time that a whole run takes,
            one when a transaction is being written, one during a simulation, one during the report.
        seed: of the moments.

    Raises:
        AssertionError: a record or a byte is lost, or other than in an undisturbed run.
    """
    suites, reference = undisturbed(LOOKS)
    clock = time.monotonic()
    assert judge(suites, folder / "another", "--threads", "2").returncode == 0
    whole = 0.8 * (time.monotonic() - clock)
    expected, moments = exports(reference), random.Random(seed)
    assert exports(folder / "another") == expected
    sound = {line.split()[-1] for line in expected["records"].splitlines()}
    done, number = Kills(), 0
    while done.total < kills:
        out, confirmed, done.completed = folder / f"run {number}", set(), done.completed + 1
        while True:
            number += 1
            log = folder / f"{number}.log"
            run = begin(suites, out, "--threads", str(2 - number % 2),
                        before=f"LOG = {str(log)!r}\n{NOTED}")  # fmt: skip
            if done.total < kills:
                strike(run, out, log, number, whole, moments)
            ended = run.wait()
            lines = log.read_text().splitlines() if log.exists() else []
            confirmed |= {line[1:] for line in lines if line.startswith("=")}
            if ended.returncode != -9:
                assert ended.returncode == 0, ended.stderr
                break
            done.hit[phase(lines)] += 1
            done.journals += (out / "run.sqlite-journal").exists()
            if out.exists():
                known = kept(out, folder / "scratch")
                assert confirmed <= known <= sound
                confirmed |= known
        assert exports(out) == expected
        assert names(out) == names(reference)
    return done


def strike(run, out, log, number, whole, moments):
    """Kill a run in a transaction, in a simulation, in its report, or at any time."""
    when, looks, soon = moments.uniform(0, whole), moments.randint(1, 4), moments.uniform(0, 0.1)
    journal, begun = out / "run.sqlite-journal", time.monotonic()

    def noted(word, times):
        return log.exists() and log.read_text().count(word) >= times

    kinds = [
        lambda: time.monotonic() - begun > when,
        lambda: journal.exists() and noted("+storing", looks),
        lambda: noted("+simulating", looks),
        lambda: noted("+report", 1),
    ]
    kind = number % len(kinds)
    run.until(kinds[kind])
    if kind > 1:
        time.sleep(soon)
    run.kill()


def phase(lines):
    """What a process was doing at its end, by its notes."""
    open_ = [line[1:] for line in lines if line.startswith("+")]
    for line in lines:
        if line.startswith("-"):
            open_.remove(line[1:])
    if open_:
        return open_[-1]
    return "between" if lines else "planning"
