"""Files that are written whole or not at all."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.plugins import TorchCheckpointIO


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


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file, see `whole_file`."""
    with whole_file(path) as part:
        part.write_text(json.dumps(content, indent=2) + "\n")


class WholeCheckpointIO(TorchCheckpointIO):
    """Replaces a checkpoint only when the next one is written.

    Lightning's own moves the file from the temporary folder. Where that is another file system, a
    full disk or a kill would leave half a checkpoint, with none to go on from.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None
    ) -> None:
        """See `whole_file`."""
        with whole_file(Path(path)) as part:
            super().save_checkpoint(checkpoint, part, storage_options)
