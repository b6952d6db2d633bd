"""Checkpoints that are written whole or not at all."""

from pathlib import Path
from typing import Any

from lightning.pytorch.plugins import TorchCheckpointIO

from datamodules.writing import whole_file


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
