"""Modules of the user's in the working folder: found, but never in the place of another."""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
"""The folder that this package lies in."""


class SisterPackage(MetaPathFinder):
    """Finds ``datamodules`` beside ``cfaug``, and none of another checkout, or another's folder."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See Python's ``MetaPathFinder``."""
        return PathFinder.find_spec(fullname, [str(ROOT)]) if fullname == "datamodules" else None


class OwnModules(MetaPathFinder):
    """Finds a module in the working folder once it is found nowhere else.

    A folder without Python in it, of data for instance, is none: a library that looks whether
    another is installed would take it for that.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See Python's ``MetaPathFinder``."""
        if path is not None:  # in a package, which knows its own folder
            return None
        found = PathFinder.find_spec(fullname, [os.getcwd()])
        if found is None or found.origin is not None:
            return found
        return found if any(Path(os.getcwd(), fullname).glob("*.py")) else None


def look_in_working_folder_last() -> None:
    """Let YAMLs name classes of the working folder, after all that is installed."""
    if not any(isinstance(finder, OwnModules) for finder in sys.meta_path):
        sys.meta_path[:] = [SisterPackage(), *sys.meta_path, OwnModules()]
