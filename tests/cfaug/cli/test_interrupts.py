"""Ctrl-C, also where Python or the processes of a loader are in its way."""

import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from threading import Timer

import pytest

from cfaug.cli.errors import run_reporting_errors


@pytest.fixture(autouse=True)
def _as_in_a_terminal() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Interrupted:
    """What is being destroyed when Ctrl-C comes; Python goes on after that."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_python_drops_comes_again(capsys: pytest.CaptureFixture[str]) -> None:
    hook, gone_on = sys.unraisablehook, []

    def job() -> None:
        Interrupted()
        later = Timer(10, gone_on.append, [True])
        later.start()
        try:
            time.sleep(20)
        finally:
            later.cancel()

    assert run_reporting_errors(job) == 130
    assert not gone_on
    assert capsys.readouterr().err == "cfaug: stopped\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert sys.unraisablehook is hook


def test_workers_leave_an_interrupt_to_their_parent() -> None:
    ends = []

    def job() -> None:
        worker = get_context("fork").Process(target=signal.raise_signal, args=(signal.SIGINT,))
        worker.start()
        worker.join()
        ends.append(worker.exitcode)

    assert run_reporting_errors(job) == 0
    assert ends == [0]


def test_a_process_that_is_to_live_on_does() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as nohup leaves it
    assert run_reporting_errors(lambda: signal.raise_signal(signal.SIGINT)) == 0
