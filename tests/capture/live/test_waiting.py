"""A clock that jumps, and signals that are noted."""

import os
import signal

from iotaudit.capture.live.waiting import ClockWatch, Waker

SECOND = 1_000_000_000


def test_a_clock_that_is_set_is_noticed_once() -> None:
    wall = iter([100, 101, 3701, 3702, 3602])
    steady = iter([10, 11, 12, 13, 14])
    watch = ClockWatch(lambda: next(wall) * SECOND, lambda: next(steady) * SECOND)
    assert [watch.jump_ns() for _ in range(4)] == [0, 3599 * SECOND, 0, -101 * SECOND]


def test_time_synchronisation_is_no_jump() -> None:
    wall = iter([0, SECOND + 400_000_000])
    steady = iter([0, SECOND])
    assert ClockWatch(lambda: next(wall), lambda: next(steady)).jump_ns() == 0


def test_a_signal_is_noted_and_interrupts_nothing() -> None:
    with Waker() as waker:
        assert not waker.halted()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        waker.wait(60, None)
        assert waker.signalled == signal.SIGTERM
        assert waker.halted()
    waker.wake()
