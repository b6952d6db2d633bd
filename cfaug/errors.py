"""One clear line for what a user can mend."""

import re
import sys
import traceback
from argparse import ArgumentError
from collections.abc import Callable, Iterator
from errno import ENOSPC
from importlib.util import find_spec
from pathlib import Path

from cfaug.interrupts import ended_by_ctrl_c
from datamodules.errors import ImageError


def run_reporting_errors(job: Callable[[], None]) -> int:
    """Run a job; bad input ends in one line on standard error, a defect in its traceback.

    Returns:
        Exit status, which is 0, 1 for an error, 2 where the words of the command or its YAMLs
        cannot be read, or 130 for Ctrl-C.
    """
    try:
        with ended_by_ctrl_c():
            job()
    except (KeyboardInterrupt, SystemExit) as stop:
        # Lightning turns Ctrl-C into an exit once it has saved a checkpoint.
        if not any(isinstance(e, KeyboardInterrupt) for e in _chain(stop)):
            raise
        print("cfaug: stopped", file=sys.stderr)
        return 130
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


def message_for_users(error: Exception) -> str | None:
    """What an error has to tell, in one line; None for a defect, of which users cannot know."""
    return next((_one_line(e) for e in _chain(error) if _is_for_users(e)), None)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _of_parser(error: ArgumentError) -> str:
    # Of a class that may be left out, the parser also tells that what was given is not None.
    told = _one_line(error)
    own = re.search(r"given class_path '(.+?)': (.+?)( - Expected a <class 'NoneType'>.*)?$", told)
    return f"{own[1]}: {own[2]}" if own else told


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, then what it was raised from: parsers wrap what a constructor raises."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_for_users(error: BaseException) -> bool:
    """Whether the project's own check raised it, or the system refused a file."""
    if isinstance(error, OSError):
        return error.filename is not None or error.errno == ENOSPC
    if isinstance(error, ImageError):  # out of a loader's worker, whose frames are gone
        return True
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or not isinstance(error, (ValueError, RuntimeError)):
        return False
    packages = (find_spec(name) for name in ("cfaug", "datamodules"))
    folders = [Path(spec.origin).parent for spec in packages if spec and spec.origin]
    ours = any(Path(frames[-1].filename).is_relative_to(folder) for folder in folders)
    # What torch refuses in a line of ours is a defect and keeps its traceback.
    return ours and (frames[-1].line or "").startswith("raise ")
