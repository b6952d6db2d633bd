"""Ends training between two updates, so that a checkpoint never holds half of one."""

import signal
from typing import Any


class Terminated(SystemExit):
    """SIGTERM, by which schedulers and service managers end a process."""

    def __init__(self) -> None:
        super().__init__(143)  # as shells have it


class Updates:
    """What is to end a run waits for the update that is being made; a second time it does not.

    Attributes:
        on_sigterm: What handles SIGTERM; None where this project does not.
    """

    def __init__(self) -> None:
        self.on_sigterm: Any = None
        self._running = False
        self._waiting: BaseException | None = None

    @property
    def is_to_stop(self) -> bool:
        """Whether something waits."""
        return self._waiting is not None

    def begin(self) -> None:
        """An update begins."""
        self._running = True

    def end(self) -> None:
        """An update is whole: weights, averages and counts."""
        waiting = self._waiting
        self.reset()
        if waiting is not None:
            raise waiting

    def stop(self, ending: BaseException) -> None:
        """Raise what is to end the run, now or at the end of the update."""
        if self._running and self._waiting is None:
            self._waiting = ending
            return
        self.reset()
        raise ending

    def reset(self) -> None:
        """No update is being made."""
        self._running, self._waiting = False, None

    def take_sigterm_back(self) -> None:
        """Handle SIGTERM in the place of Lightning.

        Lightning's handler waits for the other processes wherever the signal comes: for ever where
        these wait for something else.
        """
        if self.on_sigterm is not None:
            signal.signal(signal.SIGTERM, self.on_sigterm)


UPDATES = Updates()
"""Those of this process."""
