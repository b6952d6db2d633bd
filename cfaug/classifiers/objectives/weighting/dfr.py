"""Deep feature re-weighting."""

import warnings
from typing import ClassVar

import torch
from torch import Tensor, nn

from cfaug.classifiers.objectives.base import Beginning, Labels
from cfaug.classifiers.objectives.erm import CrossEntropy
from datamodules.checks import require_at_least
from datamodules.notices import tell
from datamodules.process.noise import run_seed

CANDIDATES = (1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01)
"""The values of C that the authors choose from."""

ITERATIONS = 200
"""Of each fit of the last layer, at most."""


class DFR(CrossEntropy):
    """ERM whose last layer is learnt again from validation images with groups of equal size.

    Kirichenko et al., "Last Layer Re-Training is Sufficient for Robustness to Spurious
    Correlations", ICLR 2023, DFR on validation data: a logistic regression with an L1 penalty on
    standardised representations, averaged over draws of as many images of each group as the
    smallest has. As in the authors' code one half of the validation images chooses C: that with the
    best worst group on it after a fit to a draw of the other half. Of equal ones it is that with
    the best mean over groups, then the first. Here each group is halved, so that small groups are
    in both halves, and representations are standardised by the mean and spread of all validation
    images (there by those of the training images, and of the draw where C is chosen). Groups
    without validation images cannot be drawn. All draws follow from the seed of the run.

    Args:
        candidates: The values that C may have, the inverse of the weight of the penalty.
        draws: Draws of groups of equal size.

    Raises:
        ValueError: If an option is out of range.
    """

    uses: ClassVar[Labels] = "validation"
    finishes: ClassVar[bool] = True

    def __init__(self, candidates: tuple[float, ...] = CANDIDATES, draws: int = 20) -> None:
        super().__init__()
        require_at_least(1, draws=draws)
        if not candidates or min(candidates) <= 0:
            msg = f"candidates of DFR are {list(candidates)}, expected at least one, all above 0"
            raise ValueError(msg)
        self.candidates, self.draws = candidates, draws

    def begin(self, beginning: Beginning) -> None:
        """See `Objective`.

        Raises:
            ValueError: If a label has no validation image, or no group has two, so that there is no
                other half to choose C by.
        """
        attributes, space = beginning.data.splits["val"].attributes, beginning.space
        column = space.label_position
        there = set(attributes[:, column].tolist())
        label = space.attributes[column]
        absent = [name for code, name in enumerate(label.values) if code not in there]
        told = "DFR learns the last layer from validation images, and "
        cure = "; give validation more images, or choose another objective"
        if absent:
            msg = f"{told}{label.name} {absent[0]} has none{cure}"
            raise ValueError(msg)
        if len(self.candidates) > 1 and int(torch.bincount(space.groups(attributes)).max()) < 2:
            msg = f"{told}no group has two of them, one to choose C by{cure}"
            raise ValueError(msg)

    def finish(self, head: nn.Linear, features: Tensor, labels: Tensor, groups: Tensor) -> None:
        """See `Objective`."""
        mean, spread = features.mean(0), features.std(0, unbiased=False).clamp(min=1e-6)
        scaled, generator = (features - mean) / spread, torch.Generator().manual_seed(run_seed())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            c = self._chosen(scaled, labels, groups, generator)
            found = [
                last_layer(scaled[rows], labels[rows], c)
                for rows in (equal_groups(groups, generator) for _ in range(self.draws))
            ]
        _tell_once(caught)
        weight, bias = (torch.stack(parts).mean(0) for parts in zip(*found, strict=True))
        with torch.no_grad():
            head.weight.copy_(weight / spread)
            head.bias.copy_(bias - (weight / spread) @ mean)

    def _chosen(
        self, scaled: Tensor, labels: Tensor, groups: Tensor, generator: torch.Generator
    ) -> float:
        """The candidate with the best worst group on a half that it was not fitted to."""
        if len(self.candidates) == 1:
            return self.candidates[0]
        fitted, held = halves_of_groups(groups, generator)
        rows = fitted[equal_groups(groups[fitted], generator)]
        sizes = torch.bincount(groups[held])

        def score(c: float) -> tuple[float, float]:
            weight, bias = last_layer(scaled[rows], labels[rows], c)
            right = (scaled[held] @ weight.T + bias).argmax(1) == labels[held]
            each = (torch.bincount(groups[held], right.double()) / sizes)[sizes > 0]
            return float(each.min()), float(each.mean())

        return max(self.candidates, key=score)


def _tell_once(caught: list[warnings.WarningMessage]) -> None:
    """Say how many fits ended early, once; pass on what else was warned of."""
    from sklearn.exceptions import ConvergenceWarning  # late, as in `last_layer`

    early = [warning for warning in caught if issubclass(warning.category, ConvergenceWarning)]
    for warning in caught:
        if warning not in early:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    if early:
        tell(
            f"DFR: {len(early)} fits of the last layer were ended after {ITERATIONS} iterations, "
            "before they converged"
        )


def halves_of_groups(groups: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Split images at random, so that either part has half of each group.

    Args:
        groups: (N,) int64 group numbers.
        generator: Source of randomness.

    Returns:
        Positions of the images of both parts, int64; of an odd number the first has one more.
    """
    order = torch.randperm(len(groups), generator=generator)
    shuffled = groups[order]
    parts = [order[shuffled == number] for number in torch.unique(groups)]
    first = torch.cat([part[: -(-len(part) // 2)] for part in parts])
    return first, torch.cat([part[-(-len(part) // 2) :] for part in parts])


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

    model = LogisticRegression(
        l1_ratio=1.0, C=c, solver="saga", max_iter=ITERATIONS, tol=1e-3, random_state=0
    )
    model.fit(features.numpy(), labels.numpy())
    weight = torch.from_numpy(model.coef_).float()
    bias = torch.from_numpy(model.intercept_).float()
    if len(weight) == 1:  # of two classes it keeps the second alone
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    return weight, bias
