"""Corrupted CIFAR-10: which object it is goes with how its photograph is corrupted."""

from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from datamodules.attributes import Attribute
from datamodules.rendered import RenderedImages
from datamodules.rendering.corruptions.corruption import Corruption
from datamodules.storage.cifar10 import CLASSES, SIDE, ensure_cifar10, load_cifar10


class CorruptedCIFAR10(RenderedImages):
    """CIFAR-10 (the object is the label), each image with one of ten corruptions.

    As defined in "Learning from Failure" (Nam et al., NeurIPS 2020): object i goes with corruption
    i, and images that conflict have the other nine evenly. Of the unconfounded test set a tenth is
    aligned. Every tenth training image is for validation, which the published protocol has not.

    Args:
        root: Folder with torchvision's files, or with ``images.zip``, or with the folders ``train``
            and ``test`` that have one for each class; CIFAR-10 is downloaded there if it is
            missing.
        kind: The corruptions, see `SETS`.
        strength: r of the confounding, 0 (none) to 1 (total).
        conflicting_share: Share ε of images whose corruption is not that of their object; takes the
            place of ``strength``.
        oracle: Draw training and validation data without confounding.
        flip: Augmentation, mirror half of the images.
        rotation: Augmentation, largest rotation in degrees.
        shift: Augmentation, largest shift as a share of the side.
        scale: Augmentation, largest relative change of size.
        options: Those of `AttributeDataModule`.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        root: Path = Path("data/cifar10"),
        kind: Literal[0, 1] = 0,
        strength: float | dict[str, float] = 0.95,
        conflicting_share: float | None = None,
        oracle: bool = False,
        flip: bool = True,
        rotation: float = 0.0,
        shift: float = 0.125,
        scale: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(
            Attribute("object", CLASSES),
            [Corruption(kind)],
            SIDE,
            strength,
            conflicting_share,
            alignment=None,
            label_noise=0.0,
            oracle=oracle,
            flip=flip,
            rotation=rotation,
            shift=shift,
            scale=scale,
            **options,
        )
        self.root = Path(root)

    def prepare_data(self) -> None:
        """Download CIFAR-10 if it is missing."""
        ensure_cifar10(self.root)

    def sources(self) -> dict[str, tuple[Tensor, Tensor]]:
        """See `RenderedImages.sources`."""
        return load_cifar10(self.root)
