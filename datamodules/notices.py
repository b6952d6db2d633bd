"""What data tell the user that is no error."""

import sys
from collections.abc import Sequence


def tell(message: str) -> None:
    """Say on standard error what is no error."""
    print(message, file=sys.stderr)


def some_of(names: Sequence[str]) -> str:
    """The first three names, with dots where there are more."""
    return f"{', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
