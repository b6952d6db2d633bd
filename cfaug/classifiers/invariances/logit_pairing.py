"""Counterfactual logit pairing."""

from torch import Tensor

from cfaug.classifiers.invariances.base import Encoded, Invariance


class LogitPairing(Invariance):
    """Mean over images of the squared distance between logits.

    Logit pairing (Kannan et al., "Adversarial Logit Pairing", 2018) with counterfactuals in the
    place of adversarial images; Garg et al., "Counterfactual Fairness in Text Classification", AIES
    2019, take the absolute difference. Gradients flow into both sides.
    """

    def forward(self, original: Encoded, edited: Encoded, labels: Tensor) -> Tensor:
        """See `Invariance`."""
        return (original.logits - edited.logits).square().sum(1).mean()
