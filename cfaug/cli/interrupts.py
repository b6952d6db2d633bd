"""Ctrl-C and SIGTERM that end a command wherever they come."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer, current_thread, get_ident, main_thread
from types import FrameType
from typing import Any

from cfaug.training.stopping import UPDATES, Terminated

SOON = 0.05
"""Seconds until an interrupt that was lost comes again."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Make sure of Ctrl-C and SIGTERM; an update of training is made whole before.

    A signal that is handled already, or ignored as under nohup, stays so.
    """
    if current_thread() is not main_thread():
        yield
        return
    try:
        with _ended_by_ctrl_c(), _ended_by_sigterm():
            yield
    finally:
        UPDATES.reset()


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """Make sure of Ctrl-C, which a terminal sends to this process and all its children.

    Workers of a loader leave it to this process, which ends them: a worker that ended by itself
    would be an error here. And Python drops an interrupt that comes while it forks or destroys an
    object, as it does most of the time where an epoch has a few batches; it is sent again.
    """
    before, unraisable, process = signal.getsignal(signal.SIGINT), sys.unraisablehook, os.getpid()
    if before is not signal.default_int_handler:
        yield  # a process that is to live on, as by nohup
        return
    thread, timers = get_ident(), list[Timer]()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if os.getpid() == process:
            UPDATES.stop(KeyboardInterrupt())

    def again(dropped: Any) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            # Sent to the thread, for that ends what it waits for.
            timers.append(Timer(SOON, signal.pthread_kill, (thread, signal.SIGINT)))
            timers[-1].start()
        else:
            unraisable(dropped)

    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = again
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = unraisable


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    before, process = signal.getsignal(signal.SIGTERM), os.getpid()
    if before is not signal.SIG_DFL:
        yield
        return

    def terminate(number: int, frame: FrameType | None) -> None:
        if os.getpid() != process:  # a child that ends as it would without this
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        UPDATES.stop(Terminated())

    signal.signal(signal.SIGTERM, terminate)
    UPDATES.on_sigterm = terminate
    try:
        yield
    finally:
        UPDATES.on_sigterm = None
        signal.signal(signal.SIGTERM, before)
