"""Files and folders that are written whole or not at all."""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from typing import NoReturn


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a place beside `path` to write to, and move it to `path` when that went well.

    Raises:
        ValueError: If it cannot be written; what stood at `path` stays, nothing half-written does.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        msg = (
            f"cannot write {path} ({error.strerror or error}); free some space, or choose another "
            "--folder, or another save_dir of the logger"
        )
        raise ValueError(msg) from error
    finally:
        if part.parent.is_dir():
            part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a folder beside `path` to write to, and rename it to `path` when that went well.

    Nothing half-written stays, also where Ctrl-C or SIGTERM ends the program.

    Raises:
        ValueError: If `path` exists or cannot be written.
    """
    if path.exists():
        msg = f"{path} exists; choose another folder, or remove that one"
        raise ValueError(msg)
    part = None
    before = signal.getsignal(signal.SIGTERM)
    is_ours = before is signal.SIG_DFL and current_thread() is main_thread()
    if is_ours:
        signal.signal(signal.SIGTERM, _exit)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        yield part
        part.chmod(0o777 & ~_umask())
        part.rename(path)
    except OSError as error:
        msg = f"cannot write {path} ({error.strerror or error}); free some space, or choose another"
        raise ValueError(f"{msg} folder") from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
        if is_ours:
            signal.signal(signal.SIGTERM, before)


def _exit(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)  # as shells have it


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file, see `whole_file`."""
    with whole_file(path) as part:
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
