"""Deep feature re-weighting."""

import warnings
from typing import ClassVar

import torch
from torch import Tensor, nn

from cfaug.classifiers.objectives.base import Labels
from cfaug.classifiers.objectives.erm import CrossEntropy


class DFR(CrossEntropy):
    """ERM whose last layer is learnt again from validation images with groups of equal size.

    Kirichenko et al., "Last Layer Re-Training is Sufficient for Robustness to Spurious
    Correlations", ICLR 2023, DFR on validation data: a logistic regression with an L1 penalty on
    standardised representations, averaged over draws of as many images of each group as the
    smallest has. The authors choose C on half of the validation images. Here C is an option, tuned
    as those of other methods. Groups without validation images cannot be drawn.

    Args:
        c: C, inverse of the weight of the penalty.
        draws: Draws of groups of equal size.
    """

    uses: ClassVar[Labels] = "validation"
    finishes: ClassVar[bool] = True

    def __init__(self, c: float = 1.0, draws: int = 20) -> None:
        super().__init__()
        self.c, self.draws = c, draws

    def finish(self, head: nn.Linear, features: Tensor, labels: Tensor, groups: Tensor) -> None:
        """See `Objective`.

        Raises:
            ValueError: If a label has no validation image.
        """
        if absent := sorted(set(range(head.out_features)) - set(labels.tolist())):
            msg = (
                f"DFR learns the last layer from validation images, and label {absent[0]} has none"
            )
            raise ValueError(f"{msg}; give validation more images, or choose another objective")
        mean, spread = features.mean(0), features.std(0, unbiased=False).clamp(min=1e-6)
        scaled, generator = (features - mean) / spread, torch.Generator().manual_seed(0)
        found = [
            last_layer(scaled[rows], labels[rows], self.c)
            for rows in (equal_groups(groups, generator) for _ in range(self.draws))
        ]
        weight, bias = (torch.stack(parts).mean(0) for parts in zip(*found, strict=True))
        with torch.no_grad():
            head.weight.copy_(weight / spread)
            head.bias.copy_(bias - (weight / spread) @ mean)


def equal_groups(groups: Tensor, generator: torch.Generator) -> Tensor:
    """Draw as many images of each group as the smallest has.

    Args:
        groups: (N,) int64 group numbers.
        generator: Source of randomness.

    Returns:
        Positions of the images, int64.
    """
    order = torch.randperm(len(groups), generator=generator)
    numbers, counts = torch.unique(groups, return_counts=True)
    shuffled = groups[order]
    return torch.cat([order[shuffled == number][: int(counts.min())] for number in numbers])


def last_layer(features: Tensor, labels: Tensor, c: float) -> tuple[Tensor, Tensor]:
    """Weight (classes, D) and bias (classes,) of an L1 logistic regression.

    Args:
        features: (N, D), standardised.
        labels: (N,) int64, every class among them.
        c: Inverse of the weight of the penalty.
    """
    from sklearn.linear_model import LogisticRegression  # late: it takes a second to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it was not run to the last digit
        model = LogisticRegression(
            l1_ratio=1.0, C=c, solver="saga", max_iter=200, tol=1e-3, random_state=0
        )
        model.fit(features.numpy(), labels.numpy())
    weight = torch.from_numpy(model.coef_).float()
    bias = torch.from_numpy(model.intercept_).float()
    if len(weight) == 1:  # of two classes it keeps the second alone
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    return weight, bias
