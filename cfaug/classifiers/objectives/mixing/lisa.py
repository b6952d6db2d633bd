"""LISA: selective mixing."""

from functools import partial
from typing import ClassVar

import torch

from cfaug.classifiers.objectives.base import Labels
from cfaug.classifiers.objectives.erm import CrossEntropy
from cfaug.classifiers.objectives.mixing.mixture import (
    Mixture,
    alike,
    beta_sample,
    random_partner,
)
from datamodules.attributes import AttributeSpace, Batch
from datamodules.checks import require_above, require_between
from datamodules.process.devices import random_like


class LISA(CrossEntropy):
    """Mixes images of one label and other attributes, or of one set of attributes and other labels.

    Yao et al., "Improving Out-of-Distribution Robustness via Selective Augmentation", ICML 2022,
    section 3: *intra-label* with probability p_sel, otherwise *intra-domain*, for a whole batch; a
    share λ ~ Beta(α, α) for each image. The authors draw batches from four groups at a time. Here
    partners come from the batch, and an image without one stays as it is; so sample groups
    ``balanced``, as the YAML of this method does.

    Args:
        alpha: α.
        p_sel: Probability of the intra-label mixture.

    Raises:
        ValueError: If an option is out of range.
    """

    uses: ClassVar[Labels] = "training"

    def __init__(self, alpha: float = 2.0, p_sel: float = 0.5) -> None:
        super().__init__()
        require_above(0, alpha=alpha)
        require_between(0, 1, p_sel=p_sel)
        self.alpha, self.p_sel = alpha, p_sel

    def mixture(self, batch: Batch, space: AttributeSpace) -> Mixture:
        """See `Objective`."""
        same_label, same_others = alike(batch["attributes"], space)
        if torch.rand(()) < self.p_sel:
            allowed = same_label & ~same_others
        else:
            allowed = same_others & ~same_label
        share = random_like(partial(beta_sample, self.alpha), same_label[:, 0])
        return Mixture(random_partner(allowed), share[:, None, None, None], share)
