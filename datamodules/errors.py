"""What data tell the user."""

import sys
from collections.abc import Sequence


def tell(message: str) -> None:
    """Say on standard error what is no error."""
    print(message, file=sys.stderr)


def some_of(names: Sequence[str]) -> str:
    """The first three names, with dots where there are more."""
    return f"{', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"


class ImageError(ValueError):
    """An image that cannot be used, in one line.

    A loader's worker hands an error on as one of the same class, with its traceback for a message;
    the last line of that is what it said.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message.rpartition("ImageError: ")[2].strip())
