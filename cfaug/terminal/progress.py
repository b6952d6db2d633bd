"""Progress bars: one for each part, gone when it is done, none where the output is no terminal."""

from collections.abc import Iterable
from typing import Any, TypeVar

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from rich import progress
from rich.console import Console

Item = TypeVar("Item")


def track(items: Iterable[Item], doing: str, total: float | None = None) -> Iterable[Item]:
    """The items, with a bar while they are gone through.

    Args:
        items: The items.
        doing: What is done, in a word or two.
        total: Number of items, where they do not have a length.
    """
    console = Console()
    hidden = not console.is_terminal  # a bar in a log or a pipe would stay
    return progress.track(items, doing, total, console=console, transient=True, disable=hidden)


class OneBar(ProgressBar):
    """One bar for all epochs of a fit, or all images of a test; Lightning's has one for each epoch.

    Args:
        doing: What a fit is called.
    """

    def __init__(self, doing: str = "training") -> None:
        super().__init__()
        self.doing = doing
        self._enabled = True
        self._bar: progress.Progress | None = None
        self._task = progress.TaskID(0)
        self._batches = 0

    def disable(self) -> None:
        """Show nothing from now on."""
        self._enabled = False
        self._stop()

    def enable(self) -> None:
        """Show the next bar."""
        self._enabled = True

    def _start(self, doing: str) -> None:
        console = Console()
        self._batches = 0
        if self._enabled and console.is_terminal:
            self._stop()
            columns = (
                progress.TextColumn("{task.description}"),
                progress.BarColumn(30),
                progress.TaskProgressColumn(),
                progress.TimeRemainingColumn(),
            )
            self._bar = progress.Progress(*columns, console=console, transient=True)
            self._task = self._bar.add_task(doing, total=1.0)
            self._bar.start()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show(self, share: float, doing: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=share, description=doing)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar, where a run goes on from as far as it was."""
        self._start(self.doing)
        self._show(*_trained(trainer, 0, self.doing))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Move the bar."""
        self._show(*_trained(trainer, batch_idx + 1, self.doing))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the bar away."""
        self._stop()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show a bar, unless this is a part of a fit, which has one."""
        if trainer.state.fn == "validate":
            self._start("validating")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar."""
        self._start("testing")

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar."""
        self._start("predicting")

    def _read(self, batches: list[int | float], doing: str) -> None:
        self._batches += 1
        self._show(self._batches / sum(batches), doing)

    def on_validation_batch_end(self, trainer: Trainer, *rest: Any) -> None:
        """Move the bar."""
        if trainer.state.fn == "validate":
            self._read(trainer.num_val_batches, "validating")

    def on_test_batch_end(self, trainer: Trainer, *rest: Any) -> None:
        """Move the bar."""
        self._read(trainer.num_test_batches, "testing")

    def on_predict_batch_end(self, trainer: Trainer, *rest: Any) -> None:
        """Move the bar."""
        self._read(trainer.num_predict_batches, "predicting")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the bar of ``validate`` away."""
        if trainer.state.fn == "validate":
            self._stop()

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the bar away."""
        self._stop()

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the bar away."""
        self._stop()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Take the bar away, so that what went wrong stands alone."""
        self._stop()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Take away what is left."""
        self._stop()


def _trained(trainer: Trainer, batches: int, doing: str) -> tuple[float, str]:
    """How far a fit is, after some batches of the epoch, and in words."""
    shares = [0.0]
    if trainer.max_epochs and trainer.max_epochs > 0:
        epochs = trainer.current_epoch + batches / trainer.num_training_batches
        shares.append(epochs / trainer.max_epochs)
        doing = f"{doing}, epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
    if trainer.max_steps > 0:
        shares.append(trainer.global_step / trainer.max_steps)
    return min(1.0, max(shares)), doing
