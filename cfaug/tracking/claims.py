"""A folder of results belongs to the options that they were made with."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from datamodules.storage.atomic_files import write_json


def changed_options(known: Mapping[str, str], options: Mapping[str, str]) -> str:
    """What differs between two sets of options, in words; empty where nothing does."""
    names = dict.fromkeys([*known, *options])
    changed = [name for name in names if options.get(name) != known.get(name)]
    return ", ".join(f"{name} {known.get(name)} instead of {options.get(name)}" for name in changed)


def claim(path: Path, options: Mapping[str, str], what: str) -> None:
    """Refuse a folder whose results were made with other options.

    Args:
        path: JSON in the folder that holds the options; it is written if it is not there.
        options: The options.
        what: What the folder holds, for the message.

    Raises:
        ValueError: If they were, or the file is damaged, or the folder cannot be written.
    """
    if not path.exists():
        write_json(path, options)
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        changes = changed_options(known, options)
    except (ValueError, TypeError, AttributeError) as error:  # no JSON, or of something else
        msg = f"{path} is damaged ({error}); remove {path.parent} to start anew"
        raise ValueError(msg) from error
    if changes:
        msg = (
            f"{path.parent} holds {what} with {changes}; "
            "choose another --folder, or remove that one to start anew"
        )
        raise ValueError(msg)


@contextmanager
def claimed(path: Path, options: Mapping[str, str], what: str) -> Iterator[None]:
    """See `claim`; the folder is let go where what was to fill it fails before it left anything."""
    before = set(path.parent.iterdir())
    claim(path, options, what)
    try:
        yield
    except BaseException:
        if set(path.parent.iterdir()) - before == {path}:
            path.unlink()
        raise
