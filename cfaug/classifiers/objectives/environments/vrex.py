"""Variance risk extrapolation."""

from torch import Tensor

from cfaug.classifiers.objectives.base import Seen
from cfaug.classifiers.objectives.environments.risks import Penalised


class VREx(Penalised):
    """Losses of environments, and their variance.

    Krueger et al., "Out-of-Distribution Generalization via Risk Extrapolation", ICML 2021, equation
    8, with the mean of the losses in the place of their sum. The variance is that of the
    environments of a batch (divided by their number).

    Args:
        weight: β, weight of the variance.
        warmup: Updates with a weight of at most 1.
    """

    def __init__(self, weight: float = 10.0, warmup: int = 500) -> None:
        super().__init__(weight, warmup)

    def penalty(self, risks: Tensor, seen: Seen) -> Tensor:
        """See `Penalised`."""
        return risks.var(unbiased=False)
