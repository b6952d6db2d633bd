"""One clear line for what a user can mend."""

import sys
import traceback
from collections.abc import Callable

from lightning.fabric.utilities.exceptions import MisconfigurationException


def run_reporting_errors(job: Callable[[], None]) -> int:
    """Run a job; bad input ends in one line on standard error.

    Returns:
        Exit status: 0, 1 for an error, 130 for Ctrl-C.
    """
    try:
        job()
    except KeyboardInterrupt:
        print("cfaug: stopped", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError, MisconfigurationException) as error:
        # Only what cfaug itself raises, and the operating system, speaks to users as it stands.
        origin = traceback.extract_tb(error.__traceback__)[-1].filename
        if not isinstance(error, OSError) and not _is_ours(origin):
            raise
        print(f"cfaug: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def _is_ours(filename: str) -> bool:
    return any(
        f"/{package}/" in filename.replace("\\", "/") for package in ("cfaug", "datamodules")
    )
