"""Images into which attributes are rendered that a hidden confounder ties to the label."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

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
from datamodules.process.splits import Split
from datamodules.rendering.augmentation import jiggle, mirror
from datamodules.rendering.renderers import Renderer


class RenderedImages(AttributeDataModule):
    """Labelled images rendered with attributes; their process is known.

    Training and validation images and one of the two test sets are confounded with the given
    strength; the other test set is not.

    Args:
        label: The label of the images.
        renderers: What is drawn into them, in this order; each adds an attribute.
        size: Side of the images in pixels.
        strength: r of the confounding, 0 (none) to 1 (total), for all attributes or by name.
        conflicting_share: Share ε of images whose attribute is not the one aligned with the label,
            for all attributes alike; takes the place of ``strength``.
        alignment: For some attributes, by name, the values that go with the values of the label.
        label_noise: Share of training and validation images that get another label, which their
            attributes then follow.
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
        label: Attribute,
        renderers: list[Renderer],
        size: int,
        strength: float | dict[str, float] = 0.95,
        conflicting_share: float | None = None,
        alignment: dict[str, list[str | int]] | None = None,
        label_noise: float = 0.0,
        oracle: bool = False,
        flip: bool = False,
        rotation: float = 8.0,
        shift: float = 0.06,
        scale: float = 0.08,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        attributes = (label, *(renderer.attribute for renderer in renderers))
        self.attribute_space = AttributeSpace(attributes, label=label.name)
        self.image_shape = (3, size, size)
        self.renderers = renderers
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
        self.oracle = oracle
        self.flip, self.rotation, self.shift, self.scale = flip, rotation, shift, scale
        require_at_least(4, size=size)
        require_at_least(0, rotation=rotation, shift=shift, scale=scale)
        if not 0 <= label_noise <= 1:
            msg = f"label_noise is {label_noise}, expected a share of images from 0 to 1"
            raise ValueError(msg)
        resolve_strengths(self.attribute_space, self.strength)
        resolve_alignment(self.attribute_space, self.alignment)

    @abstractmethod
    def sources(self) -> dict[str, tuple[Tensor, Tensor]]:
        """For train, val and test, images (N, C, H, W) uint8 of the wanted size, labels (N,)."""

    def setup(self, stage: str | None = None) -> None:
        """Load the images and draw their attributes; the same tables at every call."""
        if self.splits:
            return
        sources = self.sources()
        none = dict.fromkeys(self.strength, 0.0) if isinstance(self.strength, Mapping) else 0.0
        training = none if self.oracle else self.strength
        strengths = {
            "train": training,
            "val": training,
            "test": none,
            "test_confounded": self.strength,
        }
        values = self.attribute_space.cardinalities[0]
        for name, strength in strengths.items():
            images, labels = sources[name if name in {"train", "val"} else self.test_on]
            if name in {"train", "val"}:
                labels = replace_labels(labels, values, self.label_noise, self.seed, name)
            table = draw_attributes(
                labels, self.attribute_space, strength, self.seed, name, self.alignment
            )
            self.splits[name] = Split(images, table)

    def render(self, source: Tensor, attributes: Tensor, index: Tensor) -> Tensor:
        """See `AttributeDataModule.render`."""
        images = source.float() / 255
        for column, renderer in enumerate(self.renderers, start=1):
            images = renderer.render(images, attributes[:, column], index, self.seed)
        return (
            images[:, :3] if images.shape[1] == 4 else images.expand(-1, 3, -1, -1)
        ).contiguous()

    def augment(self, images: Tensor, draw: Tensor) -> Tensor:
        """Mirror, rotate, shift and scale a little, see `mirror` and `jiggle`."""
        if self.flip:
            images = mirror(images, draw, run_seed())
        return jiggle(images, draw, run_seed(), self.rotation, self.shift, self.scale)

    def unconfounded(self) -> Self:
        """See `AttributeDataModule.unconfounded`: the process is known and drawn without it."""
        data = self.sampled("natural")
        data.oracle, data.splits = True, {}
        data.setup()
        return data
