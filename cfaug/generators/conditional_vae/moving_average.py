"""The moving average of a generator's weights."""

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage(WeightAveraging):
    """Lightning's, which validates with the averages in the place of the weights, made stoppable.

    A run that is stopped during validation saves a checkpoint. Weights and averages change places
    again before, or the next leg would go on from the averages.

    Args:
        decay: Decay of the average per update.
    """

    def __init__(self, decay: float) -> None:
        # All weights at once; Lightning's `EMAWeightAveraging` takes one after the other.
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        super().__init__(use_buffers=False, multi_avg_fn=average)
        self._swapped = False

    def _swap_models(self, pl_module: LightningModule) -> None:
        super()._swap_models(pl_module)
        self._swapped = not self._swapped

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Put the weights back; ModelCheckpoint, which saves them, comes after."""
        if self._swapped:
            self._swap_models(pl_module)
