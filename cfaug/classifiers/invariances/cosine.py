"""The angle between two representations."""

from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.invariances.base import Encoded, Invariance


class CosineDistance(Invariance):
    """Mean over images of one minus the cosine between representations, 0 to 2."""

    def forward(self, original: Encoded, edited: Encoded, labels: Tensor) -> Tensor:
        """See `Invariance`."""
        return (1 - F.cosine_similarity(original.features, edited.features)).mean()
