"""Images with named attributes; nothing here knows of models."""

from datamodules.attributes import Attribute, AttributeSpace, Batch, attribute_space
from datamodules.base import AttributeDataModule
from datamodules.celeba import CelebA
from datamodules.corrupted_cifar10 import CorruptedCIFAR10
from datamodules.digits import ConfoundedDigits
from datamodules.drawn_faces import Faces
from datamodules.folder import ImagesWithTable
from datamodules.rendering.renderers import Color, Renderer, Rotation, Texture, Thickness
from datamodules.storage.shards import read_counterfactuals

__all__ = [
    "Attribute",
    "AttributeDataModule",
    "AttributeSpace",
    "Batch",
    "CelebA",
    "Color",
    "ConfoundedDigits",
    "CorruptedCIFAR10",
    "Faces",
    "ImagesWithTable",
    "Renderer",
    "Rotation",
    "Texture",
    "Thickness",
    "attribute_space",
    "read_counterfactuals",
]
