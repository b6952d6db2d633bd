"""The confounded families of handwritten digits, real MNIST or scikit-learn's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from torch import Tensor

from datamodules.attributes import Attribute, AttributeSpace
from datamodules.augmentation import jiggle
from datamodules.base import AttributeDataModule, Split, require_at_least
from datamodules.noise import run_seed
from datamodules.process import (
    draw_attributes,
    resolve_strengths,
    strength_from_conflicting_share,
)
from datamodules.renderers import Renderer
from datamodules.sampling import Sampling
from datamodules.sources import Source, ensure_mnist, load_mnist, load_sklearn_digits, resize


class ConfoundedDigits(AttributeDataModule):
    """Handwritten digits (the label) rendered with attributes that a hidden confounder ties to it.

    Training and validation images and one of the two test sets are confounded with the given
    strength; the other test set is not.

    Args:
        renderers: What is drawn into the digits, in this order; each adds an attribute.
        source: ``mnist``, or the 1,797 ``digits`` that scikit-learn carries.
        root: Folder that holds ``MNIST/raw``; MNIST is downloaded there if it is missing.
        size: Side of the images in pixels.
        strength: r of the confounding, 0 (none) to 1 (total), for all attributes or by name.
        conflicting_share: Share ε of images whose attribute is not the one aligned with the label,
            for all attributes alike; takes the place of `strength`.
        oracle: Draw training and validation data without confounding, which only a known process
            can do: the upper bound.
        rotation: Augmentation, largest rotation in degrees.
        shift: Augmentation, largest shift as a share of the side.
        scale: Augmentation, largest relative change of size.
        batch_size: Images per batch and device.
        num_workers: Loader processes; 0 is fastest, the data are in memory.
        sampling: How training images are drawn, see `AttributeDataModule`.
        weight_cap: Largest deconfounding weight.
        epoch_size: Images an epoch draws; None for the number of training images.
        seed: Seed of attributes and noise, see `AttributeDataModule`.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        renderers: list[Renderer],
        source: Source = "mnist",
        root: Path = Path("data"),
        size: int = 28,
        strength: float | dict[str, float] = 0.95,
        conflicting_share: float | None = None,
        oracle: bool = False,
        rotation: float = 8.0,
        shift: float = 0.06,
        scale: float = 0.08,
        batch_size: int = 128,
        num_workers: int = 0,
        sampling: Sampling = "natural",
        weight_cap: float = 10.0,
        epoch_size: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, num_workers, sampling, weight_cap, epoch_size, seed)
        digit = Attribute("digit", tuple("0123456789"))
        self.attribute_space = AttributeSpace(
            (digit, *(renderer.attribute for renderer in renderers)), label="digit"
        )
        self.image_shape = (3, size, size)
        self.renderers = renderers
        self.source: Source = source
        self.root = Path(root)
        self.strength: float | Mapping[str, float] = strength
        if conflicting_share is not None:
            self.strength = {
                renderer.attribute.name: strength_from_conflicting_share(
                    conflicting_share, len(renderer.attribute.values)
                )
                for renderer in renderers
            }
        self.oracle = oracle
        self.rotation, self.shift, self.scale = rotation, shift, scale
        require_at_least(4, size=size)
        require_at_least(0, rotation=rotation, shift=shift, scale=scale)
        resolve_strengths(self.attribute_space, self.strength)

    def prepare_data(self) -> None:
        """Download MNIST if it is wanted and missing."""
        if self.source == "mnist":
            ensure_mnist(self.root)

    def setup(self, stage: str | None = None) -> None:
        """Load the digits and draw their attributes; the same tables at every call."""
        if self.splits:
            return
        digits = load_mnist(self.root) if self.source == "mnist" else load_sklearn_digits()
        none = dict.fromkeys(self.strength, 0.0) if isinstance(self.strength, Mapping) else 0.0
        training = none if self.oracle else self.strength
        strengths = {
            "train": training,
            "val": training,
            "test": none,
            "test_confounded": self.strength,
        }
        for name, strength in strengths.items():
            images, labels = digits[name.removesuffix("_confounded")]
            table = draw_attributes(labels, self.attribute_space, strength, self.seed, name)
            self.splits[name] = Split(resize(images, self.image_shape[-1]), table)

    def render(self, source: Tensor, attributes: Tensor, index: Tensor) -> Tensor:
        """See `AttributeDataModule.render`."""
        images = source.float() / 255
        for column, renderer in enumerate(self.renderers, start=1):
            images = renderer.render(images, attributes[:, column], index, self.seed)
        return images.expand(-1, 3, -1, -1).contiguous()

    def augment(self, images: Tensor, draw: Tensor) -> Tensor:
        """Rotate, shift and scale a little, see `jiggle`."""
        return jiggle(images, draw, run_seed(), self.rotation, self.shift, self.scale)

    def unconfounded(self) -> Self:
        """See `AttributeDataModule.unconfounded`: the process is known and drawn without it."""
        data = self.sampled("natural")
        data.oracle, data.splits = True, {}
        data.setup()
        return data
