"""Checkpoints: written whole or not at all, and read back with one clear error."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins import TorchCheckpointIO

from cfaug.training.finite import NotFiniteError, not_finite
from datamodules.storage.atomic_files import whole_file


class WholeCheckpointIO(TorchCheckpointIO):
    """Replaces a checkpoint only when the next one is written.

    Lightning's own moves the file from the temporary folder. Where that is another file system, a
    full disk or a kill would leave half a checkpoint, with none to go on from.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None
    ) -> None:
        """See `whole_file`.

        Raises:
            NotFiniteError: If weights are not finite; what stood at `path` stays.
        """
        wrong = not_finite(checkpoint)
        if wrong:
            raise NotFiniteError(f"{wrong} at update {checkpoint['global_step']:,}", path)
        with whole_file(Path(path)) as part:
            super().save_checkpoint(checkpoint, part, storage_options)


class Checkpoints(ModelCheckpoint):
    """Lightning's, which leaves the best weights alone when a run is stopped.

    Lightning writes the weights of that moment under the name of the best ones, whatever they are
    worth, and the best ones are lost.
    """

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Save a checkpoint to go on from: with a monitor ``last.ckpt``, and no other."""
        if self.monitor is None:
            super().on_exception(trainer, pl_module, exception)
        elif self._should_save_on_exception(trainer):
            self.last_model_path = self.format_checkpoint_name({}, self.CHECKPOINT_NAME_LAST)
            self._save_checkpoint(trainer, self.last_model_path)


def read_checkpoint(path: Path, kind: str) -> dict[str, Any]:
    """Read a checkpoint.

    Args:
        path: The file.
        kind: Of what, ``generator`` or ``classifier``.

    Raises:
        ValueError: If there is none, or it is damaged or of something else, or its weights are not
            finite.
    """
    if not path.is_file():
        msg = f"no {kind} checkpoint at {path}; `cfaug {kind} fit` leaves one in runs/{kind}"
        raise ValueError(msg)
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever the damage provokes
        raise unreadable(path, kind, error) from error
    if _kind(checkpoint) != kind:
        msg = f"{path} is not a {kind}'s checkpoint; `cfaug {kind} fit` leaves one in runs/{kind}"
        raise ValueError(msg)
    wrong = not_finite(checkpoint)
    if wrong:
        msg = f"{path} is of a training that went wrong: {wrong}; name another, or train it anew"
        raise ValueError(msg)
    return checkpoint


def _kind(checkpoint: object) -> str | None:
    match checkpoint:
        case {"hyper_parameters": {"_class_path": str()}, "state_dict": dict()}:
            return "generator"  # one of several classes
        case {"hyper_parameters": {"image_shape": _}, "state_dict": dict()}:
            return "classifier"
    return None


def unreadable(path: Path, kind: str, error: Exception) -> ValueError:
    """What to raise of a checkpoint that does not hold what it seems to."""
    told = " ".join(str(error).split()).partition(". ")[0]  # what follows is advice on torch
    reason = f"{type(error).__name__}: {told[:200]}"
    return ValueError(f"{path} is not a readable {kind} checkpoint ({reason})")
