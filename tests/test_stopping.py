"""A run that is asked to end: where it is obeyed at once, where it is only noted."""

import os
import signal
import threading
import time

import pytest

from nqmbench.stopping import BUDGET, INTERRUPTED, TERMINATED, Stopped, Stopping

LONG = 60.0  # seconds: whoever waits so long fails
POSIX = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers and signals")


@pytest.fixture(autouse=True)
def usual_ctrl_c():
    """A shell lets its background jobs ignore Ctrl-C; these tests may be one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press(number):
    os.kill(os.getpid(), number)
    time.sleep(0)  # Python hears it here at the latest


def work_until(stopping, what):
    """Work in which something happens, and which nothing but an end of the run ends in time."""
    with stopping.interruptible():
        what()
        time.sleep(LONG)
    pytest.fail("nobody was heard")


@POSIX
@pytest.mark.parametrize(
    ("number", "reason"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)]
)
def test_a_signal_outside_is_noted_and_obeyed_at_the_next_check(number, reason):
    stopping = Stopping()
    with stopping.heard():
        press(number)
        assert stopping.reason == reason
        with pytest.raises(Stopped, match=reason):
            stopping.check()
        with pytest.raises(Stopped, match=reason):
            work_until(stopping, lambda: pytest.fail("work was begun that nobody wants"))


@POSIX
def test_a_signal_inside_is_obeyed_at_once():
    stopping = Stopping()
    with stopping.heard(), pytest.raises(Stopped, match=TERMINATED):
        work_until(stopping, lambda: press(signal.SIGTERM))


@POSIX
def test_a_second_signal_is_obeyed_everywhere_and_the_first_reason_stays():
    stopping = Stopping()
    with stopping.heard():
        press(signal.SIGTERM)
        with pytest.raises(Stopped, match=TERMINATED):
            press(signal.SIGINT)
        assert stopping.reason == TERMINATED


@POSIX
def test_what_heard_signals_before_hears_them_again():
    def mine(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGTERM, mine)
    try:
        with Stopping().heard():
            assert signal.getsignal(signal.SIGTERM) is not mine
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@POSIX
def test_time_that_is_used_ends_what_is_being_computed():
    stopping = Stopping()
    with stopping.within(0.05):
        with pytest.raises(Stopped, match=BUDGET):
            work_until(stopping, lambda: None)
        assert stopping.reason == BUDGET
    assert stopping.reason == ""  # what follows has its time
    stopping.check()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_time_is_watched_between_two_calls_where_there_is_no_timer():
    said = []

    def work():
        stopping = Stopping()
        with stopping.within(0.01):
            time.sleep(0.05)
            try:
                stopping.check()
            except Stopped as stop:
                said.append(str(stop))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert said == [BUDGET]


def test_without_a_limit_nothing_ends():
    stopping = Stopping()
    with stopping.within(None), stopping.interruptible():
        stopping.check()
    assert stopping.reason == ""


def test_a_first_key_press_after_the_budget_is_no_second_one():
    stopping = Stopping()
    stopping.ask(BUDGET)
    stopping.ask(INTERRUPTED)  # only noted: a person has asked once
    assert stopping.reason == INTERRUPTED
    with pytest.raises(Stopped, match=INTERRUPTED):
        stopping.ask(INTERRUPTED)


def test_an_end_that_strikes_inside_leaves_nobody_inside():
    stopping = Stopping()
    with pytest.raises(Stopped, match=BUDGET):
        work_until(stopping, lambda: stopping.ask(BUDGET))
    stopping.ask(INTERRUPTED)  # only noted


def test_what_must_stay_whole_is_finished_whoever_asks_how_often():
    stopping, done = Stopping(), []

    def save():
        with stopping.whole():
            for _ in range(3):
                stopping.ask(INTERRUPTED)
            done.append("saved")

    with pytest.raises(Stopped, match=INTERRUPTED):
        save()
    assert done == ["saved"]


@POSIX
def test_what_a_shell_lets_its_jobs_ignore_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stopping().heard() as stopping:
            press(signal.SIGINT)
            assert stopping.reason == ""
    finally:
        signal.signal(signal.SIGINT, before)


@POSIX
def test_a_budget_beyond_every_timer_is_no_limit():
    stopping = Stopping()
    with stopping.within(1e20), stopping.interruptible():
        stopping.check()


def test_a_signal_that_ends_a_run_outlives_its_budget():
    stopping = Stopping()
    with stopping.within(LONG):
        stopping.ask(INTERRUPTED)
    assert stopping.reason == INTERRUPTED
