"""The confounded families of handwritten digits, real MNIST or scikit-learn's."""

from pathlib import Path
from typing import Any

from torch import Tensor

from datamodules.attributes import Attribute
from datamodules.rendered import RenderedImages
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


class ConfoundedDigits(RenderedImages):
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
        options: Those of `RenderedImages` and `AttributeDataModule`, but for ``flip``.

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
        **options: Any,
    ) -> None:
        super().__init__(
            Attribute("digit", tuple("0123456789")),
            renderers,
            size,
            strength,
            conflicting_share,
            alignment,
            label_noise,
            oracle,
            flip=False,
            **options,
        )
        self.source: Source = source
        self.root = mnist_root(Path(root))
        self.protocol: Protocol = protocol
        if protocol == "cgn" and source != "mnist":
            msg = f"protocol 'cgn' is a split of MNIST, but source is '{source}'"
            raise ValueError(msg)

    def prepare_data(self) -> None:
        """Download MNIST if it is wanted and missing."""
        if self.source == "mnist":
            ensure_mnist(self.root)

    def sources(self) -> dict[str, tuple[Tensor, Tensor]]:
        """See `RenderedImages.sources`."""
        if self.source == "mnist":
            digits = load_mnist(self.root, self.protocol)
        else:
            digits = load_sklearn_digits()
        side = self.image_shape[-1]
        return {name: (resize(images, side), labels) for name, (images, labels) in digits.items()}
