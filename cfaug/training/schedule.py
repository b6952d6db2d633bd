"""The schedule of the learning rate that all training here follows."""

from functools import partial

from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

WARMUP = 100
"""Updates over which the learning rate rises."""


def warm_then_fade(steps: int, warmup: int, step: int) -> float:
    """Share of the learning rate: a linear rise over `warmup`, flat, a fall from half way on.

    >>> [round(warm_then_fade(100, 10, step), 3) for step in (4, 50, 75, 100)]
    [0.5, 1.0, 0.51, 0.02]
    """
    return min(1.0, (step + 1) / warmup, max(0.02, 1.0 - 0.98 * (2 * step / steps - 1)))


def counted(steps: float) -> int:
    """The number of updates of a training.

    Args:
        steps: What Lightning makes of it, infinity for a training without end.

    Raises:
        ValueError: If training has no end.
    """
    if steps == float("inf"):
        msg = "training has no end; set --trainer.max_epochs or --trainer.max_steps"
        raise ValueError(msg)
    return int(steps)


def scheduled(optimizer: Optimizer, steps: float) -> OptimizerLRSchedulerConfig:
    """What ``configure_optimizers`` returns: the optimizer, warmed up, then faded over `steps`.

    Raises:
        ValueError: If training has no end.
    """
    schedule = LambdaLR(optimizer, partial(warm_then_fade, counted(steps), WARMUP))
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
