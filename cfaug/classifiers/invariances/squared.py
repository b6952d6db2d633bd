"""The squared distance of two representations."""

from torch import Tensor

from cfaug.classifiers.invariances.base import Encoded, Invariance


class SquaredDistance(Invariance):
    """Mean over images of the squared Euclidean distance between representations."""

    def forward(self, original: Encoded, edited: Encoded, labels: Tensor) -> Tensor:
        """See `Invariance`."""
        return (original.features - edited.features).square().sum(1).mean()
