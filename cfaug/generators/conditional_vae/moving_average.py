"""The moving average of a generator's weights."""

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage(WeightAveraging):
    """Lightning's weight averaging, corrected for runs that are stopped during validation.

    Lightning validates with the averages in place of the weights. A run that is stopped then saves
    a checkpoint. Weights and averages are swapped back before it does; otherwise the resumed run
    would continue from the averages.

    Args:
        decay: Decay of the average per update.
    """

    def __init__(self, decay: float) -> None:
        # Updates all weights at once; Lightning's `EMAWeightAveraging` updates one after another.
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        super().__init__(use_buffers=False, multi_avg_fn=average)
        self._swapped = False

    def _swap_models(self, pl_module: LightningModule) -> None:
        super()._swap_models(pl_module)
        self._swapped = not self._swapped

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Swap the weights back; ModelCheckpoint, which saves them, is called afterwards."""
        if self._swapped:
            self._swap_models(pl_module)
