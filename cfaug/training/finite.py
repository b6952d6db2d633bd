"""Training that goes wrong: losses and weights that are infinite or no numbers any more."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, stack

EVERY = 20
"""Updates after which losses are looked at, so that a GPU is not waited for at each."""


class NotFiniteError(ValueError):
    """Training cannot go on.

    Args:
        what: What is not finite, and when.
        kept: The last checkpoint from before, if there is one.
    """

    def __init__(self, what: str, kept: str | Path | None) -> None:
        kept = f" ({kept} is from before)" if kept and Path(kept).exists() else ""
        super().__init__(
            f"training went wrong: {what}{kept}; try a lower learning rate, the precision 32-true, "
            "or smaller weights of the terms of the loss"
        )


def not_finite(checkpoint: Mapping[str, Any]) -> str:
    """Which weights of a checkpoint are not finite, in words; empty where all are."""
    # While weights are averaged, the averages are the weights, and these stand beside them.
    kinds = [checkpoint.get(kind, {}) for kind in ("state_dict", "current_model_state")]
    weights = [(name, weight) for kind in kinds for name, weight in kind.items()]
    wrong = [n for n, w in weights if isinstance(w, Tensor) and not w.isfinite().all()]
    return f"weights are not finite ({len(wrong):,}, the first {wrong[0]})" if wrong else ""


class FiniteLosses(Callback):
    """Stops training once losses are not finite.

    Weights need no look of their own: where they are not finite, the next loss is not either. With
    the precision 16-mixed an update whose gradients are not finite is left out and no error; that
    `EVERY` in a row have no finite loss is one.
    """

    def __init__(self) -> None:
        self._losses: list[tuple[int, Tensor]] = []
        self._row = 0

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """Keep the loss. A CPU looks at once: nothing waits, and a warp's gradient would crash."""
        self._losses.append((trainer.global_step + 1, loss.detach()))
        if loss.device.type == "cpu":
            self._look(trainer)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Look at the losses after some updates and at the end of an epoch."""
        last = batch_idx + 1 == trainer.num_training_batches
        if last or (batch_idx + 1) % EVERY == 0:
            self._look(trainer)

    def _look(self, trainer: Trainer) -> None:
        """Look at the losses that were kept.

        Raises:
            NotFiniteError: If they are not finite.
        """
        kept, self._losses = self._losses, []
        finite = stack([loss for _, loss in kept]).isfinite().tolist() if kept else []
        most = EVERY if getattr(trainer.precision_plugin, "scaler", None) else 1
        what = ""
        for good, (update, loss) in zip(finite, kept, strict=True):
            self._row = 0 if good else self._row + 1
            if self._row == most:
                what = f"the loss is {float(loss)} at update {update:,}"
                break
        # All devices stop, or the others would wait for this one.
        if not trainer.strategy.reduce_boolean_decision(bool(what), all=False):
            return
        before = None
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, ModelCheckpoint):
                callback.save_on_exception = False
                before = before or callback.best_model_path
        raise NotFiniteError(what or "the loss is not finite on another device", before)
