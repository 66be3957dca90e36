"""Fault: SIGKILL at any moment.

Promise: same bytes.

In its whole form, with fifty kills: python -m pytest -m slow tests/faults/test_killed.py
"""

import pytest
from kills import kill
from warm import LINUX

pytestmark = [LINUX, pytest.mark.needs_compiler]


def test_killed_now_and_then(tmp_path):
    done = kill(tmp_path, 4, seed=20)
    assert done.total == 4
    assert done.hit["simulating"] + done.hit["storing"] >= 1, done


@pytest.mark.slow
def test_killed_fifty_times(tmp_path):
    done = kill(tmp_path, 50, seed=2024)
    print(done)
    assert done.total == 50
    assert min(done.hit["simulating"], done.hit["report"], done.journals) >= 3, done
    assert done.hit["storing"] >= 1, done
