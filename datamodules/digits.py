"""The confounded families of handwritten digits, real MNIST or scikit-learn's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from torch import Tensor

from datamodules.attributes import Attribute, AttributeSpace
from datamodules.base import AttributeDataModule
from datamodules.checks import require_at_least
from datamodules.process.confounded_process import (
    draw_attributes,
    replace_labels,
    resolve_alignment,
    resolve_strengths,
    strength_from_conflicting_share,
)
from datamodules.process.noise import run_seed
from datamodules.process.sampling import Sampling
from datamodules.process.splits import Split, TestOn
from datamodules.rendering.augmentation import jiggle
from datamodules.rendering.renderers import Renderer
from datamodules.storage.grey_digits import (
    Protocol,
    Source,
    ensure_mnist,
    load_mnist,
    load_sklearn_digits,
    mnist_root,
    resize,
)


class ConfoundedDigits(AttributeDataModule):
    """Handwritten digits (the label) rendered with attributes that a hidden confounder ties to it.

    Training and validation images and one of the two test sets are confounded with the given
    strength; the other test set is not.

    Args:
        renderers: What is drawn into the digits, in this order; each adds an attribute.
        source: ``mnist``, or the 1,797 ``digits`` that scikit-learn carries.
        root: Folder that holds ``MNIST/raw``; MNIST is downloaded there if it is missing. ``data``
            stands for the folder that the environment variable ``CFAUG_DATA`` names, if it is set.
        size: Side of the images in pixels.
        strength: r of the confounding, 0 (none) to 1 (total), for all attributes or by name.
        conflicting_share: Share ε of images whose attribute is not the one aligned with the label,
            for all attributes alike; takes the place of ``strength``.
        alignment: For some attributes, by name, the values that the confounder pairs with the
            digits 0 to 9; the others take the digit's place among their values, from the start
            again where these are fewer.
        label_noise: Share of training and validation images that get another label, which their
            attributes then follow (as in the colored MNIST of Arjovsky et al., arXiv 1907.02893).
        protocol: ``standard``: the last 5,000 of MNIST's training file are for validation.
            ``cgn``, that of Sauer & Geiger (ICLR 2021): its last 10,000 are for testing, and the
            test file is for validation.
        oracle: Draw training and validation data without confounding, which only a known process
            can do: the upper bound.
        rotation: Augmentation, largest rotation in degrees.
        shift: Augmentation, largest shift as a share of the side.
        scale: Augmentation, largest relative change of size.
        batch_size: Images of a batch, those of all devices together.
        num_workers: Loader processes; 0 is fastest, the data are in memory.
        sampling: How training images are drawn, see `AttributeDataModule`.
        weight_cap: Largest deconfounding weight.
        epoch_size: Images an epoch draws; None for the number of training images.
        seed: Seed of attributes and noise, see `AttributeDataModule`.
        counterfactuals: Folder of counterfactuals on disk, see `AttributeDataModule`.
        test_on: ``val`` makes both test sets of validation digits, see `AttributeDataModule`.

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
        alignment: dict[str, list[str | int]] | None = None,
        label_noise: float = 0.0,
        protocol: Protocol = "standard",
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
        counterfactuals: Path | None = None,
        test_on: TestOn = "test",
    ) -> None:
        super().__init__(
            batch_size,
            num_workers,
            sampling,
            weight_cap,
            epoch_size,
            seed,
            counterfactuals,
            test_on,
        )
        digit = Attribute("digit", tuple("0123456789"))
        self.attribute_space = AttributeSpace(
            (digit, *(renderer.attribute for renderer in renderers)), label="digit"
        )
        self.image_shape = (3, size, size)
        self.renderers = renderers
        self.source: Source = source
        self.root = mnist_root(Path(root))
        self.strength: float | Mapping[str, float] = strength
        if conflicting_share is not None:
            self.strength = {
                renderer.attribute.name: strength_from_conflicting_share(
                    conflicting_share, len(renderer.attribute.values)
                )
                for renderer in renderers
            }
        self.alignment = alignment or {}
        self.label_noise = label_noise
        self.protocol: Protocol = protocol
        self.oracle = oracle
        self.rotation, self.shift, self.scale = rotation, shift, scale
        require_at_least(4, size=size)
        require_at_least(0, rotation=rotation, shift=shift, scale=scale)
        if not 0 <= label_noise <= 1:
            msg = f"label_noise is {label_noise}, expected a share of images from 0 to 1"
            raise ValueError(msg)
        resolve_strengths(self.attribute_space, self.strength)
        resolve_alignment(self.attribute_space, self.alignment)
        if protocol == "cgn" and source != "mnist":
            msg = f"protocol 'cgn' is a split of MNIST, but source is '{source}'"
            raise ValueError(msg)

    def prepare_data(self) -> None:
        """Download MNIST if it is wanted and missing."""
        if self.source == "mnist":
            ensure_mnist(self.root)

    def setup(self, stage: str | None = None) -> None:
        """Load the digits and draw their attributes; the same tables at every call."""
        if self.splits:
            return
        if self.source == "mnist":
            digits = load_mnist(self.root, self.protocol)
        else:
            digits = load_sklearn_digits()
        none = dict.fromkeys(self.strength, 0.0) if isinstance(self.strength, Mapping) else 0.0
        training = none if self.oracle else self.strength
        strengths = {
            "train": training,
            "val": training,
            "test": none,
            "test_confounded": self.strength,
        }
        for name, strength in strengths.items():
            images, labels = digits[name if name in {"train", "val"} else self.test_on]
            if name in {"train", "val"}:
                labels = replace_labels(labels, 10, self.label_noise, self.seed, name)
            table = draw_attributes(
                labels, self.attribute_space, strength, self.seed, name, self.alignment
            )
            self.splits[name] = Split(resize(images, self.image_shape[-1]), table)

    def render(self, source: Tensor, attributes: Tensor, index: Tensor) -> Tensor:
        """See `AttributeDataModule.render`."""
        images = source.float() / 255
        for column, renderer in enumerate(self.renderers, start=1):
            images = renderer.render(images, attributes[:, column], index, self.seed)
        return (
            images[:, :3] if images.shape[1] == 4 else images.expand(-1, 3, -1, -1)
        ).contiguous()

    def augment(self, images: Tensor, draw: Tensor) -> Tensor:
        """Rotate, shift and scale a little, see `jiggle`."""
        return jiggle(images, draw, run_seed(), self.rotation, self.shift, self.scale)

    def unconfounded(self) -> Self:
        """See `AttributeDataModule.unconfounded`: the process is known and drawn without it."""
        data = self.sampled("natural")
        data.oracle, data.splits = True, {}
        data.setup()
        return data
