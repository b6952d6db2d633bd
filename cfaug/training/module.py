"""What generators, classifiers and judges share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from lightning.pytorch import LightningModule

from cfaug.training.stopping import UPDATES, Terminated
from datamodules.attributes import AttributeSpace
from datamodules.process.noise import run_seed

_APART = 1_000_003
"""Factor, a prime, that keeps the seeds of epochs and batches apart."""


def best_device() -> torch.device:
    """Where Lightning's ``accelerator: auto`` trains on one device."""
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return found or torch.device("cpu")


class AttributeModule(LightningModule):
    """A module for images with given attributes, whose random numbers can be drawn again.

    The random numbers of a training batch follow from the seed and the batch. Checkpoints hold no
    state of the random number generators, so a run that went on from one would otherwise draw other
    noise than the run that was never stopped. All devices begin a batch with the same state:
    `random_like` draws for the images of a device what one device would draw for them. What is
    drawn by torch directly is the same on all devices, unless within `draws_of_its_own`.

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images; linked from the data module.

    Attributes:
        kind: What the module is, a generator or a classifier, in records and names of artifacts.
        trained_on: Digests of its training images, once it is read from a checkpoint, see
            `digests`.
    """

    kind: ClassVar[str] = "network"
    trained_on: torch.Tensor | None = None

    def __init__(self, attribute_space: AttributeSpace, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.attribute_space = attribute_space
        self.image_shape = image_shape

    @property
    def made_with(self) -> Mapping[str, Path | None]:
        """Files of other runs that it is trained with, by their kind."""
        return {}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse a checkpoint of other attributes or images, or of another network.

        Raises:
            ValueError: If it is one; of attributes and images also where the weights would fit.
        """
        made_for = checkpoint["hyper_parameters"]
        self.attribute_space.require_same(made_for["attribute_space"], "the checkpoint")
        _require_images(made_for["image_shape"], self.image_shape, "the checkpoint")
        given, wanted = (
            {name: tuple(weight.shape) for name, weight in weights.items()}
            for weights in (checkpoint["state_dict"], self.state_dict())
        )
        others = [name for name in {**wanted, **given} if given.get(name) != wanted.get(name)]
        if others:
            first = others[0]
            msg = (
                f"the checkpoint is of another network: {len(others):,} weights differ, the first "
                f"is {first} of {given.get(first, 'nothing')} instead of "
                f"{wanted.get(first, 'nothing')}; go on with the options that it was made with, in "
                "the config-fit.yaml of its run, or start anew"
            )
            raise ValueError(msg)

    def require_made_for(
        self, space: AttributeSpace, image_shape: tuple[int, int, int], what: str
    ) -> None:
        """Check that the module fits data.

        Args:
            space: The attributes of the data.
            image_shape: (3, H, W) of the images.
            what: What a message calls the module.

        Raises:
            ValueError: If it was made for other attributes or images.
        """
        space.require_same(self.attribute_space, what)
        _require_images(self.image_shape, image_shape, what)

    def log(self, name: str, value: Any, *args: Any, **kwargs: Any) -> None:
        """Lightning's, whose means are exact also where devices have different numbers of images.

        Lightning divides the number of images by that of the devices, and leaves the rest out: 97
        images on 2 devices would count as 96.

        Args:
            name: Of the figure.
            value: Of this device; ``batch_size`` is the number of images that it is a mean over.
            args: See Lightning's.
            kwargs: See Lightning's.
        """
        if kwargs.get("batch_size") is not None:
            kwargs["batch_size"] *= self.trainer.world_size
        super().log(name, value, *args, **kwargs)

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        """Seed torch for the batch: after the loader, which draws from the same generator."""
        UPDATES.begin()
        seed = (run_seed() * _APART + self.current_epoch) * _APART + batch_idx
        torch.manual_seed(seed * _APART % 2**63)

    def on_train_batch_end(self, outputs: object, batch: object, batch_idx: int) -> None:
        """Let what is to end the run do so; after the callbacks, of which one averages weights."""
        self._let_stop()

    def on_train_start(self) -> None:
        """Let processes that train together stop together: one alone would wait for the others."""
        UPDATES.take_sigterm_back()
        if self.trainer.world_size > 1:
            UPDATES.begin()

    def on_train_end(self) -> None:
        """Let what came after the last update end the run."""
        self._let_stop()

    def _let_stop(self) -> None:
        if self.trainer.world_size > 1:
            if not self.trainer.strategy.reduce_boolean_decision(UPDATES.is_to_stop, all=False):
                return
            if not UPDATES.is_to_stop:
                UPDATES.stop(Terminated())  # another process was told to
        UPDATES.end()


def _require_images(made_for: Sequence[int], shape: Sequence[int], what: str) -> None:
    if tuple(made_for) != tuple(shape):
        msg = (
            f"{what} was made for images of {tuple(made_for)}, the data have {tuple(shape)}; set "
            "--data.init_args.size to match"
        )
        raise ValueError(msg)
