"""Pictures whose names have letters that no font has: told in one notice, not in a warning each."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.figure import Figure

from datamodules.notices import tell

MOST_LETTERS = 20
"""Most letters that a notice shows."""

_told: set[str] = set()


def save_figure(figure: Figure, path: Any, **options: Any) -> None:
    """Write a figure; letters that no font has are told once in a process.

    Args:
        figure: The figure.
        path: The picture.
        options: Those of matplotlib's ``savefig``.
    """
    with without_warnings_of_letters() as missing:
        figure.savefig(path, **options)
    if new := sorted(missing - _told):
        _told.update(new)
        more = " ..." if len(new) > MOST_LETTERS else ""
        tell(
            f"pictures have boxes for letters that their font lacks, {''.join(new[:MOST_LETTERS])}"
            f"{more}; a font that has them can be named as font.family in a matplotlibrc"
        )


@contextmanager
def without_warnings_of_letters() -> Iterator[set[str]]:
    """Yield a set that has the letters that no font has once the figure is drawn."""
    missing: set[str] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=r"Glyph \d+ ")
        yield missing
    for warning in caught:
        if letter := re.match(r"Glyph (\d+) ", str(warning.message)):
            missing.add(chr(int(letter[1])))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
