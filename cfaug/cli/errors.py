"""One clear line for what a user can mend."""

import re
import sys
from argparse import ArgumentError
from collections.abc import Callable

from cfaug.cli.interrupts import ended_by_signals
from cfaug.training.stopping import Terminated
from cfaug.user_errors import chain, message_for_users, one_line


def run_reporting_errors(job: Callable[[], None]) -> int:
    """Run a job; bad input ends in one line on standard error, a defect in its traceback.

    Returns:
        Exit status, which is 0, 1 for an error, 2 where the words of the command or its YAMLs
        cannot be read, 130 for Ctrl-C, or 143 for SIGTERM.
    """
    try:
        with ended_by_signals():
            job()
    except (KeyboardInterrupt, SystemExit) as stop:
        # Lightning turns Ctrl-C into an exit once it has saved a checkpoint.
        status = next(filter(None, map(_status_of_signal, chain(stop))), None)
        if status is None:
            raise
        print("cfaug: stopped", file=sys.stderr)
        return status
    except Exception as error:
        message = message_for_users(error)
        status = 1
        if message is None:
            if not isinstance(error, ArgumentError):
                raise
            # A usage of hundreds of lines, as the parser would print it, hides what is wrong.
            message, status = f"{_of_parser(error)}; --help lists the options", 2
        print(f"cfaug: error: {message}", file=sys.stderr)
        return status
    return 0


def _status_of_signal(error: BaseException) -> int | None:
    if isinstance(error, KeyboardInterrupt):
        return 130
    # Lightning has one of its own, in which processes that train together tell each other.
    own = type(error).__name__ == "SIGTERMException"
    return 143 if own or isinstance(error, Terminated) else None


def _of_parser(error: ArgumentError) -> str:
    # Of a class that may be left out, the parser also tells that what was given is not None.
    told = one_line(error)
    own = re.search(r"given class_path '(.+?)': (.+?)( - Expected a <class 'NoneType'>.*)?$", told)
    return f"{own[1]}: {own[2]}" if own else told
