"""A generator, classifiers and a judge for the explorer that are known to the last pixel."""

import io
from collections.abc import Collection
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from cfaug.exploring.session import Session
from cfaug.generators.base import Generator
from datamodules.digits import ConfoundedDigits
from datamodules.rendering.renderers import Color, Thickness

HOSTILE = "<b>me</b>"


class Dimmer(Generator):
    """Dims an image that gets another colour, by as many per cent as the code of the colour."""

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        changed = attributes[:, 2] != targets[:, 2]
        scale = torch.where(changed, 1 - targets[:, 2] / 100, 1.0)
        return images * scale[:, None, None, None]


class Careless(Generator):
    """Turns an image black where nothing is to change."""

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        return images * (attributes != targets).any(1)[:, None, None, None]


class ByBrightness(nn.Module):
    """Sees a class in the mean brightness alone."""

    def forward(self, images: Tensor) -> Tensor:
        classes = torch.arange(10) / 50
        return -1000 * (images.mean((1, 2, 3))[:, None] - classes) ** 2


class Reads(nn.Module):
    """Takes every image for a thick, red 7."""

    def read(self, images: Tensor) -> Tensor:
        return torch.tensor([[7, 1, 0]]).repeat(len(images), 1)


def a_session() -> Session:
    """A session on scikit-learn's digits."""
    data = ConfoundedDigits([Thickness(), Color()], source="digits", size=16)
    data.setup()
    generator = Dimmer(data.attribute_space, data.image_shape)
    named: dict[str, Any] = {HOSTILE: ByBrightness()}
    return Session(generator, named, data, Reads())  # type: ignore[arg-type]


def png(width: int, height: int) -> bytes:
    """The file of a picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return buffer.getvalue()
