"""SelecMix with known attributes."""

from typing import ClassVar

import torch

from cfaug.classifiers.objectives.base import Labels
from cfaug.classifiers.objectives.erm import CrossEntropy
from cfaug.classifiers.objectives.mixing.mixture import Mixture, alike, random_partner
from datamodules.attributes import AttributeSpace, Batch
from datamodules.process.devices import random_like


class SelecMix(CrossEntropy):
    """Mixes contradicting pairs, with the label of the partner.

    Hwang et al., "SelecMix: Debiased Learning by Contradicting-pair Sampling", NeurIPS 2022, in the
    variant whose bias labels are known: partners have the same label and another bias, or another
    label and the same bias, each for half of the batches. The image's share is λ / 2 with λ uniform
    in [0, 1], so the partner prevails, and the target is the partner's label alone. (The authors'
    code takes the first partner of the batch; here it is a random one.) With several attributes
    beside the label, their combination is the bias.
    """

    uses: ClassVar[Labels] = "training"

    def mixture(self, batch: Batch, space: AttributeSpace) -> Mixture:
        """See `Objective`."""
        same_label, same_bias = alike(batch["attributes"], space)
        contradicts = same_label & ~same_bias
        if torch.rand(()) < 0.5:
            contradicts = ~same_label & same_bias
        share = random_like(torch.rand, same_label[:, 0]) / 2
        return Mixture(
            random_partner(contradicts), share[:, None, None, None], torch.zeros_like(share)
        )
