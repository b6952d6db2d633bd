"""Random mixing of the colour channels."""

import torch
from torch import Tensor

from cfaug.classifiers.augmentations.base import Augmentation
from datamodules.process.devices import random_like


class ChannelMixing(Augmentation):
    """Replaces each channel of an image by a random weighted mean of its three channels.

    The weights of each new channel are uniform over all weights that sum to 1 (Dirichlet(1, 1, 1)).
    Brightness is kept on average; which colour something has is not. For data whose misleading
    attribute is a colour this is a strong and simple opponent.
    """

    def forward(self, images: Tensor) -> Tensor:
        """See `Augmentation`."""
        rows = images.new_empty(len(images), 3, 3)
        weights = random_like(torch.rand, rows).clamp(min=1e-6).log()
        return torch.einsum("bij,bjhw->bihw", weights / weights.sum(2, keepdim=True), images)
