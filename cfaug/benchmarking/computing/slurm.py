"""Computes cells as jobs of a SLURM cluster, by submitit."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import sleep
from typing import Any, ClassVar

from cfaug.benchmarking.computing.launchers import Handle, Launcher, Work

STOPPED = (128 + signal.SIGTERM, -signal.SIGTERM)
"""How a command ends that was told to stop."""

GRACE = 120.0
"""Seconds in which SLURM ends a job that it told to stop; 30 by its default."""


class Job:
    """A command as a job.

    Where its time is over, or a more urgent job takes its place, it is queued again and goes on
    with its last checkpoint.

    Args:
        words: The words of the command.
        log: Where what it prints is kept.
    """

    def __init__(self, words: list[str], log: Path) -> None:
        self.words, self.log = words, log
        self._running: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        """Run the command; a command that is told to stop waits for the end of its job."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            self._running = subprocess.Popen(
                self.words, stdout=log, stderr=subprocess.STDOUT, preexec_fn=_leave_to_submitit
            )
            status = self._running.wait()
        if status in STOPPED:
            # SLURM ends this job, or queues it again. One that returns would count as finished.
            sleep(GRACE)

    def checkpoint(self) -> Any:
        """What submitit queues when the job has to stop; the command leaves its last checkpoint."""
        if self._running is not None:
            self._running.terminate()
            # Not by its wait(): a signal has interrupted that, and it holds a lock.
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, self._running.pid, os.WEXITED | os.WNOWAIT)
        return import_module("submitit").helpers.DelayedSubmission(Job(self.words, self.log))


def _leave_to_submitit() -> None:
    """Ignore the signal with which SLURM announces the end of the time: it goes to all."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


class QueuedJob:
    """A job of submitit.

    Args:
        job: What submitit calls it.
    """

    def __init__(self, job: Any) -> None:
        self._job = job

    def ended(self) -> str | None:
        """See `Handle`."""
        return f"the job {self._job.job_id} ended: {self._job.state}" if self._job.done() else None

    def stop(self) -> None:
        """See `Handle`."""
        self._job.cancel()

    def wait(self) -> None:
        """See `Handle`; the cluster ends what was cancelled."""


@dataclass(frozen=True)
class Submitit(Launcher):
    """Runs commands as a job array; where there is no SLURM, submitit runs them on this machine.

    Args:
        console: Console for progress messages.
        folder: Folder of what submitit writes.
        options: Its options, such as ``{"slurm_partition": "gpu", "timeout_min": 60}``.
    """

    pause: ClassVar[float] = 1.0
    folder: Path
    options: Mapping[str, Any]

    @property
    def at_once(self) -> int:
        """See `Launcher`; the cluster decides."""
        return sys.maxsize

    def start(self, work: Sequence[Work]) -> Sequence[Handle]:
        """See `Launcher`.

        Raises:
            ValueError: If submitit is not installed, or does not know an option.
        """
        try:
            submitit = import_module("submitit")
        except ImportError as error:
            msg = "--launcher submitit needs submitit; install it: pip install cfaug[slurm]"
            raise ValueError(msg) from error
        executor = submitit.AutoExecutor(folder=self.folder)
        try:
            executor.update_parameters(**self.options)
        except (TypeError, NameError, ValueError, AssertionError) as error:
            told = " ".join(str(error).split())
            msg = f"submitit does not take the options {dict(self.options)}: {told}"
            raise ValueError(msg) from error
        with executor.batch():
            jobs = [executor.submit(Job(item.words, item.log)) for item in work]
        told = f"{len(jobs)} jobs, the first is {jobs[0].job_id}; logs in {self.folder}"
        self.console.print(told)
        return [QueuedJob(job) for job in jobs]
