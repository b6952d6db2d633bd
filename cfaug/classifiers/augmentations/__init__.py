"""Augmentations that change what should not matter, such as colours."""

from cfaug.classifiers.augmentations.base import Augmentation
from cfaug.classifiers.augmentations.channel_mixing import ChannelMixing
from cfaug.classifiers.augmentations.torchvision_transforms import ColorJitter, Grayscale

__all__ = ["Augmentation", "ChannelMixing", "ColorJitter", "Grayscale"]
